-- Attempts of which their provider has not told the end, and when it is next asked about each. Written in the transaction
-- of the events that open them. A claim is a lease: next_at is when it ends.
CREATE TABLE work.asking (
    attempt_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    next_at timestamptz NOT NULL,
    asked integer NOT NULL DEFAULT 0
);
CREATE INDEX asking_due ON work.asking (connection_id, next_at);
CALL config.hold_tenants_apart('work.asking');
GRANT SELECT, INSERT, UPDATE ON work.asking TO sendtrail_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON work.asking TO sendtrail_worker;

-- How each connection fares, as all processes see it. `open_until` null: it is sent over. Else sending pauses until then;
-- `probing`: one attempt tries it now, and `open_until` is when that counts as lost. `failures` in a row; `openings`: how
-- often in a row it paused. `waiting_since`: the first send after the last webhook. `asking_until`: the turn of whoever
-- asks its provider, so that it is asked by one process at a time.
CREATE TABLE work.connection_health (
    connection_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    openings integer NOT NULL DEFAULT 0,
    open_until timestamptz,
    probing boolean NOT NULL DEFAULT false,
    last_ok_at timestamptz,
    last_error_at timestamptz,
    last_error_code text,
    waiting_since timestamptz,
    last_webhook_at timestamptz,
    asking_until timestamptz,
    warnings text[] NOT NULL DEFAULT '{}'
);
CALL config.hold_tenants_apart('work.connection_health');
GRANT SELECT ON work.connection_health TO sendtrail_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON work.connection_health TO sendtrail_worker;

-- For figures: numbers over all tenants, and nothing but numbers.
CREATE FUNCTION work.connection_states(now_at timestamptz) RETURNS TABLE (provider text, state text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT c.provider, CASE
        WHEN h.open_until IS NULL THEN 'closed'
        WHEN h.probing OR h.open_until <= now_at THEN 'half_open'
        ELSE 'open'
    END, count(*)
    FROM config.connection AS c LEFT JOIN work.connection_health AS h ON h.connection_id = c.connection_id
    WHERE c.disabled_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2
$$;
CREATE FUNCTION work.connection_warnings() RETURNS TABLE (provider text, warning text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT c.provider, w, count(*)
    FROM config.connection AS c JOIN work.connection_health AS h ON h.connection_id = c.connection_id, unnest(h.warnings) AS w
    WHERE c.disabled_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2
$$;
REVOKE EXECUTE ON FUNCTION work.connection_states, work.connection_warnings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.connection_states, work.connection_warnings TO sendtrail_api, sendtrail_worker;
