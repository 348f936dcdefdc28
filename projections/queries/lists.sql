-- page --
-- Merged from the newest of each facet that the list shows (docs/decisions/18-lists-are-merged-from-facets.md): a few
-- heads of each, then more of only those whose heads all made it onto the page. Where a list shows much of what there is,
-- it is quicker to walk down the newest first, but never further than some steps: what it shows may all be old.
WITH RECURSIVE facet AS MATERIALIZED (
    SELECT facet, status_group, number, {shown} AS shown, {since} AS since, {until} AS until, {until_id} AS until_id
    FROM read.facet WHERE listed = '{listed}' AND number > 0
), {parts}, plan AS MATERIALIZED (
    SELECT {steps} AS steps FROM facet
), walked AS MATERIALIZED (
    SELECT at, id FROM (
        SELECT r.{sorted_by} AS at, r.{id} AS id, r.facet FROM {table} AS r WHERE {behind}
        ORDER BY r.{sorted_by} DESC, r.{id} DESC LIMIT (SELECT steps FROM plan)
    ) AS newest WHERE facet IN (SELECT facet FROM part) LIMIT %(rows)s
), head AS MATERIALIZED (
    SELECT p.*, h.* FROM part AS p CROSS JOIN LATERAL (
        SELECT at, id, row_number() OVER () AS nth FROM (
            SELECT r.{sorted_by} AS at, r.{id} AS id FROM {table} AS r WHERE {of_part} AND {part_behind}
            ORDER BY r.{sorted_by} DESC, r.{id} DESC LIMIT %(heads)s
        ) AS newest
    ) AS h
    WHERE (SELECT steps FROM plan) IS NOT NULL AND (SELECT count(*) FROM walked) < %(rows)s
), edge AS MATERIALIZED (
    SELECT coalesce(max(at), '-infinity') AS at
    FROM (SELECT at FROM head ORDER BY at DESC, id DESC OFFSET %(rows)s - 1 LIMIT 1) AS full_page
), page AS MATERIALIZED (
    SELECT at, id, row_number() OVER (ORDER BY at DESC, id DESC) AS nth FROM (
        SELECT at, id FROM head
        UNION ALL
        SELECT m.at, m.id FROM head AS p CROSS JOIN edge CROSS JOIN LATERAL (
            SELECT r.{sorted_by} AS at, r.{id} AS id FROM {table} AS r
            WHERE {of_part} AND (r.{sorted_by}, r.{id}) < (p.at, p.id) AND r.{sorted_by} >= edge.at
            ORDER BY r.{sorted_by} DESC, r.{id} DESC LIMIT %(rows)s - %(heads)s
        ) AS m
        WHERE p.nth = %(heads)s AND p.at >= edge.at
        UNION ALL
        SELECT at, id FROM walked WHERE NOT EXISTS (SELECT FROM head)
    ) AS found
    ORDER BY at DESC, id DESC LIMIT %(rows)s
)
-- Only now are whole rows read: those of the page. One more than it shows tells whether anything follows.
SELECT convert_to(string_agg(d.doc, ',' ORDER BY p.nth) FILTER (WHERE p.nth < %(rows)s), 'UTF8'),
    max(p.at) FILTER (WHERE p.nth = %(rows)s - 1), (array_agg(p.id) FILTER (WHERE p.nth = %(rows)s - 1))[1],
    count(*) = %(rows)s
FROM page AS p CROSS JOIN LATERAL (
    SELECT r.doc FROM {table} AS r WHERE r.{id} = p.id AND r.{sorted_by} = p.at LIMIT 1
) AS d

-- parts --
-- One a facet.
part AS MATERIALIZED (SELECT facet, status_group, since, until, until_id FROM facet WHERE shown)

-- of_part --
r.facet = p.facet

-- parts_of_customers --
-- One a customer and facet: of few facets whether a customer has them or not, of many those that he has, which are found
-- by leaping from each to the next.
wanted AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE shown) * cardinality(%(customer_id)s::text[]) <= %(few_parts)s AS few FROM facet
), had AS (
    SELECT c.customer_id, first.facet FROM unnest(%(customer_id)s::text[]) AS c (customer_id) CROSS JOIN LATERAL (
        SELECT r.facet FROM {table} AS r WHERE r.customer_id = c.customer_id ORDER BY r.facet LIMIT 1
    ) AS first
    WHERE NOT (SELECT few FROM wanted)
    UNION ALL
    SELECT h.customer_id, next.facet FROM had AS h CROSS JOIN LATERAL (
        SELECT r.facet FROM {table} AS r WHERE r.customer_id = h.customer_id AND r.facet > h.facet ORDER BY r.facet LIMIT 1
    ) AS next
), part AS MATERIALIZED (
    SELECT h.customer_id, f.facet, f.status_group, f.since, f.until, f.until_id
    FROM had AS h JOIN facet AS f USING (facet) WHERE f.shown
    UNION ALL
    SELECT c.customer_id, f.facet, f.status_group, f.since, f.until, f.until_id
    FROM unnest(%(customer_id)s::text[]) AS c (customer_id) CROSS JOIN facet AS f
    WHERE f.shown AND (SELECT few FROM wanted)
)

-- of_part_of_customer --
r.customer_id = p.customer_id AND r.facet = p.facet

-- steps --
-- With very many facets (somebody made a category of each subject) there is nothing to merge: null, all the way down.
CASE WHEN count(*) FILTER (WHERE shown) > %(most_facets)s THEN NULL
    WHEN 10 * sum(number) FILTER (WHERE shown) > sum(number) THEN %(steps)s ELSE 0 END

-- no_steps --
coalesce(min(0), 0)

-- since --
-- Where in the order of the list that which was shipped in this time can be, as the facet's rows go.
%(sent_from)s::timestamptz - make_interval(secs => lag_most + 1)

-- until --
-- The page begins behind this or behind the page before it, whichever is further down: of two such conditions an index
-- would be entered at the first.
least(%(sent_to)s::timestamptz - make_interval(secs => lag_least) + interval '1 microsecond', %(after_at)s::timestamptz)

-- until_id --
CASE WHEN %(after_at)s::timestamptz < %(sent_to)s::timestamptz - make_interval(secs => lag_least) + interval '1 microsecond'
    THEN %(after_id)s::uuid ELSE '00000000-0000-0000-0000-000000000000' END

-- after_since --
r.{sorted_by} >= p.since

-- before_until --
(r.{sorted_by}, r.{id}) < (p.until, p.until_id)

-- counts --
SELECT status_group, sum(number)::int8 FROM read.facet WHERE listed = '{listed}' AND {shown} GROUP BY status_group

-- counts_of_rows --
WITH RECURSIVE facet AS MATERIALIZED (
    SELECT facet, status_group, {shown} AS shown, {since} AS since, {until} AS until, {until_id} AS until_id
    FROM read.facet WHERE listed = '{listed}' AND number > 0
), {parts}
SELECT p.status_group, sum(counted.number)::int8
FROM part AS p CROSS JOIN LATERAL (SELECT count(*) AS number FROM {table} AS r WHERE {of_part}) AS counted
GROUP BY p.status_group

-- counts_of_spans --
SELECT f.status_group, sum(s.number)::int8 AS number
FROM read.facet AS f JOIN (
    SELECT s.facet, sum(s.number) AS number FROM read.facet_span AS s
    WHERE s.listed = '{listed}' AND {spans} GROUP BY s.facet
) AS s USING (facet)
WHERE f.listed = '{listed}' AND {shown} GROUP BY f.status_group

-- together --
SELECT status_group, sum(number)::int8 FROM ({parts_of_it}) AS part (status_group, number) GROUP BY status_group

-- span_from --
s.span >= %(span_from)s

-- span_to --
s.span < %(span_to)s
