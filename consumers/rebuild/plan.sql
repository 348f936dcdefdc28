-- open --
SELECT rebuild_id, program, projections, head, position, started_at FROM read.rebuild

-- begin --
INSERT INTO read.rebuild (rebuild_id, program, projections, head, position) VALUES (%s, %s, %s, %s, %s)

-- ranges --
-- As many equal parts of all ids as there are to be; the ids are hashes, so the parts hold about the same.
INSERT INTO read.rebuild_job (rebuild_id, number, first, last)
SELECT * FROM unnest(%b::uuid[], %b::int4[], %b::uuid[], %b::uuid[])

-- statements --
INSERT INTO read.rebuild_job (rebuild_id, number, statement) SELECT * FROM unnest(%b::uuid[], %b::int4[], %b::text[])

-- progress --
SELECT count(*), count(*) FILTER (WHERE done), coalesce(sum(events), 0)::int8,
    count(*) FILTER (WHERE statement IS NOT NULL), count(*) FILTER (WHERE statement IS NOT NULL AND done)
FROM read.rebuild_job WHERE rebuild_id = %s

-- moved --
UPDATE read.rebuild SET position = %s WHERE rebuild_id = %s

-- end --
DELETE FROM read.rebuild
