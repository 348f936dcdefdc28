-- changed --
-- Communications with events in between, and those that an erasure in between empties.
SELECT DISTINCT originator_id FROM events.event WHERE notification_id > %(after)s AND notification_id <= %(until)s
UNION
SELECT communication_id FROM {key_use} WHERE key_id = ANY (%(keys)s)

-- waiting --
SELECT count(*) FROM events.event WHERE notification_id > %s AND notification_id <= %s

-- upsert --
INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays}) ON CONFLICT ({key}) DO {act}
