-- open --
-- Whose an attempt is, as people name it by its id alone; by which id its connection may speak of it, if it has one; and
-- when it is due, if it is to be sent.
WITH opened AS (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[])
        AS o (attempt_id, tenant_id, communication_id, connection_id, due_at)
), remembered AS (
    INSERT INTO work.attempt (attempt_id, tenant_id, communication_id)
    SELECT attempt_id, tenant_id, communication_id FROM opened ON CONFLICT (attempt_id) DO NOTHING
), correlated AS (
    INSERT INTO work.correlation (connection_id, key, tenant_id, communication_id, attempt_id)
    SELECT connection_id, attempt_id::text, tenant_id, communication_id, attempt_id FROM opened
    WHERE connection_id IS NOT NULL ON CONFLICT (connection_id, key) DO NOTHING
)
INSERT INTO work.queue (attempt_id, tenant_id, communication_id, connection_id, due_at)
SELECT attempt_id, tenant_id, communication_id, connection_id, due_at FROM opened
WHERE due_at IS NOT NULL ON CONFLICT (attempt_id) DO NOTHING

-- enqueue --
INSERT INTO work.queue (attempt_id, tenant_id, communication_id, connection_id, due_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[])
ON CONFLICT (attempt_id) DO NOTHING

-- postpone --
-- A try that failed gives its claim back and waits.
UPDATE work.queue AS q SET due_at = p.due_at, claimed_by = NULL, claimed_until = NULL
FROM unnest(%s::uuid[], %s::timestamptz[]) AS p (attempt_id, due_at) WHERE q.attempt_id = p.attempt_id

-- dequeue --
DELETE FROM work.queue WHERE attempt_id = ANY (%s::uuid[])

-- correlate --
INSERT INTO work.correlation (connection_id, key, tenant_id, communication_id, attempt_id, recipient_no)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::int4[])
ON CONFLICT (connection_id, key) DO NOTHING

-- wake_parked --
-- A report that came before its message was known is due now.
UPDATE work.parked_report AS p SET next_try_at = w.at
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS w (connection_id, key, at)
WHERE p.connection_id = w.connection_id AND p.keys @> ARRAY[w.key]

-- ask --
-- Whatever has been asked before: from the newest message on it begins anew.
INSERT INTO work.asking AS a (attempt_id, tenant_id, communication_id, connection_id, next_at)
SELECT DISTINCT ON (n.attempt_id) * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[])
    AS n (attempt_id, tenant_id, communication_id, connection_id, next_at) ORDER BY n.attempt_id, n.next_at DESC
ON CONFLICT (attempt_id) DO UPDATE SET next_at = excluded.next_at, asked = 0
