-- spoken_for --
SELECT 1 FROM work.correlation WHERE connection_id = %s AND key = %s AND tenant_id = %s
