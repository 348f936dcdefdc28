-- page --
SELECT {sorted_by}, {id}, doc FROM {source} WHERE {conditions}
ORDER BY {sorted_by} DESC, {id} DESC LIMIT %(rows)s

-- after --
({sorted_by}, {id}) < (%(after_at)s, %(after_id)s)

-- counts --
SELECT status_group, count(*) FROM {source} WHERE {conditions} GROUP BY status_group
