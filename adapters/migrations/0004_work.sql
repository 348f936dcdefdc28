-- What the machine is busy with. Everything here follows from events or waits to become one.

-- Attempts to be sent. Written in the transaction of the events that say so; claimed by dispatchers.
CREATE TABLE work.queue (
    attempt_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    connection_id uuid,
    due_at timestamptz NOT NULL,
    claimed_by text,
    claimed_until timestamptz
);
CREATE INDEX queue_due ON work.queue (due_at);

-- By what a provider's report finds its attempt: the attempt id it echoes, or its own message id.
CREATE TABLE work.correlation (
    connection_id uuid NOT NULL,
    key text NOT NULL,
    tenant_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    recipient_no integer,
    PRIMARY KEY (connection_id, key)
);

-- Raw provider requests, one partition a day (UTC), dropped whole after 62 days.
CREATE TABLE work.provider_event (
    received_at timestamptz NOT NULL,
    log_name text NOT NULL,
    log_offset bigint NOT NULL,
    log_index integer NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    provider text NOT NULL,
    headers jsonb NOT NULL,
    url text NOT NULL,
    body bytea NOT NULL,
    communications uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (received_at, log_name, log_offset, log_index)
) PARTITION BY RANGE (received_at);
CREATE INDEX provider_event_of ON work.provider_event USING gin (communications);

-- Reports that match nothing yet. `report` is the ProviderReport as JSON, sealed under the master key.
CREATE TABLE work.parked_report (
    log_name text NOT NULL,
    log_offset bigint NOT NULL,
    log_index integer NOT NULL,
    report_no integer NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    provider text NOT NULL,
    keys text[] NOT NULL,
    report bytea NOT NULL,
    received_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    PRIMARY KEY (log_name, log_offset, log_index, report_no)
);
CREATE INDEX parked_by_key ON work.parked_report USING gin (connection_id, keys);
CREATE INDEX parked_due ON work.parked_report (next_try_at);

-- Messages that can never be read, whole, with the reason and the place in the log.
CREATE TABLE work.dead_letter (
    log_name text NOT NULL,
    log_offset bigint NOT NULL,
    log_index integer NOT NULL,
    tenant_id uuid,
    connection_id uuid,
    provider text,
    reason text NOT NULL,
    url text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    died_at timestamptz NOT NULL,
    replayed_at timestamptz,
    PRIMARY KEY (log_name, log_offset, log_index)
);

-- First answers of requests with an Idempotency-Key, for 30 days. `answer` is sealed under the master key.
CREATE TABLE work.idempotency (
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    running_until timestamptz,
    status integer,
    answer bytea,
    customers text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_age ON work.idempotency (created_at);

-- Where a document's bytes are: named by id, kept by SHA-256, sealed under the customer key.
CREATE TABLE work.document (
    document_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    sha256 text NOT NULL,
    key_id uuid NOT NULL,
    format text NOT NULL,
    filename text NOT NULL,
    size bigint NOT NULL,
    created_at timestamptz NOT NULL
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['queue', 'correlation', 'provider_event', 'parked_report', 'dead_letter', 'idempotency', 'document'] LOOP
        EXECUTE format('CALL config.hold_tenants_apart(%L)', 'work.' || t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON work.%I TO sendtrail_worker', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON work.queue, work.idempotency, work.document TO sendtrail_api;
GRANT SELECT, INSERT, DELETE ON work.correlation TO sendtrail_api;
GRANT SELECT ON work.provider_event, work.parked_report TO sendtrail_api;

-- A day's partition, made when it is first needed. SECURITY DEFINER: workers may not create tables.
-- Made beside and attached, because CREATE ... PARTITION OF would wait for everybody who writes to the other days.
CREATE FUNCTION work.ensure_provider_event_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE part text := format('provider_event_%s', to_char(day, 'YYYYMMDD'));
BEGIN
    IF to_regclass(format('work.%I', part)) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7264);
    -- Not to_regclass again: it may answer from before the wait.
    IF NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'work'::regnamespace AND relname = part) THEN
        EXECUTE format('CREATE TABLE work.%I (LIKE work.provider_event INCLUDING ALL)', part);
        EXECUTE format('ALTER TABLE work.provider_event ATTACH PARTITION work.%I FOR VALUES FROM (%L) TO (%L)',
            part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    END IF;
END $$;

-- Drops the partitions of days that ended more than `keep` ago; answers their names.
CREATE FUNCTION work.drop_provider_events(now_at timestamptz, keep interval) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE part text;
BEGIN
    FOR part IN SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'work.provider_event'::regclass
        AND (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC' <= now_at - keep
    LOOP
        EXECUTE format('DROP TABLE work.%I', part);
        RETURN NEXT part;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION work.ensure_provider_event_day, work.drop_provider_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.ensure_provider_event_day, work.drop_provider_events TO sendtrail_worker;
