-- communication --
SELECT c.communication_id, c.position, c.doc,
    (SELECT coalesce(string_agg(a.doc, ',' ORDER BY a.created_at DESC, a.attempt_id DESC), '')
        FROM read.attempt AS a WHERE a.communication_id = c.communication_id)
FROM read.communication AS c WHERE c.communication_id = %(id)s

-- attempt --
SELECT a.communication_id, a.position, a.doc FROM read.attempt AS a WHERE a.attempt_id = %(id)s
