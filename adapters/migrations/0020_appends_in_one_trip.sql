-- One call a trip, which names its tenant for the whole transaction: what goes into it beside the events needs no more.
-- The events are that tenant's, whatever else is said.
CREATE FUNCTION events.append_for(tenant uuid, ids uuid[], versions bigint[], topics text[], states bytea[])
RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM set_config('app.tenant', tenant::text, true);
    PERFORM pg_advisory_xact_lock_shared(7262);
    RETURN QUERY INSERT INTO events.event (tenant_id, originator_id, originator_version, topic, state)
        SELECT tenant, * FROM unnest(ids, versions, topics, states) RETURNING notification_id;
END $$;
DROP FUNCTION events.append_for(uuid, uuid[], uuid[], bigint[], text[], bytea[]);

-- As before, in one function instead of three: each wrote down all rows for the next.
CREATE OR REPLACE FUNCTION events.streams_for(tenant uuid, ids uuid[])
RETURNS TABLE (tenant_id uuid, originator_id uuid, originator_version bigint, topic text, state bytea, notification_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT e.tenant_id, e.originator_id, e.originator_version, e.topic, e.state, e.notification_id
    FROM events.event AS e WHERE e.originator_id = ANY (ids) AND e.tenant_id = tenant
    ORDER BY e.originator_id, e.originator_version
$$;

REVOKE EXECUTE ON FUNCTION events.append_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.append_for TO sendtrail_api;
