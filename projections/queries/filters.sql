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

-- q --
{column} LIKE %(q)s
