-- records --
-- The next records behind an offset, up to a number of them and about a number of bytes (one record always).
SELECT log_offset, frame
FROM (
    SELECT log_offset, frame, sum(octet_length(frame)) OVER (ORDER BY log_offset) - octet_length(frame) AS bytes_before
    FROM (
        SELECT log_offset, frame FROM work.webhook_log
        WHERE partition_no = %s::int2 AND log_offset > %s::int8 ORDER BY log_offset LIMIT %s::int8
    ) AS nearest
) AS sized
WHERE bytes_before < %s::int8 ORDER BY log_offset

-- join --
SELECT pg_advisory_lock_shared(7265, 2147483647)

-- readers --
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND classid = 7265 AND objid = 2147483647 AND objsubid = 2 AND mode = 'ShareLock' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())

-- take --
SELECT pg_try_advisory_lock(7265, %s)

-- leave --
SELECT pg_advisory_unlock(7265, %s)
