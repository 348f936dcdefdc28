-- tables --
CREATE SCHEMA bench;
CREATE TABLE bench.event (
    tenant_id uuid, originator_id uuid, originator_version bigint, topic text, state bytea, position bigserial,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX ON bench.event (position);
CREATE TABLE bench.raw (received_at timestamptz, log_name text, log_offset bigint, log_index int, body bytea,
    PRIMARY KEY (received_at, log_name, log_offset, log_index));

-- events --
INSERT INTO bench.event (tenant_id, originator_id, originator_version, topic, state)
SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::int8[], %b::text[], %b::bytea[])

-- raw --
INSERT INTO bench.raw SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::int8[], %s::int4[], %s::bytea[])
