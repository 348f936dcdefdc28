-- add --
INSERT INTO config.connection
    (connection_id, tenant_id, name, provider, channel, settings, secrets, open_tracking, is_default, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- no_longer_default --
UPDATE config.connection SET is_default = false WHERE tenant_id = %s AND channel = %s AND is_default

-- one --
SELECT connection_id, tenant_id, provider, channel, name, settings, secrets, open_tracking
FROM config.connection_by_id(%s)

-- default --
SELECT connection_id, tenant_id, provider, channel, name, settings, secrets, open_tracking
FROM config.connection WHERE tenant_id = %s AND channel = %s AND is_default AND disabled_at IS NULL

-- make_default --
UPDATE config.connection SET is_default = true WHERE connection_id = %s AND disabled_at IS NULL

-- defaults --
SELECT connection_id FROM config.connection WHERE tenant_id = %s AND is_default AND disabled_at IS NULL

-- of_tenant --
SELECT connection_id, tenant_id, provider, channel, name, settings, secrets, open_tracking
FROM config.connection WHERE tenant_id = %s AND disabled_at IS NULL ORDER BY channel, name

-- update --
UPDATE config.connection SET settings = %s, secrets = %s, open_tracking = %s WHERE connection_id = %s

-- disable --
UPDATE config.connection SET disabled_at = %s, is_default = false WHERE connection_id = %s AND disabled_at IS NULL
