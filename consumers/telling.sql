-- erasures --
SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
WHERE topic = 'Customer.Erased' AND notification_id > %b::int8 AND notification_id <= %b::int8 ORDER BY notification_id

-- streams --
-- One look into the index by id for each (`+ 0` hides the other one): PostgreSQL would rather read all events up to
-- there where it does not know the table yet.
SELECT e.* FROM unnest(%b::uuid[]) AS id CROSS JOIN LATERAL (
    SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM events.event
    WHERE originator_id = id AND notification_id + 0 <= %b::int8 ORDER BY originator_version OFFSET 0
) AS e
