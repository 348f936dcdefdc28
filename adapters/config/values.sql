-- get --
SELECT value FROM config.setting WHERE name = %s

-- put --
INSERT INTO config.setting (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value
