-- How many rows of each facet were shipped in each four days, so that a count over a range of time is a sum, but for the
-- rows at its two ends (docs/decisions/27-lists-are-asked-in-one-message.md).

-- Counted from the first day of the first year, in UTC. Python counts days from there too (`date.toordinal`).
CREATE FUNCTION read.span(shipped_at timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((shipped_at AT TIME ZONE 'UTC')::date - date '0001-01-01') / 4;

CREATE TABLE read.facet_span (
    tenant_id uuid NOT NULL,
    listed text NOT NULL,
    span integer NOT NULL,
    facet bigint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (tenant_id, listed, span, facet) INCLUDE (number)
) WITH (fillfactor = 80);
CALL config.hold_tenants_apart('read.facet_span');
GRANT SELECT ON read.facet_span TO sendtrail_api;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.facet_span TO sendtrail_worker;

-- What one statement changed: rows of one facet that were shipped in one span (null: not shipped), fewer or more.
CREATE TYPE read.facet_change AS (
    tenant_id uuid, facet bigint, span integer, number bigint, lag_least bigint, lag_most bigint
);

-- As before (0015), but for spans; and of an update only the difference is written, which is often none.
CREATE OR REPLACE FUNCTION read.count_facets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    of_list text := TG_ARGV[0];
    changes read.facet_change[];
    fresh bigint[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM read.facet WHERE listed = of_list;
        DELETE FROM read.facet_span WHERE listed = of_list;
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(c) INTO changes FROM (
            SELECT tenant_id, facet, read.span(shipped_at), count(*), min(lag), max(lag) FROM gained GROUP BY 1, 2, 3
        ) AS c;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(c) INTO changes FROM (
            SELECT tenant_id, facet, read.span(shipped_at), -count(*), NULL::bigint, NULL::bigint FROM lost GROUP BY 1, 2, 3
        ) AS c;
    ELSE
        SELECT array_agg(c) INTO changes FROM (
            SELECT tenant_id, facet, span, sum(number)::bigint, min(lag), max(lag) FROM (
                SELECT tenant_id, facet, read.span(shipped_at) AS span, 1 AS number, lag FROM gained
                UNION ALL
                SELECT tenant_id, facet, read.span(shipped_at), -1, NULL FROM lost
            ) AS both_sides GROUP BY 1, 2, 3
        ) AS c;
    END IF;
    SELECT array_agg(facet) INTO fresh FROM unnest(changes) AS c
    WHERE number > 0 AND NOT EXISTS (
        SELECT FROM read.facet AS f WHERE (f.tenant_id, f.listed, f.facet) = (c.tenant_id, of_list, c.facet));
    IF fresh IS NOT NULL THEN
        -- Nearly always all are there. Whatever else a new one needs is read from the rows of that one alone.
        INSERT INTO read.facet (listed, tenant_id, facet, ignored, status_group, status, reason, channel, subject_type,
            category, number)
        SELECT of_list, tenant_id, facet, any_value(ignored), any_value(status_group), any_value(status),
            any_value(reason), any_value(channel), any_value(subject_type), any_value(category), 0
        FROM gained WHERE facet = ANY (fresh) GROUP BY tenant_id, facet ORDER BY tenant_id, facet;
    END IF;
    UPDATE read.facet AS f SET number = f.number + c.number,
        lag_least = least(f.lag_least, c.lag_least), lag_most = greatest(f.lag_most, c.lag_most)
    FROM (
        SELECT tenant_id, facet, sum(number)::bigint AS number, min(lag_least) AS lag_least, max(lag_most) AS lag_most
        FROM unnest(changes) GROUP BY tenant_id, facet
    ) AS c
    WHERE (f.tenant_id, f.listed, f.facet) = (c.tenant_id, of_list, c.facet)
        AND (c.number <> 0 OR c.lag_least < f.lag_least OR c.lag_most > f.lag_most);
    INSERT INTO read.facet_span AS s (tenant_id, listed, span, facet, number)
    SELECT tenant_id, of_list, span, facet, number FROM unnest(changes)
    WHERE span IS NOT NULL AND number <> 0 ORDER BY tenant_id, span, facet
    ON CONFLICT (tenant_id, listed, span, facet) DO UPDATE SET number = s.number + excluded.number;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION read.recount_facets(of_list text, source regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF of_list NOT IN ('attempt', 'communication') THEN
        RETURN;
    END IF;
    DELETE FROM read.facet WHERE listed = of_list;
    DELETE FROM read.facet_span WHERE listed = of_list;
    EXECUTE format($sql$
        WITH counted AS MATERIALIZED (
            SELECT tenant_id, facet, read.span(shipped_at) AS span, any_value(ignored) AS ignored,
                any_value(status_group) AS status_group, any_value(status) AS status, any_value(reason) AS reason,
                any_value(channel) AS channel, any_value(subject_type) AS subject_type, any_value(category) AS category,
                min(lag) AS lag_least, max(lag) AS lag_most, count(*) AS number
            FROM %2$s GROUP BY 1, 2, 3
        ), spans AS (
            INSERT INTO read.facet_span (tenant_id, listed, span, facet, number)
            SELECT tenant_id, %1$L, span, facet, number FROM counted WHERE span IS NOT NULL
            ORDER BY tenant_id, span, facet
        )
        INSERT INTO read.facet (listed, tenant_id, facet, ignored, status_group, status, reason, channel, subject_type,
            category, lag_least, lag_most, number)
        SELECT %1$L, tenant_id, facet, any_value(ignored), any_value(status_group), any_value(status), any_value(reason),
            any_value(channel), any_value(subject_type), any_value(category), min(lag_least), max(lag_most), sum(number)
        FROM counted GROUP BY tenant_id, facet
    $sql$, of_list, source);
END $$;

SELECT read.recount_facets('attempt', 'read.attempt'), read.recount_facets('communication', 'read.communication');
