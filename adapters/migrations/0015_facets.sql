-- Lists in pieces (docs/decisions/18-lists-are-merged-from-facets.md). A facet is one combination of the columns that
-- have few values; its rows lie side by side in one index, newest first. A list merges the facets that it shows, and
-- counts are sums over them. Both columns follow from the row itself, so whoever writes a row cannot get them wrong.

-- listed: attempt or communication. lag_least and lag_most, in seconds: how long after its place in the list any row of
-- the facet was shipped; they only ever widen, until the next recount. Null where none was shipped.
CREATE TABLE read.facet (
    listed text NOT NULL,
    tenant_id uuid NOT NULL,
    facet bigint NOT NULL,
    ignored boolean NOT NULL,
    status_group text NOT NULL,
    status text,
    reason text,
    channel text,
    subject_type text NOT NULL,
    category text NOT NULL,
    lag_least bigint,
    lag_most bigint,
    number bigint NOT NULL,
    PRIMARY KEY (tenant_id, listed, facet)
) WITH (fillfactor = 50);
CALL config.hold_tenants_apart('read.facet');
GRANT SELECT ON read.facet TO sendtrail_api;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.facet TO sendtrail_worker;

-- After every statement that writes rows of a list. Nearly always the facets are there, and only their numbers change;
-- whatever else a new one needs is read from the rows of that one alone. With its owner's rights, because it counts for
-- all tenants whoever writes. Writers of read models come one at a time: each holds the checkpoint first.
CREATE FUNCTION read.count_facets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM read.facet WHERE listed = TG_ARGV[0];
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        UPDATE read.facet AS f SET number = f.number - c.number
        FROM (SELECT tenant_id, facet, count(*) AS number FROM lost GROUP BY tenant_id, facet) AS c
        WHERE (f.tenant_id, f.listed, f.facet) = (c.tenant_id, TG_ARGV[0], c.facet);
    END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN
        WITH known AS (
            UPDATE read.facet AS f SET number = f.number + c.number,
                lag_least = least(f.lag_least, c.lag_least), lag_most = greatest(f.lag_most, c.lag_most)
            FROM (
                SELECT tenant_id, facet, count(*) AS number, min(lag) AS lag_least, max(lag) AS lag_most
                FROM gained GROUP BY tenant_id, facet
            ) AS c
            WHERE (f.tenant_id, f.listed, f.facet) = (c.tenant_id, TG_ARGV[0], c.facet)
            RETURNING f.facet
        )
        INSERT INTO read.facet AS f (listed, tenant_id, facet, ignored, status_group, status, reason, channel,
            subject_type, category, lag_least, lag_most, number)
        SELECT TG_ARGV[0], tenant_id, facet, any_value(ignored), any_value(status_group), any_value(status),
            any_value(reason), any_value(channel), any_value(subject_type), any_value(category),
            min(lag), max(lag), count(*)
        FROM gained WHERE facet NOT IN (SELECT facet FROM known) GROUP BY tenant_id, facet ORDER BY tenant_id, facet
        ON CONFLICT (tenant_id, listed, facet) DO UPDATE SET number = f.number + excluded.number,
            lag_least = least(f.lag_least, excluded.lag_least), lag_most = greatest(f.lag_most, excluded.lag_most);
    END IF;
    RETURN NULL;
END $$;

-- The same for both lists. Each text is the seed of the next one's hash, so that their borders count. Within a facet the
-- lag differs little: then the rows of a facet that were sent within a month lie in little more than a month of its index.
DO $$
DECLARE listed text; id text; at text;
BEGIN
    FOR listed, id, at IN VALUES ('attempt', 'attempt_id', 'created_at'), ('communication', 'communication_id', 'sorted_at')
    LOOP
        EXECUTE format($sql$
            DROP INDEX read.%1$s_newest, read.%1$s_hidden, read.%1$s_group, read.%1$s_shipped, read.%1$s_customer;
            ALTER TABLE read.%1$s
                ADD COLUMN lag bigint GENERATED ALWAYS AS (
                    floor(extract(epoch FROM shipped_at - %3$s))::bigint
                ) STORED,
                ADD COLUMN facet bigint NOT NULL GENERATED ALWAYS AS (
                    hashtextextended(category, hashtextextended(subject_type, hashtextextended(coalesce(channel, ''),
                    hashtextextended(coalesce(reason, ''), hashtextextended(coalesce(status, ''),
                    hashtextextended(status_group, uuid_hash_extended(tenant_id, CASE WHEN ignored THEN 1 ELSE 0 END
                        + 2 * coalesce(1 + width_bucket(extract(epoch FROM shipped_at - %3$s),
                            ARRAY[-30 * 86400, 0, 3600, 86400, 8 * 86400, 60 * 86400]::numeric[]), 0))))))))
                ) STORED;
            CREATE INDEX %1$s_newest ON read.%1$s (tenant_id, %3$s DESC, %2$s DESC) INCLUDE (facet);
            CREATE INDEX %1$s_facet ON read.%1$s (tenant_id, facet, %3$s DESC, %2$s DESC) INCLUDE (shipped_at);
            CREATE INDEX %1$s_customer ON read.%1$s (tenant_id, customer_id, facet, %3$s DESC, %2$s DESC)
                INCLUDE (shipped_at);
            ALTER TABLE read.%1$s ALTER COLUMN search SET STATISTICS 1000, ALTER COLUMN search_recipient SET STATISTICS 1000;
            CREATE TRIGGER count_inserted AFTER INSERT ON read.%1$s REFERENCING NEW TABLE AS gained
                FOR EACH STATEMENT EXECUTE FUNCTION read.count_facets(%1$L);
            CREATE TRIGGER count_updated AFTER UPDATE ON read.%1$s REFERENCING NEW TABLE AS gained OLD TABLE AS lost
                FOR EACH STATEMENT EXECUTE FUNCTION read.count_facets(%1$L);
            CREATE TRIGGER count_deleted AFTER DELETE ON read.%1$s REFERENCING OLD TABLE AS lost
                FOR EACH STATEMENT EXECUTE FUNCTION read.count_facets(%1$L);
            CREATE TRIGGER count_emptied AFTER TRUNCATE ON read.%1$s
                FOR EACH STATEMENT EXECUTE FUNCTION read.count_facets(%1$L);
        $sql$, listed, id, at);
    END LOOP;
END $$;

-- Counts a list anew from a table of its rows: after it was filled without the triggers, or before it takes the place of
-- the one that they counted. Other tables of rows have no facets.
CREATE FUNCTION read.recount_facets(of_list text, source regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF of_list NOT IN ('attempt', 'communication') THEN
        RETURN;
    END IF;
    DELETE FROM read.facet WHERE listed = of_list;
    EXECUTE format($sql$
        INSERT INTO read.facet (listed, tenant_id, facet, ignored, status_group, status, reason, channel, subject_type,
            category, lag_least, lag_most, number)
        SELECT %L, tenant_id, facet, any_value(ignored), any_value(status_group), any_value(status), any_value(reason),
            any_value(channel), any_value(subject_type), any_value(category), min(lag), max(lag), count(*)
        FROM %s GROUP BY tenant_id, facet
    $sql$, of_list, source);
END $$;
REVOKE EXECUTE ON FUNCTION read.count_facets, read.recount_facets FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.recount_facets TO sendtrail_worker;

SELECT read.recount_facets('attempt', 'read.attempt'), read.recount_facets('communication', 'read.communication');
