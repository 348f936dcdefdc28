-- find --
SELECT communication_id FROM work.attempt WHERE tenant_id = %(tenant)s AND attempt_id = %(id)s
