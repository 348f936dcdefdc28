-- ask --
INSERT INTO work.confirmation
    (log_name, log_offset, log_index, tenant_id, connection_id, url, asked_at, next_try_at)
SELECT * FROM unnest(%s::text[], %s::int8[], %s::int4[], %s::uuid[], %s::uuid[], %s::bytea[], %s::timestamptz[],
    %s::timestamptz[])
ON CONFLICT DO NOTHING

-- claim --
-- The one that is due for longest. A claim is a lease: next_try_at is when it ends.
UPDATE work.confirmation AS c SET next_try_at = %(lease)s
FROM (
    SELECT log_name, log_offset, log_index FROM work.confirmation
    WHERE next_try_at <= %(now)s ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due
WHERE (c.log_name, c.log_offset, c.log_index) = (due.log_name, due.log_offset, due.log_index)
RETURNING c.log_name, c.log_offset, c.log_index, c.connection_id, c.url, c.asked_at, c.tries

-- settle --
UPDATE work.confirmation SET confirmed_at = %(confirmed_at)s, next_try_at = %(next_try_at)s, tries = tries + 1
WHERE log_name = %(log)s AND log_offset = %(offset)s AND log_index = %(nth)s

-- drop_old --
DELETE FROM work.confirmation WHERE asked_at <= %s
