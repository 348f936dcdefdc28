-- communication --
INSERT INTO read.communication (communication_id, tenant_id, sorted_at, subject_type, external_id, category, customer_id,
    status, status_group, channel, shipped_at, ignored, search, search_recipient, position, doc)
SELECT lpad(to_hex(n), 32, '0')::uuid, CASE mod(n, 10) WHEN 0 THEN %(other)s::uuid ELSE %(tenant)s::uuid END,
    %(start)s + n * interval '1 minute', CASE mod(n, 1000) WHEN 5 THEN 'credit_note' ELSE 'invoice' END, n::text,
    CASE WHEN mod(n, 700) = 6 THEN 'rare' ELSE 'invoice' END, CASE WHEN mod(n, 3) = 0 THEN 'most' ELSE 'c-' || mod(n, 400) END, status, status_group,
    CASE mod(n, 40) WHEN 7 THEN 'sms' ELSE 'email' END,
    %(start)s + (n + CASE mod(n, 90) WHEN 8 THEN 3000 WHEN 9 THEN -3000 ELSE 0 END) * interval '1 minute', mod(n, 500) = 1,
    'number ' || md5(n::text), 'person' || md5(n::text) || '@payer.example', n, repeat(md5(n::text), 32)
FROM generate_series(1, %(rows)s) AS n JOIN (VALUES
    (0, 'failed', 'failed'), (1, 'queued', 'not_sent'), (2, 'sending', 'in_progress'), (3, NULL, 'never_sent'), (4, 'sent', 'completed')
) AS looks (nth, status, status_group) ON nth = least(mod(n + 3, 50), 4)

-- attempt --
INSERT INTO read.attempt (attempt_id, communication_id, tenant_id, created_at, subject_type, external_id, category, customer_id,
    status, status_group, channel, shipped_at, ignored, search, search_recipient, position, doc)
SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 2), 32, '0')::uuid, CASE mod(n, 10) WHEN 0 THEN %(other)s::uuid ELSE %(tenant)s::uuid END,
    %(start)s + n * interval '1 minute', CASE mod(n, 1000) WHEN 5 THEN 'credit_note' ELSE 'invoice' END, n::text,
    CASE WHEN mod(n, 700) = 6 THEN 'rare' ELSE 'invoice' END, CASE WHEN mod(n, 3) = 0 THEN 'most' ELSE 'c-' || mod(n, 400) END, status, status_group,
    CASE mod(n, 40) WHEN 7 THEN 'sms' ELSE 'email' END,
    %(start)s + (n + CASE mod(n, 90) WHEN 8 THEN 3000 WHEN 9 THEN -3000 ELSE 0 END) * interval '1 minute', mod(n, 500) = 1,
    'number ' || md5(n::text), 'person' || md5(n::text) || '@payer.example', n, repeat(md5(n::text), 32)
FROM generate_series(1, %(rows)s) AS n JOIN (VALUES
    (0, 'failed', 'failed'), (1, 'queued', 'not_sent'), (2, 'sending', 'in_progress'), (3, 'collecting', 'hidden'), (4, 'sent', 'completed')
) AS looks (nth, status, status_group) ON nth = least(mod(n + 3, 50), 4)
