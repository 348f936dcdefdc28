-- drop_days --
SELECT count(*) FROM work.drop_provider_events(%s, %s)

-- drop_parked --
DELETE FROM work.parked_report WHERE received_at <= %s

-- drop_dead --
DELETE FROM work.dead_letter WHERE received_at <= %s

-- drop_log --
DELETE FROM work.webhook_log WHERE appended_at <= %s

-- about --
SELECT received_at, connection_id, provider, url, headers, body FROM work.provider_event
WHERE tenant_id = %s AND communications @> ARRAY[%s] ORDER BY received_at, log_name, log_offset, log_index LIMIT %s
