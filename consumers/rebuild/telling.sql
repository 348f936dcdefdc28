-- erasures --
SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
WHERE topic = 'Customer.Erased' AND notification_id > %b::int8 AND notification_id <= %b::int8 ORDER BY notification_id
