-- show_ignored --
-- Unless asked for, and so the next two.
NOT ignored

-- include_collecting --
status_group <> 'hidden'

-- never_sent --
status_group <> 'never_sent'

-- status_group --
status_group = %(status_group)s

-- status_groups --
status_group = ANY (%(status_groups)s::text[])

-- status --
status = ANY (%(status)s::text[])

-- channel --
channel = ANY (%(channel)s::text[])

-- subject_type --
subject_type = ANY (%(subject_type)s::text[])

-- category --
category = ANY (%(category)s::text[])

-- reason --
reason = ANY (%(reason)s::text[])

-- customer_id --
customer_id = ANY (%(customer_id)s::text[])

-- sent_from --
shipped_at >= %(sent_from)s

-- sent_to --
shipped_at < %(sent_to)s

-- q --
search LIKE %(q)s

-- q_with_recipients --
(search LIKE %(q)s OR search_recipient LIKE %(q)s)
