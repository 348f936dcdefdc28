-- page --
SELECT {sorted_by}, {id}, doc FROM {source} WHERE {shown}
ORDER BY {sorted_by} DESC, {id} DESC LIMIT %(rows)s

-- page_of_two --
-- What lists show and what they hide have an index each: two short lists, merged.
(SELECT {sorted_by}, {id}, doc FROM {source} WHERE {shown} ORDER BY {sorted_by} DESC, {id} DESC LIMIT %(rows)s)
UNION ALL
(SELECT {sorted_by}, {id}, doc FROM {source} WHERE {hidden} ORDER BY {sorted_by} DESC, {id} DESC LIMIT %(rows)s)
ORDER BY {sorted_by} DESC, {id} DESC LIMIT %(rows)s

-- hidden --
(ignored OR status_group = 'hidden' OR status_group = 'never_sent')

-- after --
({sorted_by}, {id}) < (%(after_at)s, %(after_id)s)

-- counts --
SELECT status_group, count(*) FROM {source} WHERE {shown} GROUP BY status_group
