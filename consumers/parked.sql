-- claim --
-- Due reports that nobody works on. A claim is a lease: next_try_at is when it ends.
UPDATE work.parked_report AS p SET next_try_at = %(lease)s
FROM (
    SELECT log_name, log_offset, log_index, report_no FROM work.parked_report
    WHERE next_try_at <= %(now)s ORDER BY next_try_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS due
WHERE (p.log_name, p.log_offset, p.log_index, p.report_no) = (due.log_name, due.log_offset, due.log_index, due.report_no)
RETURNING p.log_name, p.log_offset, p.log_index, p.report_no, p.connection_id, p.report, p.received_at, p.tries

-- attached --
DELETE FROM work.parked_report AS p USING unnest(%s::text[], %s::int8[], %s::int4[], %s::int4[])
    AS a (log_name, log_offset, log_index, report_no)
WHERE (p.log_name, p.log_offset, p.log_index, p.report_no) = (a.log_name, a.log_offset, a.log_index, a.report_no)

-- about --
-- The raw request is now known to be about these communications too.
UPDATE work.provider_event AS e SET communications = e.communications || a.communication_id
FROM unnest(%s::timestamptz[], %s::text[], %s::int8[], %s::int4[], %s::uuid[])
    AS a (received_at, log_name, log_offset, log_index, communication_id)
WHERE e.received_at = a.received_at AND e.log_name = a.log_name AND e.log_offset = a.log_offset
AND e.log_index = a.log_index AND NOT e.communications @> ARRAY[a.communication_id]

-- postpone --
-- Unless somebody woke it in the meantime.
UPDATE work.parked_report AS p SET next_try_at = a.next_try_at, tries = p.tries + 1
FROM unnest(%s::text[], %s::int8[], %s::int4[], %s::int4[], %s::timestamptz[], %s::timestamptz[])
    AS a (log_name, log_offset, log_index, report_no, lease, next_try_at)
WHERE (p.log_name, p.log_offset, p.log_index, p.report_no) = (a.log_name, a.log_offset, a.log_index, a.report_no)
AND p.next_try_at = a.lease

-- list --
SELECT log_name, log_offset, log_index, report_no, tenant_id, connection_id, provider, keys, received_at, next_try_at, tries
FROM work.parked_report ORDER BY received_at, log_name, log_offset, log_index, report_no LIMIT %s
