-- indexes --
-- What to make again after the load, and how to drop it before: constraints with their indexes, then plain indexes.
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = ANY (%(tables)s::regclass[]) AND contype IN ('p', 'u')
UNION ALL
SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index AS i WHERE indrelid = ANY (%(tables)s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)

-- copy_communications --
COPY read.communication (communication_id, tenant_id, sorted_at, subject_type, external_id, category, customer_id, status,
    status_group, reason, channel, shipped_at, ignored, search, search_recipient, position, doc) FROM STDIN

-- copy_attempts --
COPY read.attempt (attempt_id, tenant_id, communication_id, created_at, subject_type, external_id, category, customer_id,
    status, status_group, reason, channel, shipped_at, ignored, search, search_recipient, position, doc) FROM STDIN

-- copy_events --
COPY events.event (tenant_id, originator_id, originator_version, topic, state, notification_id) FROM STDIN

-- checkpoint --
INSERT INTO read.checkpoint SELECT name, %(position)s FROM unnest(%(names)s::text[]) AS name

-- go_on_after --
SELECT setval(pg_get_serial_sequence('events.event', 'notification_id'), %(position)s)
