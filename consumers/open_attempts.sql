-- meet --
-- Connections that nobody has noted anything about yet get a row, so that there is a turn to take.
INSERT INTO work.connection_health (connection_id, tenant_id)
SELECT c.connection_id, c.tenant_id FROM config.connection AS c
WHERE EXISTS (SELECT FROM work.asking AS a WHERE a.connection_id = c.connection_id AND a.next_at <= %(now)s)
    AND NOT EXISTS (SELECT FROM work.connection_health AS h WHERE h.connection_id = c.connection_id)
ON CONFLICT (connection_id) DO NOTHING

-- take_turn --
-- The connection whose turn is longest ago, of those with something to ask.
UPDATE work.connection_health SET asking_until = %(until)s
WHERE connection_id = (
    SELECT h.connection_id FROM work.connection_health AS h
    WHERE (h.asking_until IS NULL OR h.asking_until <= %(now)s)
        AND EXISTS (SELECT FROM work.asking AS a WHERE a.connection_id = h.connection_id AND a.next_at <= %(now)s)
    ORDER BY h.asking_until NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING connection_id

-- end_turn --
UPDATE work.connection_health SET asking_until = %(again)s WHERE connection_id = %(connection)s AND asking_until = %(until)s

-- claim --
UPDATE work.asking SET next_at = %(until)s
WHERE attempt_id IN (
    SELECT attempt_id FROM work.asking WHERE connection_id = %(connection)s AND next_at <= %(now)s
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING attempt_id, communication_id, asked

-- move --
-- Only what is still claimed: a message that was handed over meanwhile has begun anew.
UPDATE work.asking AS a SET next_at = m.next_at, asked = m.asked
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int4[]) AS m (attempt_id, until, next_at, asked)
WHERE a.attempt_id = m.attempt_id AND a.next_at = m.until

-- drop --
DELETE FROM work.asking AS a USING unnest(%s::uuid[], %s::timestamptz[]) AS d (attempt_id, until)
WHERE a.attempt_id = d.attempt_id AND a.next_at = d.until
