-- Catching up in partitions (docs/decisions/31-a-backlog-is-projected-in-partitions.md).

-- Null: whoever projects moves the checkpoint itself. Else a backlog up to there is being projected in partitions, and it
-- follows the one that is furthest behind. It stands in the checkpoint's row because whoever waits for that row's lock
-- sees this again, changed, and would not see rows of another table.
ALTER TABLE read.checkpoint ADD COLUMN until bigint;

-- One for each of `parts` equal parts of all communications, by the hash of their ids. All events of those up to
-- `position` are projected.
CREATE TABLE read.partition (
    number integer PRIMARY KEY,
    parts integer NOT NULL,
    position bigint NOT NULL,
    until bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON read.partition TO sendtrail_worker;

-- Which part a communication, or the customer whose event it is, belongs to.
CREATE FUNCTION read.part(id uuid, parts integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (uuid_hash(id) & 2147483647) % parts;

-- What one transaction, or one statement of it, changed in a list's numbers is written here: always in the same order.
CREATE FUNCTION read.put_changes(of_list text, changes read.facet_change[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    UPDATE read.facet AS f SET number = f.number + c.number,
        lag_least = least(f.lag_least, c.lag_least), lag_most = greatest(f.lag_most, c.lag_most)
    FROM (
        SELECT tenant_id, facet, sum(number)::bigint AS number, min(lag_least) AS lag_least, max(lag_most) AS lag_most
        FROM unnest(changes) GROUP BY tenant_id, facet
    ) AS c
    WHERE (f.tenant_id, f.listed, f.facet) = (c.tenant_id, of_list, c.facet)
        AND (c.number <> 0 OR c.lag_least < f.lag_least OR c.lag_most > f.lag_most);
    INSERT INTO read.facet_span AS s (tenant_id, listed, span, facet, number)
    SELECT tenant_id, of_list, span, facet, sum(number)::bigint FROM unnest(changes)
    WHERE span IS NOT NULL GROUP BY tenant_id, span, facet HAVING sum(number) <> 0 ORDER BY tenant_id, span, facet
    ON CONFLICT (tenant_id, listed, span, facet) DO UPDATE SET number = s.number + excluded.number;
END $$;

-- As before (0024). But where several write at once, the numbers, which they share, are kept until the end of the
-- transaction in a setting of its own: else each would wait for the others' commits.
CREATE OR REPLACE FUNCTION read.count_facets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    of_list text := TG_ARGV[0];
    later text := 'sendtrail.changes_of_' || TG_ARGV[0];
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
        FROM gained WHERE facet = ANY (fresh) GROUP BY tenant_id, facet ORDER BY tenant_id, facet
        ON CONFLICT (tenant_id, listed, facet) DO NOTHING;
    END IF;
    IF current_setting('sendtrail.counting', true) = 'last' THEN
        PERFORM set_config(later,
            (coalesce(nullif(current_setting(later, true), ''), '{}')::read.facet_change[] || changes)::text, true);
    ELSE
        PERFORM read.put_changes(of_list, changes);
    END IF;
    RETURN NULL;
END $$;

-- At the end of a transaction that moved a partition, whose rows are all written by then. In one order for all, so that
-- nobody waits for one who waits for them.
CREATE FUNCTION read.count_last() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    of_list text;
    changes read.facet_change[];
BEGIN
    FOREACH of_list IN ARRAY ARRAY['communication', 'attempt'] LOOP
        changes := nullif(current_setting('sendtrail.changes_of_' || of_list, true), '')::read.facet_change[];
        IF changes IS NOT NULL THEN
            PERFORM set_config('sendtrail.changes_of_' || of_list, '', true);
            PERFORM FROM read.facet AS f JOIN (SELECT DISTINCT tenant_id, facet FROM unnest(changes)) AS c
                ON (f.tenant_id, f.listed, f.facet) = (c.tenant_id, of_list, c.facet)
                ORDER BY f.tenant_id, f.facet FOR UPDATE OF f;
            PERFORM read.put_changes(of_list, changes);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER count_last AFTER UPDATE ON read.partition DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION read.count_last();
REVOKE EXECUTE ON FUNCTION read.put_changes, read.count_last FROM PUBLIC;
