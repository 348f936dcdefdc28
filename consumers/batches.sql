-- events --
-- As many as fit into so many bytes, and one at least.
SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM (
    SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id ROWS UNBOUNDED PRECEDING) AS bytes FROM (
        SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
        WHERE notification_id > %b ORDER BY notification_id LIMIT %b
    ) AS following
) AS summed WHERE bytes - octet_length(state) < %b ORDER BY notification_id

-- streams_until --
SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
WHERE originator_id = ANY (%b::uuid[]) AND notification_id <= %b::int8 ORDER BY originator_id, originator_version
