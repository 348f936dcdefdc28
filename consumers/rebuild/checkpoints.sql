-- begin --
INSERT INTO read.checkpoint (projection, position) SELECT name, 0 FROM unnest(%s::text[]) AS name
ON CONFLICT (projection) DO NOTHING

-- standing --
SELECT projection, position FROM read.checkpoint WHERE projection = ANY (%s)

-- hold --
-- As the projector does before it touches anything, so that it waits here, or we for the end of its batch.
UPDATE read.checkpoint SET position = position WHERE projection = ANY (%s) RETURNING projection, position

-- move --
UPDATE read.checkpoint SET position = %s, until = NULL WHERE projection = ANY (%s)
