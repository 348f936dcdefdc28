-- add --
INSERT INTO config.tenant (tenant_id, name, resend_window, created_at) VALUES (%s, %s, %s, %s)

-- one --
SELECT tenant_id, name, resend_window FROM config.tenant WHERE tenant_id = %s

-- named --
SELECT tenant_id, name, resend_window FROM config.tenant WHERE name = %s OR tenant_id::text = %s

-- every --
SELECT tenant_id, name, resend_window FROM config.tenant ORDER BY name

-- set_window --
UPDATE config.tenant SET resend_window = %s WHERE tenant_id = %s
