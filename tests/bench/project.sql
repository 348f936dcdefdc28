-- tables --
CREATE SCHEMA bench AUTHORIZATION sendtrail_owner;
CREATE TABLE bench.communication (LIKE read.communication INCLUDING ALL);
CREATE TABLE bench.attempt (LIKE read.attempt INCLUDING ALL);
CREATE TABLE bench.key_use (LIKE read.key_use INCLUDING ALL);
CREATE TRIGGER count_inserted AFTER INSERT ON bench.communication REFERENCING NEW TABLE AS gained
    FOR EACH STATEMENT EXECUTE FUNCTION read.count_facets('communication');
CREATE TRIGGER count_inserted AFTER INSERT ON bench.attempt REFERENCING NEW TABLE AS gained
    FOR EACH STATEMENT EXECUTE FUNCTION read.count_facets('attempt');
GRANT ALL ON ALL TABLES IN SCHEMA bench TO sendtrail_owner;

-- pure --
-- The same rows by one statement that PostgreSQL runs alone. It knows these histories only: one event of each kind.
WITH event AS MATERIALIZED (
    SELECT tenant_id, originator_id AS id, topic, notification_id, convert_from(state, 'UTF8')::jsonb AS state
    FROM events.event
), story AS MATERIALIZED (
    SELECT id, any_value(tenant_id) AS tenant_id, max(notification_id) AS position,
        any_value(state) FILTER (WHERE topic = 'InvoiceCommunication.Created') AS created,
        any_value(state -> 'details') FILTER (WHERE topic = 'InvoiceCommunication.SubjectRevised') AS said,
        any_value(state) FILTER (WHERE topic = 'InvoiceCommunication.SendAttempted') AS asked,
        any_value(state) FILTER (WHERE topic = 'InvoiceCommunication.DispatchStarted') AS started,
        any_value(state) FILTER (WHERE topic = 'InvoiceCommunication.HandedOver') AS handed,
        any_value(state) FILTER (WHERE topic = 'InvoiceCommunication.StatusReported') AS heard
    FROM event GROUP BY id
), told AS MATERIALIZED (
    SELECT *, asked -> 'order' AS ordered, asked -> 'order' -> 'recipients' -> 0 AS recipient,
        asked -> 'order' -> 'message' AS message, heard -> 'report' AS report,
        json_build_object('type', created -> 'subject_type', 'external_id', created -> 'external_id',
            'number', said -> 'number', 'label', said -> 'label', 'url', said -> 'url',
            'category', coalesce(said ->> 'category', created ->> 'subject_type'),
            'document_status', said -> 'document_status', 'total', said -> 'total',
            'balance_due', said -> 'balance_due', 'currency', said -> 'currency', 'issued_on', said -> 'issued_on',
            'customer', json_build_object('id', said -> 'customer' -> 'id',
                'name', said -> 'customer' -> 'name' -> 'sealed')) AS subject,
        lower(concat_ws(E'\n', said ->> 'number', created ->> 'external_id', said -> 'customer' -> 'name' ->> 'sealed',
            asked -> 'order' -> 'message' -> 'subject' ->> 'sealed')) AS search
    FROM story
), used AS (
    INSERT INTO bench.key_use (key_id, communication_id, tenant_id)
    SELECT DISTINCT (place #>> '{}')::uuid, id, tenant_id
    FROM event, jsonb_path_query(state, 'strict $.**.key') AS place
), logged AS (
    INSERT INTO bench.attempt (attempt_id, tenant_id, communication_id, created_at, subject_type, external_id, category,
        customer_id, status, status_group, reason, channel, shipped_at, ignored, search, search_recipient, position, doc)
    SELECT (ordered ->> 'attempt_id')::uuid, tenant_id, id, (asked ->> 'timestamp')::timestamptz,
        created ->> 'subject_type', created ->> 'external_id',
        coalesce(said ->> 'category', created ->> 'subject_type'), said -> 'customer' ->> 'id', report ->> 'status',
        'completed', report ->> 'reason', ordered ->> 'channel', (started ->> 'timestamp')::timestamptz, false, search,
        lower(recipient -> 'address' ->> 'sealed'), position,
        json_build_object('id', ordered -> 'attempt_id', 'communication_id', id, 'subject', subject,
            'cause', ordered -> 'cause', 'previous_attempt_id', ordered -> 'previous_attempt_id',
            'channel', ordered -> 'channel', 'provider', ordered -> 'provider',
            'connection_id', ordered -> 'connection_id', 'status', report -> 'status', 'status_group', 'completed',
            'color', 'green', 'reason', report -> 'reason', 'recipient', recipient -> 'address' -> 'sealed',
            'recipient_count', jsonb_array_length(ordered -> 'recipients'),
            'recipients', json_build_array(json_build_object('number', recipient -> 'number',
                'address', recipient -> 'address' -> 'sealed', 'name', recipient -> 'name',
                'role', coalesce(recipient ->> 'role', 'to'), 'status', report -> 'status',
                'reason', report -> 'reason', 'at', report -> 'occurred_at')),
            'documents', coalesce(ordered -> 'documents', '[]'),
            'message', json_build_object('subject', message -> 'subject' -> 'sealed',
                'text', message -> 'text' -> 'sealed'),
            'language', ordered -> 'language', 'requested_by', ordered -> 'requested_by',
            'created_at', asked -> 'timestamp', 'scheduled_at', ordered -> 'scheduled_at',
            'shipped_at', started -> 'timestamp', 'sent_at', handed -> 'timestamp',
            'delivered_at', report -> 'occurred_at', 'read_at', NULL, 'failed_at', NULL, 'complained_at', NULL,
            'tries', json_build_array(json_build_object('number', started -> 'number', 'at', started -> 'timestamp',
                'outcome', 'handed_over', 'next_at', NULL)),
            'buyer_response', report -> 'buyer_response', 'error', NULL)::text
    FROM told
)
INSERT INTO bench.communication (communication_id, tenant_id, sorted_at, subject_type, external_id, category,
    customer_id, status, status_group, reason, channel, shipped_at, ignored, search, search_recipient, position, doc)
SELECT id, tenant_id, (asked ->> 'timestamp')::timestamptz, created ->> 'subject_type', created ->> 'external_id',
    coalesce(said ->> 'category', created ->> 'subject_type'), said -> 'customer' ->> 'id', report ->> 'status',
    'completed', report ->> 'reason', ordered ->> 'channel', (started ->> 'timestamp')::timestamptz, false, search,
    lower(recipient -> 'address' ->> 'sealed'), position,
    json_build_object('id', id, 'subject', subject, 'status', report -> 'status', 'status_group', 'completed',
        'color', 'green', 'reason', report -> 'reason', 'channel', ordered -> 'channel',
        'last_attempt_id', ordered -> 'attempt_id', 'attempt_count', 1, 'send_count', 1,
        'last_sent_at', handed -> 'timestamp', 'last_recipient', recipient -> 'address' -> 'sealed',
        'first_delivered_at', report -> 'occurred_at', 'buyer_response', report -> 'buyer_response', 'ignored', false,
        'error', NULL, 'created_at', created -> 'timestamp', 'updated_at', heard -> 'timestamp')::text
FROM told

-- rows --
SELECT (SELECT count(*) FROM {schema}.key_use), md5(string_agg(made, E'\n' ORDER BY made)) FROM (
    SELECT (to_jsonb(c) - 'doc' || jsonb_build_object('doc', c.doc::jsonb))::text AS made
    FROM {schema}.communication AS c
    UNION ALL
    SELECT (to_jsonb(a) - 'doc' || jsonb_build_object('doc', a.doc::jsonb))::text
    FROM {schema}.attempt AS a
) AS rows
