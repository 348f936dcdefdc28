-- put_keys --
INSERT INTO read.key_use (key_id, communication_id, tenant_id) SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[])
ON CONFLICT (key_id, communication_id) DO NOTHING

-- sealed_under --
SELECT DISTINCT communication_id FROM read.key_use WHERE key_id = ANY (%b::uuid[]) ORDER BY communication_id

-- begin --
INSERT INTO read.checkpoint (projection, position) SELECT name, 0 FROM unnest(%b::text[]) AS name
ON CONFLICT (projection) DO NOTHING

-- advance --
-- Search indexes keep new rows in a list that is sorted in once it is full (kB): seldom is quicker, often is smoother.
-- The commit does not wait for the disk: rows and checkpoint follow from events, which did, and are lost together or not
-- at all (docs/decisions/26-what-does-not-wait-for-the-disk.md). So it holds up nobody else's notifications either.
UPDATE read.checkpoint SET position = %(to)s
WHERE projection = ANY (%(names)s) AND position = %(expected)s AND until IS NULL
AND set_config('gin_pending_list_limit', %(pending)s, true) IS NOT NULL
AND set_config('synchronous_commit', 'off', true) IS NOT NULL
RETURNING pg_notify('sendtrail_projected', position::text)

-- positions --
SELECT c.projection, c.position, (SELECT coalesce(max(notification_id), 0) FROM events.event) AS head
FROM read.checkpoint AS c WHERE c.projection = ANY (%s) ORDER BY c.projection
