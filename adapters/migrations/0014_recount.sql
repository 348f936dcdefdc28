-- A list's facets (0015) counted anew from the table that is about to take its place: what a rebuild of read models asks
-- of every function of this kind.
CREATE FUNCTION read.recount_facets_from(what text, source regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF what NOT IN ('attempt', 'communication') THEN
        RETURN;
    END IF;
    DELETE FROM read.facet WHERE listed = what;
    EXECUTE format('INSERT INTO read.facet (listed, tenant_id, facet, ignored, status_group, status, reason, channel,
            subject_type, category, lag_least, lag_most, number)
        SELECT %L, tenant_id, facet, ignored, status_group, status, reason, channel, subject_type, category,
            min(lag), max(lag), count(*)
        FROM %s
        GROUP BY tenant_id, facet, ignored, status_group, status, reason, channel, subject_type, category', what, source);
END $$;
REVOKE EXECUTE ON FUNCTION read.recount_facets_from FROM PUBLIC;
