-- events --
-- The end is outside: between two bounds the planner expects few rows, and would sort all of them for each page.
SELECT * FROM (
    SELECT notification_id, uuid_send(tenant_id), uuid_send(originator_id), originator_version, topic, state
    FROM events.event WHERE notification_id > %(after)b::int8 ORDER BY notification_id LIMIT %(page)b::int8
) AS page WHERE notification_id <= %(until)b::int8 ORDER BY notification_id

-- events_of --
SELECT * FROM (
    SELECT notification_id, uuid_send(tenant_id), uuid_send(originator_id), originator_version, topic, state
    FROM events.event WHERE notification_id > %(after)b::int8 AND tenant_id = %(tenant)b::uuid
    ORDER BY notification_id LIMIT %(page)b::int8
) AS page WHERE notification_id <= %(until)b::int8 ORDER BY notification_id
