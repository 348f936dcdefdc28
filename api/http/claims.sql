-- claim --
SELECT key, claimed_at FROM work.claim_keys(%s, %s, %s, %s, %s, %s)

-- known --
SELECT key, request_hash, status, answer FROM work.idempotency WHERE tenant_id = %s AND key = ANY (%s)
