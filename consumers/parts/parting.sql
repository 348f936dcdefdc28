-- behind --
SELECT coalesce(max(notification_id), 0) - %s FROM events.event

-- set_out --
UPDATE read.checkpoint SET until = %(until)s
WHERE projection = ANY (%(names)s) AND position = %(expected)s AND until IS NULL

-- part --
INSERT INTO read.partition (number, parts, position, until)
SELECT number, %(parts)s, %(expected)s, %(until)s FROM generate_series(0, %(parts)s - 1) AS number

-- parts --
SELECT number, parts, until, position FROM read.partition AS p
WHERE EXISTS (SELECT FROM read.checkpoint AS c WHERE c.until = p.until) ORDER BY number

-- follow --
-- As far as all parts have come.
UPDATE read.checkpoint SET position = p.position
FROM (SELECT until, min(position) AS position FROM read.partition GROUP BY until) AS p
WHERE projection = ANY (%(names)s) AND checkpoint.until = p.until AND checkpoint.position < p.position
AND set_config('synchronous_commit', 'off', true) IS NOT NULL
RETURNING pg_notify('sendtrail_projected', checkpoint.position::text)

-- arrive --
-- Where all parts are at their end. Only when nobody else has taken them away, who holds the checkpoint too.
UPDATE read.checkpoint SET until = NULL
WHERE projection = ANY (%(names)s) AND until = %(until)s AND position = until

-- give_up --
DELETE FROM read.partition
