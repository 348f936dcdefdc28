-- checkpoint --
SELECT coalesce(min(position), 0) FROM read.checkpoint

-- changes --
-- Planned once, perhaps while the tables are nearly empty, when every index is as good as another: the order within
-- makes it the one by position.
WITH edge AS MATERIALIZED (
    SELECT least(
        (SELECT position FROM read.communication WHERE position > %(after)s ORDER BY position OFFSET %(most)s LIMIT 1),
        (SELECT position FROM read.attempt WHERE position > %(after)s ORDER BY position OFFSET %(most)s LIMIT 1),
        (SELECT coalesce(min(position), 0) FROM read.checkpoint)
    ) AS upto
)
SELECT edge.upto, changed.*
FROM edge LEFT JOIN LATERAL (
    (SELECT position, 0 AS kind, communication_id AS id, subject_type, category, customer_id, status, status_group, reason,
        channel, shipped_at, ignored, search, search_recipient, doc
    FROM read.communication WHERE position > %(after)s AND position <= edge.upto ORDER BY position)
    UNION ALL
    (SELECT position, 1, attempt_id, subject_type, category, customer_id, status, status_group, reason,
        channel, shipped_at, ignored, search, search_recipient, doc
    FROM read.attempt WHERE position > %(after)s AND position <= edge.upto ORDER BY position)
) AS changed ON true
ORDER BY changed.position, changed.kind, changed.id
