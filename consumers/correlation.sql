-- find --
-- The how manyeth of those asked for (from 1), and what it is about.
SELECT w.number, uuid_send(c.communication_id), c.attempt_id::text
FROM unnest(%b::uuid[], %b::uuid[], %b::text[]) WITH ORDINALITY AS w (connection_id, tenant_id, key, number)
JOIN work.correlation AS c ON c.connection_id = w.connection_id AND c.key = w.key AND c.tenant_id = w.tenant_id
