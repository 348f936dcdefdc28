-- events --
SELECT uuid_send(originator_id), originator_version, topic, state FROM events.event
WHERE originator_id = ANY (%b::uuid[]) ORDER BY originator_id, originator_version
