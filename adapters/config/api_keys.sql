-- add --
INSERT INTO config.api_key (key_id, tenant_id, name, secret_hash, scopes, sees_addresses, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)

-- owner --
SELECT key_id, tenant_id, name, scopes, sees_addresses FROM config.key_owner(%s)

-- of_tenant --
SELECT key_id, name, scopes, sees_addresses, created_at, revoked_at FROM config.api_key WHERE tenant_id = %s
ORDER BY created_at

-- revoke --
UPDATE config.api_key SET revoked_at = %s WHERE key_id = %s AND revoked_at IS NULL
