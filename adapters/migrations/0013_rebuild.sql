-- A rebuild of read models on its way, so that it goes on where it was killed. The new tables stand beside the live ones
-- under their names and `__next`, without any right of the API's or the workers', until they take their places.
-- `program` says which release tells the rows: those of two are never mixed. Told are all events up to `head`; once all
-- jobs are done, the tables stand at `position`.
CREATE TABLE read.rebuild (
    rebuild_id uuid PRIMARY KEY,
    program text NOT NULL,
    projections text[] NOT NULL,
    head bigint NOT NULL,
    position bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Either the communications from `first` to `last`, or a statement (an index) once all of those are in.
CREATE TABLE read.rebuild_job (
    rebuild_id uuid NOT NULL REFERENCES read.rebuild ON DELETE CASCADE,
    number integer NOT NULL,
    first uuid,
    last uuid,
    statement text,
    events bigint NOT NULL DEFAULT 0,
    done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (rebuild_id, number),
    CHECK ((statement IS NULL) = (first IS NOT NULL AND last IS NOT NULL))
);
