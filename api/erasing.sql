-- refs --
-- The customer, and each subject that was written to before it was known to be the customer's.
SELECT %(ref)s UNION
SELECT 'subject:' || subject_type || ':' || external_id FROM read.communication
WHERE tenant_id = %(tenant)s AND customer_id = %(customer)s

-- living_keys --
SELECT key_id FROM config.customer_key WHERE tenant_id = %s AND customer_ref = ANY (%s) AND destroyed_at IS NULL
