-- seen --
-- The first event of each says nothing of attempts.
SELECT uuid_send(originator_id), originator_version, topic, state FROM events.event
WHERE originator_id = ANY (%b::uuid[]) AND originator_version > 1 ORDER BY originator_id, originator_version

-- whole --
SELECT uuid_send(originator_id), originator_version, topic, state FROM events.event
WHERE originator_id = ANY (%b::uuid[]) ORDER BY originator_id, originator_version
