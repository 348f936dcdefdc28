-- claim --
SELECT key, claimed_at FROM work.claim_keys(
    %b::uuid, %b::text[], %b::bytea[], %b::timestamptz[], %b::timestamptz[], %s::interval
)

-- known --
SELECT key, request_hash, status, answer FROM work.idempotency WHERE tenant_id = %b::uuid AND key = ANY (%b::text[])
