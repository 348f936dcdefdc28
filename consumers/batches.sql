-- events --
-- As many as fit into so many bytes, and one at least.
SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM (
    SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id ROWS UNBOUNDED PRECEDING) AS bytes FROM (
        SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
        WHERE notification_id > %b ORDER BY notification_id LIMIT %b
    ) AS following
) AS summed WHERE bytes - octet_length(state) < %b ORDER BY notification_id

-- streams_until --
-- One look into the index by id for each (`+ 0` hides the other one): PostgreSQL would rather read all events up to
-- there where it does not know the table yet.
SELECT e.* FROM unnest(%b::uuid[]) AS id CROSS JOIN LATERAL (
    SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
    WHERE originator_id = id AND notification_id + 0 <= %b::int8 ORDER BY originator_version OFFSET 0
) AS e
