-- show_ignored --
-- Unless asked for, and so the next two.
NOT ignored

-- include_collecting --
status_group <> 'hidden'

-- never_sent --
status_group <> 'never_sent'

-- is_one_of --
{column} = ANY (%({column})s::text[])

-- sent_from --
shipped_at >= %(sent_from)s

-- sent_to --
shipped_at < %(sent_to)s

-- customer_id --
customer_id = ANY (%(customer_id)s::text[])

-- q --
search LIKE %(q)s

-- q_with_recipients --
(search LIKE %(q)s OR search_recipient LIKE %(q)s)
