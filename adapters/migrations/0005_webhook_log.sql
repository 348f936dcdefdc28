-- The webhook log on PostgreSQL: partitions with offsets of their own. A record is a frame of 1..n raw requests.
CREATE TABLE work.webhook_log (
    partition_no smallint NOT NULL,
    log_offset bigint NOT NULL,
    appended_at timestamptz NOT NULL,
    frame bytea NOT NULL,
    PRIMARY KEY (partition_no, log_offset)
);
CREATE INDEX webhook_log_age ON work.webhook_log (appended_at);
ALTER TABLE work.webhook_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON work.webhook_log TO sendtrail_worker USING (true);
GRANT SELECT, DELETE ON work.webhook_log TO sendtrail_worker;

CREATE SEQUENCE work.webhook_log_0 MINVALUE 0 START 0;
CREATE SEQUENCE work.webhook_log_1 MINVALUE 0 START 0;
CREATE SEQUENCE work.webhook_log_2 MINVALUE 0 START 0;
CREATE SEQUENCE work.webhook_log_3 MINVALUE 0 START 0;

-- Appends under a shared advisory lock of the partition's own (class 7263), for the same gap-safe reader.
CREATE FUNCTION work.append_webhooks(part smallint, at timestamptz, frames bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7263, part);
    RETURN QUERY INSERT INTO work.webhook_log (partition_no, log_offset, appended_at, frame)
        SELECT part, nextval(format('work.webhook_log_%s', part)), at, f FROM unnest(frames) AS f
        RETURNING log_offset;
END $$;
REVOKE EXECUTE ON FUNCTION work.append_webhooks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION work.append_webhooks TO sendtrail_api, sendtrail_worker;
