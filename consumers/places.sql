-- events --
-- As many as fit into so many bytes, and one at least.
SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM (
    SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id ROWS UNBOUNDED PRECEDING) AS bytes FROM (
        SELECT notification_id, originator_id, originator_version, topic, state FROM events.event
        WHERE notification_id > %b ORDER BY notification_id LIMIT %b
    ) AS following
) AS summed WHERE bytes - octet_length(state) < %b ORDER BY notification_id

-- part_position --
SELECT position FROM read.partition WHERE number = %s AND parts = %s AND until = %s

-- part_advance --
-- As the checkpoint advances (projections/engine.sql). What lists count is written last of all (migration 0026).
UPDATE read.partition SET position = %(to)s
WHERE number = %(number)s AND parts = %(parts)s AND position = %(expected)s
AND set_config('gin_pending_list_limit', %(pending)s, true) IS NOT NULL
AND set_config('synchronous_commit', 'off', true) IS NOT NULL
AND set_config('sendtrail.counting', 'last', true) IS NOT NULL

-- part_events --
-- As many as fit into so many bytes, and one at least. Only the index by position can find them: by their ids PostgreSQL
-- would fetch all of a part each time.
SELECT notification_id, uuid_send(originator_id), originator_version, topic, state FROM (
    SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id ROWS UNBOUNDED PRECEDING) AS bytes FROM events.event
    WHERE notification_id > %b::int8 AND notification_id <= %b::int8
    AND (read.part(originator_id, %b::int4) = %b::int4 OR topic = 'Customer.Erased')
) AS summed WHERE bytes - octet_length(state) < %b::int8 ORDER BY notification_id
