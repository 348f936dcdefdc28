-- Roles belong to the server, not to a database: made once, by whoever may, before the numbered files.
DO $$
DECLARE r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['sendtrail_owner', 'sendtrail_api', 'sendtrail_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', r);
        END IF;
        IF NOT pg_has_role(current_user, r, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', r, current_user);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO sendtrail_owner', current_database());
END $$;
