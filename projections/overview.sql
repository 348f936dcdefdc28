-- put --
INSERT INTO read.communication AS c (communication_id, tenant_id, sorted_at, subject_type, external_id, category,
    customer_id, status, status_group, reason, channel, shipped_at, ignored, search, search_recipient, position, doc)
SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::bool[], %b::text[], %b::text[],
    %b::int8[], %b::text[])
ON CONFLICT (communication_id) DO UPDATE SET sorted_at = excluded.sorted_at, category = excluded.category,
    customer_id = excluded.customer_id, status = excluded.status, status_group = excluded.status_group,
    reason = excluded.reason, channel = excluded.channel, shipped_at = excluded.shipped_at,
    ignored = excluded.ignored, search = excluded.search, search_recipient = excluded.search_recipient,
    position = excluded.position, doc = excluded.doc
