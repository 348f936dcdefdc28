-- What the API has to know that is not one tenant's own.

-- Where an attempt is. Written with the attempt, so that whoever names it by its id alone finds it at once,
-- before any projection has seen it.
CREATE TABLE work.attempt (
    attempt_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    communication_id uuid NOT NULL
);
CALL config.hold_tenants_apart('work.attempt');
GRANT SELECT, INSERT ON work.attempt TO sendtrail_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON work.attempt TO sendtrail_worker;

-- For readiness: which migrations were applied.
GRANT USAGE ON SCHEMA sendtrail TO sendtrail_api, sendtrail_worker;
GRANT SELECT ON sendtrail.migration TO sendtrail_api, sendtrail_worker;

-- For figures: numbers over all tenants, and nothing but numbers.
CREATE FUNCTION events.head() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT coalesce(max(e.notification_id), 0) FROM events.event AS e
$$;
CREATE FUNCTION work.backlog(now_at timestamptz) RETURNS TABLE (name text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT 'queued', count(*) FROM work.queue
    UNION ALL SELECT 'due', count(*) FROM work.queue WHERE due_at <= now_at
    UNION ALL SELECT 'parked_reports', count(*) FROM work.parked_report
    UNION ALL SELECT 'dead_letters', count(*) FROM work.dead_letter WHERE replayed_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION events.head, work.backlog FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events.head, work.backlog TO sendtrail_api, sendtrail_worker;
