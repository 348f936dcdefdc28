-- keys --
SELECT key_id, wrapped FROM config.customer_key WHERE key_id = ANY (%s::uuid[])

-- destroy --
UPDATE config.customer_key AS k SET wrapped = NULL, destroyed_at = d.at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS d (key_id, at) WHERE k.key_id = d.key_id AND k.destroyed_at IS NULL

-- keys_of --
SELECT key_id FROM config.customer_key WHERE tenant_id = %s AND customer_ref = %s AND destroyed_at IS NULL
