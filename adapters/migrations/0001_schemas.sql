-- Four schemas (docs/operations.md says who may do what in them). Every numbered file runs as sendtrail_owner.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

CREATE SCHEMA events;
CREATE SCHEMA read;
CREATE SCHEMA work;
CREATE SCHEMA config;

GRANT USAGE ON SCHEMA events, read, work, config TO sendtrail_api, sendtrail_worker;

-- The tenant of the running transaction; null outside one, because the setting is '' after a commit.
CREATE FUNCTION config.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;

-- Puts a table under row-level security: the API sees one tenant, workers see all.
CREATE PROCEDURE config.hold_tenants_apart(target regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY one_tenant ON %s TO sendtrail_api USING (tenant_id = config.current_tenant())', target);
    EXECUTE format('CREATE POLICY all_tenants ON %s TO sendtrail_worker USING (true)', target);
END $$;
