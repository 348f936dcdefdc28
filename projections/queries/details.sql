-- communication --
-- A time line is by the second: providers' clocks know no less, and within one what was recorded first came first.
SELECT c.doc,
    (SELECT coalesce(string_agg(a.doc, ',' ORDER BY a.created_at DESC, a.attempt_id DESC), '')
        FROM read.attempt AS a WHERE a.communication_id = c.communication_id),
    (SELECT coalesce(string_agg(t.doc, ',' ORDER BY date_trunc('second', t.at), t.version), '')
        FROM read.timeline AS t WHERE t.communication_id = c.communication_id)
FROM read.communication AS c WHERE c.communication_id = %s

-- attempt --
SELECT a.doc,
    (SELECT coalesce(string_agg(t.doc, ',' ORDER BY date_trunc('second', t.at), t.version), '')
        FROM read.timeline AS t WHERE t.communication_id = a.communication_id AND t.attempt_id = a.attempt_id)
FROM read.attempt AS a WHERE a.attempt_id = %s
