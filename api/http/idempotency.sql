-- keep --
-- The first answer stays, should two have carried it out. The customers come as a JSON array each.
UPDATE work.idempotency AS i SET status = k.status, answer = k.answer, running_until = NULL,
    customers = ARRAY(SELECT jsonb_array_elements_text(k.customers::jsonb))
FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::int4[], %s::bytea[], %s::text[])
    AS k (tenant_id, key, request_hash, status, answer, customers)
WHERE i.tenant_id = k.tenant_id AND i.key = k.key AND i.request_hash = k.request_hash AND i.answer IS NULL

-- let_go --
-- Not decided: the same request may try again at once, another may not have the key.
UPDATE work.idempotency SET running_until = %(at)s
WHERE tenant_id = %(tenant)s AND key = %(key)s AND running_until = %(until)s AND answer IS NULL

-- forget_customers --
-- The claim stays: asked again, the same request finds the same attempts, and sends nothing twice.
UPDATE work.idempotency SET status = NULL, answer = NULL, customers = '{}', running_until = created_at
FROM unnest(%s::uuid[], %s::text[]) AS c (tenant_id, customer_ref)
WHERE work.idempotency.tenant_id = c.tenant_id AND customers @> ARRAY[c.customer_ref]
