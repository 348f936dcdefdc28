-- find --
SELECT w.connection_id, w.tenant_id, w.key, c.communication_id, c.attempt_id::text
FROM unnest(%b::uuid[], %b::uuid[], %b::text[]) AS w (connection_id, tenant_id, key)
JOIN work.correlation AS c ON c.connection_id = w.connection_id AND c.key = w.key AND c.tenant_id = w.tenant_id
