-- put --
-- Written once; only an erasure writes a row again.
INSERT INTO read.timeline AS t (communication_id, version, tenant_id, attempt_id, at, doc)
SELECT * FROM unnest(%b::uuid[], %b::int8[], %b::uuid[], %b::uuid[], %b::timestamptz[], %b::text[])
ON CONFLICT (communication_id, version) DO UPDATE SET doc = excluded.doc
