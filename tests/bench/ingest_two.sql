-- shares --
-- How many of the log's partitions each consumer holds.
SELECT count(*)::int FROM pg_locks
WHERE locktype = 'advisory' AND classid = 7265 AND objid < 2147483647 AND objsubid = 2 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY pid
