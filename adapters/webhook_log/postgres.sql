-- append --
-- All partitions in one statement, which is a transaction of its own.
SELECT count(*) FROM unnest(%b::int2[], %b::bytea[]) AS given (partition_no, frame),
    LATERAL work.append_webhooks(given.partition_no, %s, ARRAY[given.frame])

-- drop_before --
DELETE FROM work.webhook_log WHERE appended_at < %s

-- lag --
-- Records behind each position.
SELECT p.partition_no, count(l.log_offset)
FROM unnest(%s::int2[], %s::int8[]) AS p (partition_no, position)
LEFT JOIN work.webhook_log AS l ON l.partition_no = p.partition_no AND l.log_offset > p.position
GROUP BY p.partition_no
