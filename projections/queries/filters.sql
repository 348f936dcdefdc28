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
{column} LIKE %(q)s

-- q_of_number --
-- Kept from the index of trigrams, which finds a long number by its letters alone: its digits stand in most rows.
{column} || '' LIKE %(q)s

-- number --
{column} LIKE %({name})s
