-- claim --
-- The lock on the row is the claim, and ends with its holder. Indexes wait until all ranges are in.
SELECT number, first, last, statement FROM read.rebuild_job AS j
WHERE rebuild_id = %(id)s AND NOT done AND (statement IS NULL OR NOT EXISTS (
    SELECT FROM read.rebuild_job AS r WHERE r.rebuild_id = %(id)s AND r.statement IS NULL AND NOT r.done))
ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED

-- done --
UPDATE read.rebuild_job SET done = true, events = %s WHERE rebuild_id = %s AND number = %s

-- left --
SELECT FROM read.rebuild_job WHERE rebuild_id = %s AND NOT done LIMIT 1

-- streams --
SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM events.event
WHERE originator_id BETWEEN %b::uuid AND %b::uuid AND notification_id <= %b::int8 ORDER BY originator_id, originator_version

-- session --
-- Each process works alone on a statement; one whose client is gone is not carried on.
SET LOCAL max_parallel_maintenance_workers = 0;
-- A job whose commit a crash of the server undoes is undone whole, and found to be done again; the exchange waits for all.
SET LOCAL synchronous_commit = off;
SET LOCAL maintenance_work_mem = '256MB';
SET LOCAL client_connection_check_interval = '1s'
