-- claim --
-- The first request with a key has it. An old one is forgotten; one whose process died is taken over by the same request.
INSERT INTO work.idempotency AS i (tenant_id, key, request_hash, running_until, created_at)
VALUES (%(tenant)s, %(key)s, %(hash)s, %(until)s, %(at)s)
ON CONFLICT (tenant_id, key) DO UPDATE SET
    request_hash = excluded.request_hash, running_until = excluded.running_until, status = NULL, answer = NULL,
    customers = '{}',
    created_at = CASE WHEN i.created_at <= %(expired)s THEN excluded.created_at ELSE i.created_at END
WHERE i.created_at <= %(expired)s
    OR (i.answer IS NULL AND i.request_hash = excluded.request_hash
        AND (i.running_until <= %(at)s OR i.running_until = excluded.running_until))
RETURNING created_at

-- known --
SELECT request_hash, status, answer FROM work.idempotency WHERE tenant_id = %s AND key = %s

-- keep --
-- The first answer stays, should two have carried it out.
UPDATE work.idempotency SET status = %(status)s, answer = %(answer)s, customers = %(customers)s, running_until = NULL
WHERE tenant_id = %(tenant)s AND key = %(key)s AND request_hash = %(hash)s AND answer IS NULL

-- let_go --
-- Not decided: the same request may try again at once, another may not have the key.
UPDATE work.idempotency SET running_until = %(at)s
WHERE tenant_id = %(tenant)s AND key = %(key)s AND running_until = %(until)s AND answer IS NULL

-- forget_customers --
-- The claim stays: asked again, the same request finds the same attempts, and sends nothing twice.
UPDATE work.idempotency SET status = NULL, answer = NULL, customers = '{}', running_until = created_at
FROM unnest(%s::uuid[], %s::text[]) AS c (tenant_id, customer_ref)
WHERE work.idempotency.tenant_id = c.tenant_id AND customers @> ARRAY[c.customer_ref]
