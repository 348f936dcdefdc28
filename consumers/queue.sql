-- claim --
-- Due attempts that nobody holds, or whose holder let its claim run out.
UPDATE work.queue AS q SET claimed_by = %(who)s, claimed_until = %(until)s
WHERE attempt_id IN (
    SELECT attempt_id FROM work.queue
    WHERE due_at <= %(now)s AND (claimed_until IS NULL OR claimed_until <= %(now)s)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING attempt_id, tenant_id, communication_id

-- release --
UPDATE work.queue SET due_at = %(due)s, claimed_by = NULL, claimed_until = NULL
WHERE attempt_id = %(attempt)s AND claimed_by = %(who)s

-- forget --
DELETE FROM work.queue WHERE attempt_id = %(attempt)s AND claimed_by = %(who)s

-- depth --
SELECT count(*), count(*) FILTER (WHERE due_at <= %(now)s), min(due_at) FROM work.queue
