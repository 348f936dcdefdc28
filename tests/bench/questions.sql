-- span --
SELECT (SELECT sum(number)::int8 FROM read.facet WHERE listed = 'attempt'), tenant_id,
    (SELECT min(created_at) FROM read.attempt AS a WHERE a.tenant_id = largest.tenant_id),
    (SELECT max(created_at) FROM read.attempt AS a WHERE a.tenant_id = largest.tenant_id)
FROM (SELECT tenant_id FROM read.facet WHERE listed = 'attempt' GROUP BY tenant_id ORDER BY sum(number) DESC LIMIT 1) AS largest
