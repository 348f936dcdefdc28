-- page --
-- From sample to sample down the list (docs/decisions/32-searches-go-down-in-samples.md): as far back as one row in 16,384
-- tells that there must be more than enough, then one in 128, and only so far are all rows asked for. Null: to the end.
WITH whole AS MATERIALIZED (
    SELECT w.*, {spans} AS spans FROM (SELECT NULL::timestamptz AS since, %(after_at)s::timestamptz AS until) AS w
), far AS MATERIALIZED (
    SELECT w.*, {spans} AS spans FROM (
        SELECT coalesce((
            SELECT at FROM ({far}) AS f ORDER BY at DESC OFFSET %(far)s - 1 LIMIT 1
        ), whole.since) AS since, until FROM whole OFFSET 0
    ) AS w
), near AS MATERIALIZED (
    SELECT w.*, {spans} AS spans FROM (
        SELECT coalesce((
            SELECT at FROM ({near}) AS f ORDER BY at DESC OFFSET %(near)s - 1 LIMIT 1
        ), far.since) AS since, until FROM far OFFSET 0
    ) AS w
), {way} page AS MATERIALIZED (
    SELECT at, id, doc, row_number() OVER (ORDER BY at DESC, id DESC) AS nth
    FROM ({page}) AS f ORDER BY at DESC, id DESC LIMIT %(rows)s
)
SELECT convert_to(string_agg(doc, ',' ORDER BY nth) FILTER (WHERE nth < %(rows)s), 'UTF8'), count(*),
    (array_agg(at ORDER BY nth DESC) FILTER (WHERE nth < %(rows)s))[1],
    (array_agg(id ORDER BY nth DESC) FILTER (WHERE nth < %(rows)s))[1], (SELECT since FROM near)
FROM page

-- way --
-- What few rows have is asked for alone, and the rest compared in the rows: an index that is asked for both must pass all
-- that have either. Few of the thicker sample are not looked for where the thinner one has any.
way AS MATERIALIZED (
    SELECT CASE WHEN named < %(fewest)s THEN 'named' WHEN CASE
        WHEN (SELECT count(*) FROM ({worded_thinly}) AS f) > 1 THEN false
        ELSE (SELECT count(*) FROM ({worded_sample}) AS f) < %(fewer)s END THEN 'worded'
    WHEN named < %(few)s THEN 'named' ELSE 'both' END AS way
    FROM (SELECT CASE WHEN (SELECT count(*) FROM ({named_thinly}) AS f) < 2
        THEN (SELECT count(*) FROM ({named_sample}) AS f) END AS named OFFSET 0) AS counted
),

-- three_ways --
SELECT * FROM ({named}) AS f WHERE (SELECT way FROM way) = 'named'
UNION ALL
SELECT * FROM ({worded}) AS f WHERE (SELECT way FROM way) = 'worded'
UNION ALL
SELECT * FROM ({both}) AS f WHERE (SELECT way FROM way) = 'both'

-- found --
-- The index alone decides what is read, so nothing else may be known within: that is compared outside.
SELECT r.{sorted_by} AS at, r.{id} AS id, r.doc, r.status_group FROM (
    SELECT * FROM {searched} AS r
    WHERE {sample} AND {inside} AND r.labels && (SELECT spans FROM {within}) OFFSET 0
) AS r WHERE {outside} AND {behind} AND r.{sorted_by} >= coalesce((SELECT since FROM {within}), '-infinity')

-- counts --
WITH whole AS MATERIALIZED (
    SELECT w.*, {spans} AS spans FROM (SELECT NULL::timestamptz AS since, NULL::timestamptz AS until) AS w
)
SELECT status_group, count(*) FROM ({both}) AS f GROUP BY status_group

-- spans --
read.covering(config.current_tenant(), %(looks)s::text[]::bigint[], w.since, w.until)

-- one_in_16384 --
r.lot & 16383 = 0

-- one_in_128 --
r.lot & 127 = 0

-- failed --
r.status_group = 'failed'

-- is_one_of --
r.labels && (SELECT array_agg(read.label(config.current_tenant(), '{column}', value))
    FROM unnest(%({column})s::text[]) AS value)

-- shipped --
r.labels && (SELECT read.covering(config.current_tenant(), '{7}', %(sent_from)s::timestamptz, %(sent_to)s::timestamptz))

-- word --
r.{column} LIKE %({name})s

-- q --
r.{column} LIKE %(q)s
