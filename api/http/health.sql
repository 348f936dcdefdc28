-- applied --
SELECT name FROM sendtrail.migration

-- lag --
SELECT projection, position, events.head() - position FROM read.checkpoint ORDER BY projection

-- backlog --
SELECT name, number FROM work.backlog(%s)

-- connection_states --
SELECT provider, state, number FROM work.connection_states(%s)

-- connection_warnings --
SELECT provider, warning, number FROM work.connection_warnings()
