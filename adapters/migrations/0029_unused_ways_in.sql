-- The API appends and reads by append_for and streams_for, which name the tenant themselves.
DROP FUNCTION events.append_own, events.streams_own;
