-- pure --
-- The same two read models and the time line, by one set of statements that PostgreSQL runs alone; plain values.
WITH event AS MATERIALIZED (
    SELECT notification_id, tenant_id, originator_id, originator_version AS version, topic,
        convert_from(state, 'UTF8')::jsonb AS state
    FROM events.event
), attempt AS (
    SELECT state -> 'order' ->> 'attempt_id' AS attempt_id, tenant_id, originator_id,
        (state ->> 'timestamp')::timestamptz AS created_at, state -> 'order' ->> 'channel' AS channel
    FROM event WHERE topic = 'InvoiceCommunication.SendAttempted'
), standing AS (
    SELECT originator_id, (array_agg(state -> 'report' ->> 'status' ORDER BY version DESC))[1] AS status
    FROM event WHERE topic = 'InvoiceCommunication.StatusReported' GROUP BY originator_id
), subject AS (
    SELECT originator_id, (array_agg(state -> 'details' ->> 'number' ORDER BY version DESC))[1] AS number
    FROM event WHERE topic = 'InvoiceCommunication.SubjectRevised' GROUP BY originator_id
), logged AS (
    INSERT INTO bench.attempt
    SELECT a.attempt_id::uuid, a.tenant_id, a.originator_id, a.created_at, a.channel, s.status,
        jsonb_build_object('id', a.attempt_id, 'status', s.status, 'channel', a.channel, 'number', n.number)
    FROM attempt AS a LEFT JOIN standing AS s USING (originator_id) LEFT JOIN subject AS n USING (originator_id)
), told AS (
    INSERT INTO bench.timeline
    SELECT originator_id, version, tenant_id, (state ->> 'timestamp')::timestamptz,
        jsonb_build_object('kind', topic, 'at', state ->> 'timestamp') FROM event
)
INSERT INTO bench.communication
SELECT e.originator_id, min(e.tenant_id::text)::uuid, max((e.state ->> 'timestamp')::timestamptz),
    max(s.status), jsonb_build_object('number', max(n.number), 'status', max(s.status))
FROM event AS e LEFT JOIN standing AS s USING (originator_id) LEFT JOIN subject AS n USING (originator_id)
GROUP BY e.originator_id

-- tables --
CREATE SCHEMA bench;
CREATE TABLE bench.communication (id uuid PRIMARY KEY, tenant_id uuid, at timestamptz, status text, doc jsonb);
CREATE TABLE bench.attempt (
    id uuid PRIMARY KEY, tenant_id uuid, communication_id uuid, at timestamptz, channel text, status text, doc jsonb
);
CREATE TABLE bench.timeline (
    communication_id uuid, version bigint, tenant_id uuid, at timestamptz, doc jsonb, PRIMARY KEY (communication_id, version)
);
