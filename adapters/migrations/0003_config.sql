-- What an installation is told: tenants, API keys, connections, customer keys.
CREATE TABLE config.tenant (
    tenant_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    resend_window interval NOT NULL DEFAULT '90 days',
    created_at timestamptz NOT NULL
);

-- The key itself is shown once and never stored: secret_hash is its SHA-256 (the key is 32 random bytes).
CREATE TABLE config.api_key (
    key_id text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES config.tenant,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    sees_addresses boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- secrets: JSON sealed under the master key.
CREATE TABLE config.connection (
    connection_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES config.tenant,
    name text NOT NULL,
    provider text NOT NULL,
    channel text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    secrets bytea NOT NULL,
    open_tracking boolean NOT NULL DEFAULT false,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    UNIQUE (tenant_id, name)
);
CREATE UNIQUE INDEX one_default_a_channel ON config.connection (tenant_id, channel) WHERE is_default AND disabled_at IS NULL;

-- One key a customer, itself sealed under the master key; destroyed on erasure, when wrapped becomes null.
CREATE TABLE config.customer_key (
    key_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    customer_ref text NOT NULL,
    wrapped bytea,
    created_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX one_living_key ON config.customer_key (tenant_id, customer_ref) WHERE destroyed_at IS NULL;

-- Values of the installation itself (a fingerprint of the master key, so that a wrong one is refused at once).
CREATE TABLE config.setting (name text PRIMARY KEY, value jsonb NOT NULL);

CALL config.hold_tenants_apart('config.tenant');
CALL config.hold_tenants_apart('config.connection');
CALL config.hold_tenants_apart('config.customer_key');
ALTER TABLE config.api_key ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON config.tenant, config.connection, config.setting TO sendtrail_api;
GRANT SELECT, INSERT, UPDATE ON config.customer_key TO sendtrail_api;
GRANT SELECT ON config.tenant, config.connection, config.setting, config.customer_key TO sendtrail_worker;
GRANT INSERT, UPDATE ON config.customer_key TO sendtrail_worker;

-- Before a tenant is known, the API may ask exactly two things: whose key is this, and what is this connection.
CREATE FUNCTION config.key_owner(given_hash bytea)
RETURNS TABLE (key_id text, tenant_id uuid, name text, scopes text[], sees_addresses boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT k.key_id, k.tenant_id, k.name, k.scopes, k.sees_addresses FROM config.api_key AS k
    WHERE k.secret_hash = given_hash AND k.revoked_at IS NULL
$$;
CREATE UNIQUE INDEX api_key_by_hash ON config.api_key (secret_hash);
CREATE FUNCTION config.connection_by_id(given uuid) RETURNS SETOF config.connection
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT * FROM config.connection AS c WHERE c.connection_id = given AND c.disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION config.key_owner, config.connection_by_id FROM PUBLIC;
GRANT EXECUTE ON FUNCTION config.key_owner, config.connection_by_id TO sendtrail_api, sendtrail_worker;
