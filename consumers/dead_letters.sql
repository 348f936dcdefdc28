-- list --
SELECT log_name, log_offset, log_index, tenant_id, connection_id, provider, reason, received_at, died_at, replayed_at,
    octet_length(body)
FROM work.dead_letter WHERE %(all)s OR replayed_at IS NULL ORDER BY died_at, log_name, log_offset, log_index LIMIT %(limit)s

-- waiting --
SELECT log_name, log_offset, log_index FROM work.dead_letter
WHERE replayed_at IS NULL ORDER BY log_name, log_offset, log_index

-- one --
SELECT connection_id, url, headers, body, received_at FROM work.dead_letter
WHERE log_name = %s AND log_offset = %s AND log_index = %s AND replayed_at IS NULL

-- replayed --
UPDATE work.dead_letter AS d SET replayed_at = r.replayed_at
FROM unnest(%s::text[], %s::int8[], %s::int4[], %s::timestamptz[]) AS r (log_name, log_offset, log_index, replayed_at)
WHERE (d.log_name, d.log_offset, d.log_index) = (r.log_name, r.log_offset, r.log_index) AND d.replayed_at IS NULL

-- died_again --
UPDATE work.dead_letter SET reason = %s WHERE log_name = %s AND log_offset = %s AND log_index = %s
