-- Searches go down a list from sample to sample (docs/decisions/32-searches-go-down-in-samples.md). One index of a list
-- holds trigrams and, beside them, labels: what else a row is filtered by, and the spans of time in which it lies, of 512
-- seconds, eight times that, and so on. So words, filters and time meet in the index, not in the rows. Three more of its
-- kind hold one row in 128, one in 16,384, and what failed, which is few and looked for most. Labels are hashes and only
-- narrow down: rows are compared themselves.

-- kind: of `at` what lists show (read.look), or 7 for `shipped_at`.
CREATE FUNCTION read.span_label(tenant_id uuid, kind bigint, width bigint, at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN uuid_hash_extended(tenant_id, timestamptz_hash_extended(
    date_bin(make_interval(secs => width), at, '1970-01-01Z'), 8 * width + kind));

-- Null has none. What lies outside lies in the first or the last span, as do the open ends of read.covering.
CREATE FUNCTION read.span_labels(tenant_id uuid, kind bigint, moment timestamptz) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE at timestamptz := greatest(least(moment, '2240-01-01Z'), '1970-01-01Z');
BEGIN
    RETURN ARRAY[
        read.span_label(tenant_id, kind, 512, at), read.span_label(tenant_id, kind, 4096, at),
        read.span_label(tenant_id, kind, 32768, at), read.span_label(tenant_id, kind, 262144, at),
        read.span_label(tenant_id, kind, 2097152, at), read.span_label(tenant_id, kind, 16777216, at),
        read.span_label(tenant_id, kind, 134217728, at), read.span_label(tenant_id, kind, 1073741824, at)
    ];
END $$;

-- The labels of the few spans that hold this range of time, both ends included, and hardly more. Null is an open end.
CREATE FUNCTION read.covering(tenant_id uuid, kinds bigint[], since timestamptz, until timestamptz) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    width bigint := 512;
    first bigint := floor(extract(epoch FROM least(greatest(since, '1970-01-01Z'), '2240-01-01Z')) / 512);
    beyond bigint := floor(extract(epoch FROM least(greatest(until, '1970-01-01Z'), '2240-01-01Z')) / 512) + 1;
    spans bigint[];
    found bigint[] := '{}';
BEGIN
    IF until IS NULL THEN
        beyond := 16777216;
    END IF;
    WHILE first < beyond LOOP
        IF width = 1073741824 THEN
            spans := ARRAY(SELECT generate_series(first, beyond - 1));
            first := beyond;
        ELSE
            -- Those at both ends that no wider one holds whole.
            spans := ARRAY(
                SELECT n FROM generate_series(first, least((first + 7) / 8 * 8, beyond) - 1) AS n UNION
                SELECT n FROM generate_series(greatest(beyond / 8 * 8, first), beyond - 1) AS n);
            first := (first + 7) / 8;
            beyond := beyond / 8;
        END IF;
        found := found || ARRAY(
            SELECT read.span_label(tenant_id, kind, width, timestamptz '1970-01-01Z' + make_interval(secs => span * width))
            FROM unnest(spans) AS span CROSS JOIN unnest(kinds) AS kind);
        width := width * 8;
    END LOOP;
    RETURN found;
END $$;

-- Of six: whether it is ignored, and whether it is hidden or was never sent.
CREATE FUNCTION read.look(ignored boolean, status_group text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ignored THEN 3 ELSE 0 END + CASE status_group WHEN 'hidden' THEN 1 WHEN 'never_sent' THEN 2 ELSE 0 END;

CREATE FUNCTION read.label(tenant_id uuid, name text, value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(value, uuid_hash_extended(tenant_id, hashtext(name)));

-- In plpgsql because a function that is put into each statement that names it takes long to plan.
CREATE FUNCTION read.labels(tenant_id uuid, at timestamptz, shipped_at timestamptz, ignored boolean, status_group text,
    status text, reason text, channel text, subject_type text, category text, customer_id text) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN read.span_labels(tenant_id, read.look(ignored, status_group), at) || read.span_labels(tenant_id, 7, shipped_at)
        || ARRAY[
            read.label(tenant_id, 'status_group', status_group), read.label(tenant_id, 'status', status),
            read.label(tenant_id, 'reason', reason), read.label(tenant_id, 'channel', channel),
            read.label(tenant_id, 'subject_type', subject_type), read.label(tenant_id, 'category', category),
            read.label(tenant_id, 'customer_id', customer_id)
        ];
END $$;

-- Readers go on until the old indexes go, at the end.
DO $$
DECLARE listed text; id text; at text; part text; name text;
BEGIN
    SET LOCAL maintenance_work_mem = '512MB';
    FOR listed, id, at IN VALUES ('attempt', 'attempt_id', 'created_at'), ('communication', 'communication_id', 'sorted_at')
    LOOP
        FOR name, part IN VALUES ('searched', ''), ('sampled', ' WHERE uuid_hash_extended(%3$I, 0) & 127 = 0'),
            ('sampled_thinly', ' WHERE uuid_hash_extended(%3$I, 0) & 16383 = 0'),
            ('failed', ' WHERE status_group = ''failed''')
        LOOP
            EXECUTE format('CREATE INDEX %1$s_' || name || ' ON read.%1$s USING gin (read.labels(tenant_id, %2$I, shipped_at,
                ignored, status_group, status, reason, channel, subject_type, category, customer_id),
                search gin_trgm_ops, search_recipient gin_trgm_ops)' || part, listed, at, id);
        END LOOP;
    END LOOP;
    -- The tenant is compared in a way that no other index serves, because a search is to use none but these.
    FOR listed, id, at IN VALUES ('attempt', 'attempt_id', 'created_at'), ('communication', 'communication_id', 'sorted_at')
    LOOP
        EXECUTE format($sql$
            CREATE OR REPLACE VIEW read.%1$s_of_tenant AS
                SELECT *, uuid_hash_extended(%3$I, 0) AS lot, read.labels(tenant_id, %2$I, shipped_at, ignored, status_group,
                    status, reason, channel, subject_type, category, customer_id) AS labels
                FROM read.%1$s WHERE uuid_eq(tenant_id, config.current_tenant());
            ALTER TABLE read.%1$s ALTER COLUMN search SET STATISTICS DEFAULT,
                ALTER COLUMN search_recipient SET STATISTICS DEFAULT;
            DROP INDEX read.%1$s_search, read.%1$s_search_recipient;
        $sql$, listed, at, id);
    END LOOP;
END $$;
