-- applied --
SELECT name FROM sendtrail.migration

-- lag --
SELECT projection, position, events.head() - position FROM read.checkpoint ORDER BY projection

-- backlog --
SELECT name, number FROM work.backlog(%s)
