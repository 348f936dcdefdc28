-- append --
-- All partitions in one statement, which is a transaction of its own.
SELECT count(*) FROM unnest(%b::int8[], %b::timestamptz[], %b::bytea[]) AS given (partition_no, at, frame),
    LATERAL work.append_webhooks(given.partition_no::int2, given.at, ARRAY[given.frame])

-- wake --
SELECT set_config('synchronous_commit', 'off', true), pg_notify('sendtrail_webhook', '')

-- lag --
-- Records behind each position.
SELECT p.partition_no, count(l.log_offset)
FROM unnest(%s::int2[], %s::int8[]) AS p (partition_no, position)
LEFT JOIN work.webhook_log AS l ON l.partition_no = p.partition_no AND l.log_offset > p.position
GROUP BY p.partition_no
