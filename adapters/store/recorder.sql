-- append --
SELECT * FROM events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- append_own --
SELECT * FROM events.append_own(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- append_for --
SELECT * FROM events.append_for(%b::uuid, %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- streams --
SELECT originator_id, originator_version, topic, state, tenant_id, notification_id FROM events.streams(%b::uuid[])

-- streams_for --
SELECT originator_id, originator_version, topic, state, tenant_id, notification_id
FROM events.streams_for(%b::uuid, %b::uuid[])

-- begin_position --
-- A reader that was never here stands at -1.
INSERT INTO events.tracking (name, position) VALUES (%s, -1) ON CONFLICT (name) DO NOTHING

-- move_position --
UPDATE events.tracking SET position = %s WHERE name = %s AND position = %s

-- positions --
SELECT name, position FROM events.tracking WHERE name = ANY (%s)
