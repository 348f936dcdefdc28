-- The time line is told from the events when it is read, and what is no longer in memory is folded from them again.
DROP TABLE read.timeline, read.state;
DELETE FROM read.checkpoint WHERE projection = 'timeline';
