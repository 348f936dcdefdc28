-- living --
SELECT customer_ref, key_id, wrapped FROM config.living_keys(%b::uuid, %b::text[])

-- make --
INSERT INTO config.customer_key (key_id, tenant_id, customer_ref, wrapped, created_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bytea[], %s::timestamptz[])
ON CONFLICT (tenant_id, customer_ref) WHERE destroyed_at IS NULL DO NOTHING
