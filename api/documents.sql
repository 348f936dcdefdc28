-- keep --
INSERT INTO work.document
    (document_id, tenant_id, communication_id, sha256, key_id, format, filename, size, created_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::int8[],
    %s::timestamptz[])
ON CONFLICT (document_id) DO NOTHING

-- find --
SELECT sha256, key_id::text, format, filename FROM work.document WHERE tenant_id = %s AND document_id = %s
