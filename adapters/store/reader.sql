-- writers --
-- Every transaction that holds the shared advisory lock now, and may yet commit a row with an id already taken.
SELECT coalesce(array_agg(virtualtransaction), '{}') FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = %s AND mode = 'ShareLock' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())

-- head --
SELECT coalesce(max(notification_id), 0) FROM events.event
