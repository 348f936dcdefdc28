-- The event store: the library's table layout, plus the tenant. Rows are only ever inserted, through append().
CREATE TABLE events.event (
    tenant_id uuid NOT NULL,
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX event_in_order ON events.event (notification_id);

CREATE FUNCTION events.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'events are immutable'; END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON events.event FOR EACH ROW EXECUTE FUNCTION events.refuse();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON events.event FOR EACH STATEMENT EXECUTE FUNCTION events.refuse();

-- Every writer holds this shared lock until its commit is visible: the gap-safe reader asks who holds it.
-- SECURITY DEFINER because nobody else may insert; it answers the global positions, in the order given.
CREATE FUNCTION events.append(tenants uuid[], ids uuid[], versions bigint[], topics text[], states bytea[])
RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7262);
    RETURN QUERY INSERT INTO events.event (tenant_id, originator_id, originator_version, topic, state)
        SELECT * FROM unnest(tenants, ids, versions, topics, states) RETURNING notification_id;
END $$;

-- The API's way in: only for the tenant of its transaction.
CREATE FUNCTION events.append_own(tenants uuid[], ids uuid[], versions bigint[], topics text[], states bytea[])
RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(tenants) AS t WHERE t IS DISTINCT FROM config.current_tenant()) THEN
        RAISE EXCEPTION 'append for another tenant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT * FROM events.append(tenants, ids, versions, topics, states);
END $$;

-- Streams by id, in order; the API gets those of its own tenant, and none of another's.
CREATE FUNCTION events.streams(ids uuid[])
RETURNS TABLE (tenant_id uuid, originator_id uuid, originator_version bigint, topic text, state bytea, notification_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT e.tenant_id, e.originator_id, e.originator_version, e.topic, e.state, e.notification_id
    FROM events.event AS e WHERE e.originator_id = ANY (ids) ORDER BY e.originator_id, e.originator_version
$$;
CREATE FUNCTION events.streams_own(ids uuid[])
RETURNS TABLE (tenant_id uuid, originator_id uuid, originator_version bigint, topic text, state bytea, notification_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT * FROM events.streams(ids) AS s WHERE s.tenant_id = config.current_tenant()
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.append_own, events.streams_own TO sendtrail_api;
GRANT EXECUTE ON FUNCTION events.append, events.streams TO sendtrail_worker;

ALTER TABLE events.event ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON events.event FOR SELECT TO sendtrail_worker USING (true);
GRANT SELECT ON events.event TO sendtrail_worker;

-- Where each reader of a webhook log partition stands; -1 before the first record. Moved only by compare-and-set.
CREATE TABLE events.tracking (name text PRIMARY KEY, position bigint NOT NULL);
GRANT SELECT, INSERT, UPDATE ON events.tracking TO sendtrail_worker;

-- For auditors: the state as JSON instead of bytes.
CREATE VIEW events.history AS
    SELECT notification_id AS position, tenant_id, originator_id, originator_version AS version, topic,
        convert_from(state, 'UTF8')::jsonb AS state
    FROM events.event;
