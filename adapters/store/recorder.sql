-- append --
SELECT * FROM events.append(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- append_for --
SELECT * FROM events.append_for(%b::uuid, %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- streams --
SELECT originator_id, originator_version, topic, state, tenant_id, notification_id FROM events.streams(%b::uuid[])

-- streams_for --
SELECT originator_id, originator_version, topic, state, tenant_id, notification_id
FROM events.streams_for(%b::uuid, %b::uuid[])

-- begin_positions --
INSERT INTO events.tracking (name, position) SELECT name, -1 FROM unnest(%b::text[]) AS n (name)
ON CONFLICT (name) DO NOTHING

-- move_positions --
UPDATE events.tracking AS t SET position = m.moved_to FROM unnest(%b::text[], %b::int8[], %b::int8[])
    AS m (name, expected, moved_to) WHERE t.name = m.name AND t.position = m.expected RETURNING t.name

-- positions --
SELECT name, position FROM events.tracking WHERE name = ANY (%b::text[])
