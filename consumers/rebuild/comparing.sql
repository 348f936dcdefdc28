-- same_moment --
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- erased_later --
-- Communications whose live rows an erasure beyond this position has yet to reach.
SELECT DISTINCT u.communication_id FROM events.event AS e,
    jsonb_array_elements_text(convert_from(e.state, 'UTF8')::jsonb -> 'key_ids') AS k, read.key_use AS u
WHERE e.topic = 'Customer.Erased' AND e.notification_id > %s AND u.key_id = k::uuid

-- rows --
SELECT count(*) FROM {next}

-- compare --
-- Row for row: how many lack, are too many or differ, with the first few of them.
SELECT count(*) FILTER (WHERE {live_lacks}) OVER (), count(*) FILTER (WHERE {next_lacks}) OVER (), count(*) OVER (),
    ARRAY[{keys}], CASE WHEN {live_lacks} THEN 'lacks' WHEN {next_lacks} THEN 'is too many' ELSE 'differs' END,
    CASE WHEN {live_lacks} OR {next_lacks} THEN '{{}}' ELSE array_remove(ARRAY[{differing}], NULL) END
FROM {live} AS l FULL JOIN {next} AS n USING ({key})
WHERE ({live_lacks} OR {next_lacks} OR ROW({live_columns}) IS DISTINCT FROM ROW({next_columns}))
AND coalesce(l.communication_id, n.communication_id) <> ALL (%(left_out)s::uuid[])
ORDER BY {key} LIMIT %(few)s
