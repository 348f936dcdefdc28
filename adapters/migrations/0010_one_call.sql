-- One call that names its tenant and does its one thing, so that it needs no transaction around it: a round trip
-- instead of four. The rights are those of whoever calls, and row-level security holds as it does in a transaction.
CREATE FUNCTION events.append_for(
    tenant uuid, tenants uuid[], ids uuid[], versions bigint[], topics text[], states bytea[]
) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('app.tenant', tenant::text, true);
    RETURN QUERY SELECT * FROM events.append_own(tenants, ids, versions, topics, states);
END $$;

CREATE FUNCTION events.streams_for(tenant uuid, ids uuid[])
RETURNS TABLE (tenant_id uuid, originator_id uuid, originator_version bigint, topic text, state bytea, notification_id bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('app.tenant', tenant::text, true);
    RETURN QUERY SELECT * FROM events.streams_own(ids);
END $$;

CREATE FUNCTION config.living_keys(tenant uuid, customer_refs text[])
RETURNS TABLE (customer_ref text, key_id uuid, wrapped bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.set_config('app.tenant', tenant::text, true);
    RETURN QUERY SELECT k.customer_ref, k.key_id, k.wrapped FROM config.customer_key AS k
        WHERE k.tenant_id = tenant AND k.customer_ref = ANY (customer_refs) AND k.destroyed_at IS NULL;
END $$;

REVOKE EXECUTE ON FUNCTION events.append_for, events.streams_for, config.living_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.append_for, events.streams_for TO sendtrail_api;
GRANT EXECUTE ON FUNCTION config.living_keys TO sendtrail_api, sendtrail_worker;

-- The first request with a key has it. An old one is forgotten; one whose process died is taken over by the same request.
-- Answers the keys that are the caller's to carry out now.
CREATE FUNCTION work.claim_keys(
    tenant uuid, keys text[], hashes bytea[], untils timestamptz[], moments timestamptz[], kept interval
) RETURNS TABLE (key text, claimed_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_catalog.set_config('app.tenant', tenant::text, true);
    RETURN QUERY INSERT INTO work.idempotency AS i (tenant_id, key, request_hash, running_until, created_at)
        SELECT tenant, n.key, n.hash, n.until, n.at
        FROM unnest(keys, hashes, untils, moments) AS n (key, hash, until, at) ORDER BY n.key
        ON CONFLICT (tenant_id, key) DO UPDATE SET
            request_hash = excluded.request_hash, running_until = excluded.running_until, status = NULL, answer = NULL,
            customers = '{}',
            created_at = CASE WHEN i.created_at <= excluded.created_at - kept
                THEN excluded.created_at ELSE i.created_at END
        WHERE i.created_at <= excluded.created_at - kept
            OR (i.answer IS NULL AND i.request_hash = excluded.request_hash
                AND (i.running_until <= excluded.created_at OR i.running_until = excluded.running_until))
        RETURNING i.key, i.created_at;
END $$;
REVOKE EXECUTE ON FUNCTION work.claim_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.claim_keys TO sendtrail_api;
