-- Roles belong to the server, not to a database: made once, by whoever may, before the numbered files.
-- Databases of one server may be migrated at the same moment, so another session can be first at each step.
DO $$
DECLARE r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['sendtrail_owner', 'sendtrail_api', 'sendtrail_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', r);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
        -- Whoever creates a role may grant it, but does not get to take it on by that alone: so ask for SET.
        IF NOT pg_has_role(current_user, r, 'SET') THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I', r, current_user);
            EXCEPTION WHEN unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
    IF NOT has_database_privilege('sendtrail_owner', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO sendtrail_owner', current_database());
    END IF;
END $$;
