-- position --
SELECT position FROM read.partition WHERE number = %s AND parts = %s AND until = %s

-- move --
-- First of all, as the checkpoint is moved (projections/engine.sql). What lists count is written last of all (0026).
UPDATE read.partition SET position = %(to)s
WHERE number = %(number)s AND parts = %(parts)s AND position = %(expected)s
AND set_config('gin_pending_list_limit', %(pending)s, true) IS NOT NULL
AND set_config('synchronous_commit', 'off', true) IS NOT NULL
AND set_config('sendtrail.counting', 'last', true) IS NOT NULL

-- changed --
-- With events in between, or emptied by an erasure in between; in the order in which they were met first.
SELECT id FROM (
    SELECT originator_id AS id, notification_id FROM events.event
    WHERE notification_id > %(after)s AND notification_id <= %(to)s AND read.part(originator_id, %(parts)s) = %(number)s
    UNION ALL
    SELECT communication_id, %(to)s FROM read.key_use
    WHERE key_id = ANY (%(keys)s) AND read.part(communication_id, %(parts)s) = %(number)s
) AS found GROUP BY id ORDER BY min(notification_id)
