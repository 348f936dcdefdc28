-- Providers that asked whether they may call us, to be answered. `url` holds a token: sealed under the master key.
CREATE TABLE work.confirmation (
    log_name text NOT NULL,
    log_offset bigint NOT NULL,
    log_index integer NOT NULL,
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    url bytea NOT NULL,
    asked_at timestamptz NOT NULL,
    next_try_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    confirmed_at timestamptz,
    PRIMARY KEY (log_name, log_offset, log_index)
);
CREATE INDEX confirmation_due ON work.confirmation (next_try_at) WHERE next_try_at IS NOT NULL;
CALL config.hold_tenants_apart('work.confirmation');
GRANT SELECT, INSERT, UPDATE, DELETE ON work.confirmation TO sendtrail_worker;
