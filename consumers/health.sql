-- one --
SELECT failures, openings, open_until, probing, last_ok_at, last_error_at, last_error_code, waiting_since, last_webhook_at,
    warnings
FROM work.connection_health WHERE connection_id = %s

-- several --
SELECT connection_id, failures, openings, open_until, probing, last_ok_at, last_error_at, last_error_code, waiting_since,
    last_webhook_at, warnings
FROM work.connection_health WHERE connection_id = ANY (%s)

-- worked --
INSERT INTO work.connection_health AS h (connection_id, tenant_id, last_ok_at, waiting_since)
VALUES (%(connection)s, %(tenant)s, %(at)s, %(sent_at)s)
ON CONFLICT (connection_id) DO UPDATE SET failures = 0, openings = 0, open_until = NULL, probing = false,
    last_ok_at = excluded.last_ok_at, waiting_since = coalesce(h.waiting_since, excluded.waiting_since)

-- failed --
INSERT INTO work.connection_health AS h (connection_id, tenant_id, failures, last_error_at, last_error_code)
VALUES (%(connection)s, %(tenant)s, 1, %(at)s, %(code)s)
ON CONFLICT (connection_id) DO UPDATE SET failures = h.failures + 1, last_error_at = excluded.last_error_at,
    last_error_code = excluded.last_error_code
RETURNING failures, openings, open_until, probing, last_ok_at, last_error_at, last_error_code, waiting_since,
    last_webhook_at, warnings

-- open --
-- Once, however many see it fail at the same moment.
UPDATE work.connection_health SET open_until = %(until)s, openings = openings + 1, probing = false
WHERE connection_id = %(connection)s AND open_until IS NOT DISTINCT FROM %(seen)s

-- probe --
-- Of all who see that the pause is over, one gets to try.
UPDATE work.connection_health SET open_until = %(until)s, probing = true
WHERE connection_id = %(connection)s AND open_until = %(seen)s

-- called_back --
INSERT INTO work.connection_health AS h (connection_id, tenant_id, last_webhook_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[])
ON CONFLICT (connection_id) DO UPDATE SET last_webhook_at = greatest(h.last_webhook_at, excluded.last_webhook_at),
    waiting_since = CASE WHEN h.waiting_since > excluded.last_webhook_at THEN h.waiting_since END

-- warn --
INSERT INTO work.connection_health AS h (connection_id, tenant_id, warnings)
SELECT w.connection_id, w.tenant_id, w.warnings::text[] FROM unnest(%s::uuid[], %s::uuid[], %s::text[])
    AS w (connection_id, tenant_id, warnings)
ON CONFLICT (connection_id) DO UPDATE SET warnings = excluded.warnings

-- connections --
SELECT connection_id FROM config.connection WHERE disabled_at IS NULL
