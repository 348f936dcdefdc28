-- day --
SELECT work.ensure_provider_event_day(%s)

-- raw --
INSERT INTO work.provider_event
    (received_at, log_name, log_offset, log_index, tenant_id, connection_id, provider, headers, url, body, communications)
SELECT r.received_at, r.log_name, r.log_offset, r.log_index, r.tenant_id, r.connection_id, r.provider, r.headers::jsonb,
    r.url, r.body, r.communications::uuid[]
FROM unnest(%b::timestamptz[], %b::text[], %b::int8[], %b::int8[], %b::uuid[], %b::uuid[], %b::text[], %b::text[],
    %b::text[], %b::bytea[], %b::text[]) AS r (received_at, log_name, log_offset, log_index, tenant_id, connection_id,
    provider, headers, url, body, communications)
ON CONFLICT DO NOTHING

-- park --
INSERT INTO work.parked_report
    (log_name, log_offset, log_index, report_no, tenant_id, connection_id, provider, keys, report, received_at, next_try_at)
SELECT p.log_name, p.log_offset, p.log_index, p.report_no, p.tenant_id, p.connection_id, p.provider,
    string_to_array(p.keys, E'\n'), p.report, p.received_at, p.next_try_at
FROM unnest(%b::text[], %b::int8[], %b::int4[], %b::int4[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::bytea[],
    %b::timestamptz[], %b::timestamptz[]) AS p (log_name, log_offset, log_index, report_no, tenant_id, connection_id,
    provider, keys, report, received_at, next_try_at)
ON CONFLICT DO NOTHING

-- bury --
INSERT INTO work.dead_letter
    (log_name, log_offset, log_index, tenant_id, connection_id, provider, reason, url, headers, body, received_at, died_at)
SELECT * FROM unnest(%s::text[], %s::int8[], %s::int4[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[],
    %s::jsonb[], %s::bytea[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT DO NOTHING
