-- streams_until --
SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
WHERE originator_id = ANY (%b::uuid[]) AND notification_id <= %b::int8 ORDER BY originator_id, originator_version
