-- The read models. May be emptied and rebuilt from events at any time. `doc` is the answer the API gives, built once;
-- the other columns are what it filters, sorts and searches by.
CREATE TABLE read.checkpoint (
    projection text PRIMARY KEY,
    position bigint NOT NULL
);

-- The folded aggregate of each communication, from which its rows are made.
CREATE TABLE read.state (
    communication_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    version bigint NOT NULL,
    state bytea NOT NULL
);

-- Which customer keys a communication's personal values were ever sealed under: what an erasure has to find.
CREATE TABLE read.key_use (
    key_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (key_id, communication_id)
);

CREATE TABLE read.communication (
    communication_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    sorted_at timestamptz NOT NULL,
    subject_type text NOT NULL,
    external_id text NOT NULL,
    category text NOT NULL,
    customer_id text,
    status text,
    status_group text NOT NULL,
    reason text,
    channel text,
    shipped_at timestamptz,
    ignored boolean NOT NULL,
    search text NOT NULL,
    search_recipient text NOT NULL,
    position bigint NOT NULL,
    doc text NOT NULL
);

-- Keyed by both: whoever names another's attempt id by mistake can never write over its row.
CREATE TABLE read.attempt (
    attempt_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    communication_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    subject_type text NOT NULL,
    external_id text NOT NULL,
    category text NOT NULL,
    customer_id text,
    status text NOT NULL,
    status_group text NOT NULL,
    reason text,
    channel text NOT NULL,
    shipped_at timestamptz,
    ignored boolean NOT NULL,
    search text NOT NULL,
    search_recipient text NOT NULL,
    position bigint NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (attempt_id, communication_id)
);

CREATE TABLE read.timeline (
    communication_id uuid NOT NULL,
    version bigint NOT NULL,
    tenant_id uuid NOT NULL,
    attempt_id uuid,
    at timestamptz NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (communication_id, version)
);

-- The newest rows come from two indexes, of what lists show and of what they hide unless asked: however many subjects
-- wait to be sent first, nobody has to walk past them. The one by group holds what is filtered by, to count from alone.
CREATE INDEX communication_newest ON read.communication (tenant_id, sorted_at DESC, communication_id DESC)
    WHERE NOT ignored AND status_group <> 'hidden' AND status_group <> 'never_sent';
CREATE INDEX communication_hidden ON read.communication (tenant_id, sorted_at DESC, communication_id DESC)
    WHERE ignored OR status_group = 'hidden' OR status_group = 'never_sent';
CREATE INDEX communication_group ON read.communication (tenant_id, status_group, sorted_at DESC, communication_id DESC)
    INCLUDE (ignored, status, reason, channel, subject_type, category, customer_id, shipped_at);
CREATE INDEX communication_shipped ON read.communication (tenant_id, shipped_at);
CREATE INDEX communication_customer ON read.communication (tenant_id, customer_id, sorted_at DESC, communication_id DESC);
CREATE INDEX communication_changed ON read.communication (tenant_id, position);
CREATE INDEX communication_search ON read.communication USING gin (tenant_id, search gin_trgm_ops);
CREATE INDEX communication_search_recipient ON read.communication USING gin (tenant_id, search_recipient gin_trgm_ops);
CREATE INDEX attempt_newest ON read.attempt (tenant_id, created_at DESC, attempt_id DESC)
    WHERE NOT ignored AND status_group <> 'hidden' AND status_group <> 'never_sent';
CREATE INDEX attempt_hidden ON read.attempt (tenant_id, created_at DESC, attempt_id DESC)
    WHERE ignored OR status_group = 'hidden' OR status_group = 'never_sent';
CREATE INDEX attempt_group ON read.attempt (tenant_id, status_group, created_at DESC, attempt_id DESC)
    INCLUDE (ignored, status, reason, channel, subject_type, category, customer_id, shipped_at);
CREATE INDEX attempt_shipped ON read.attempt (tenant_id, shipped_at);
CREATE INDEX attempt_customer ON read.attempt (tenant_id, customer_id, created_at DESC, attempt_id DESC);
CREATE INDEX attempt_of ON read.attempt (communication_id, created_at DESC, attempt_id DESC);
CREATE INDEX attempt_changed ON read.attempt (tenant_id, position);
CREATE INDEX attempt_search ON read.attempt USING gin (tenant_id, search gin_trgm_ops);
CREATE INDEX attempt_search_recipient ON read.attempt USING gin (tenant_id, search_recipient gin_trgm_ops);

CALL config.hold_tenants_apart('read.state');
CALL config.hold_tenants_apart('read.key_use');
CALL config.hold_tenants_apart('read.communication');
CALL config.hold_tenants_apart('read.attempt');
CALL config.hold_tenants_apart('read.timeline');
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA read TO sendtrail_worker;
GRANT SELECT ON read.checkpoint, read.communication, read.attempt, read.timeline TO sendtrail_api;

-- ILIKE is not leakproof, so under a policy its index goes unused: search reads these views. They run with their
-- owner's rights, whom the policies do not bind, and filter by the transaction's tenant themselves.
CREATE VIEW read.communication_of_tenant AS SELECT * FROM read.communication WHERE tenant_id = config.current_tenant();
CREATE VIEW read.attempt_of_tenant AS SELECT * FROM read.attempt WHERE tenant_id = config.current_tenant();
GRANT SELECT ON read.communication_of_tenant, read.attempt_of_tenant TO sendtrail_api;
