-- remember --
INSERT INTO work.attempt (attempt_id, tenant_id, communication_id)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) ON CONFLICT (attempt_id) DO NOTHING

-- find --
-- The read model has those that were recorded by other means.
SELECT communication_id FROM work.attempt WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
UNION ALL
SELECT communication_id FROM read.attempt WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s LIMIT 1
