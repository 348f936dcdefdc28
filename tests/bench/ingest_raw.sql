-- events --
SELECT tenant_id, originator_id, originator_version, topic, state FROM events.event
WHERE topic = 'InvoiceCommunication.StatusReported' ORDER BY notification_id

-- requests --
SELECT received_at, log_name, log_offset, log_index, tenant_id, connection_id, provider, headers::text, url, body,
    communications::text
FROM work.provider_event ORDER BY log_name, log_offset, log_index

-- insert_events --
INSERT INTO events.event (tenant_id, originator_id, originator_version, topic, state)
SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- insert_requests --
INSERT INTO work.provider_event
    (received_at, log_name, log_offset, log_index, tenant_id, connection_id, provider, headers, url, body, communications)
SELECT r.received_at, r.log_name, r.log_offset, r.log_index, r.tenant_id, r.connection_id, r.provider, r.headers::jsonb,
    r.url, r.body, r.communications::uuid[]
FROM unnest(%b::timestamptz[], %b::text[], %b::int8[], %b::int4[], %b::uuid[], %b::uuid[], %b::text[], %b::text[],
    %b::text[], %b::bytea[], %b::text[]) AS r (received_at, log_name, log_offset, log_index, tenant_id, connection_id,
    provider, headers, url, body, communications)
