-- events --
SELECT notification_id, tenant_id, originator_id, originator_version, topic, state FROM events.event
WHERE notification_id > %(after)b::int8 AND notification_id <= %(until)b::int8
ORDER BY notification_id LIMIT %(page)b::int8

-- events_of --
SELECT notification_id, tenant_id, originator_id, originator_version, topic, state FROM events.event
WHERE notification_id > %(after)b::int8 AND notification_id <= %(until)b::int8 AND tenant_id = %(tenant)b::uuid
ORDER BY notification_id LIMIT %(page)b::int8
