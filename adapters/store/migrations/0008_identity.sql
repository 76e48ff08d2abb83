-- What feeds need of identity: sounds to block by, since when each fact holds, keys of old, whose number is closed.

ALTER TABLE children
    ADD COLUMN family_sound   text COLLATE "C" NOT NULL DEFAULT '',  -- adapters/store/sounds.py; '' where there is no name
    ADD COLUMN given_sound    text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN name_as_of     timestamptz,     -- null: older than any dated word
    ADD COLUMN birth_as_of    timestamptz,
    ADD COLUMN gender_as_of   timestamptz,
    ADD COLUMN address_as_of  timestamptz,
    ADD COLUMN moved_at       timestamptz,     -- when a feed last brought the child to another home; null: never
    ADD COLUMN closed         boolean NOT NULL DEFAULT false,  -- given a new identity: the number answers as unknown
    ADD COLUMN own_keys_alone boolean NOT NULL DEFAULT false;  -- a new identity: never matched by likeness

CREATE INDEX children_by_birth_and_family ON children (birth_date, family_sound);
CREATE INDEX children_by_birth_and_given ON children (birth_date, given_sound);
-- Both sounds as one, for dates that a slip makes of others: else a planner asks an index by birth date for each of them.
CREATE INDEX children_by_sounds ON children ((family_sound || ' ' || given_sound), birth_date);
CREATE INDEX children_by_postcode ON children (postcode);
CREATE INDEX children_apart ON children (id) WHERE closed OR own_keys_alone;

ALTER TABLE former_names
    ADD COLUMN family_sound text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN given_sound  text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX former_names_by_sounds ON former_names (family_sound, given_sound);

ALTER TABLE keys ADD COLUMN as_of timestamptz;
CREATE UNIQUE INDEX keys_one_of_each ON keys (child_id, system);
DROP INDEX keys_by_child;

CREATE TABLE former_keys (          -- replaced, and still the child's: a re-keyed child is found by either
    system   text NOT NULL,
    value    text NOT NULL,
    child_id bigint NOT NULL REFERENCES children (id),
    PRIMARY KEY (system, value, child_id)
);
CREATE INDEX former_keys_by_child ON former_keys (child_id);
CREATE TABLE parent_links (         -- keyed fingerprints of parents named by feeds: for households, and nothing else
    fingerprint bytea NOT NULL,
    child_id    bigint NOT NULL REFERENCES children (id),
    PRIMARY KEY (fingerprint, child_id)
);
CREATE INDEX parent_links_by_child ON parent_links (child_id);
CREATE TABLE source_rows (          -- which child a source's keyless row was found or made to be
    source   text NOT NULL,
    row_key  bytea NOT NULL,
    child_id bigint NOT NULL REFERENCES children (id),
    PRIMARY KEY (source, row_key)
);
CREATE INDEX source_rows_by_child ON source_rows (child_id);
CREATE TABLE merged_numbers (       -- retired for good; leads to nobody
    number    text PRIMARY KEY,
    merged_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE feed_loads (           -- one file of one source, and how far its loading has come
    source     text NOT NULL,
    digest     bytea NOT NULL,      -- sha256 of the file
    as_of      timestamptz NOT NULL,
    rows_done  bigint NOT NULL DEFAULT 0,
    finished   boolean NOT NULL DEFAULT false,
    counts     jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    touched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, digest)
);
CREATE TABLE feed_rejects (         -- what a source is told: where and why, never what
    source text NOT NULL,
    digest bytea NOT NULL,
    line   bigint NOT NULL,
    field  text,
    reason text NOT NULL,
    PRIMARY KEY (source, digest, line)
);
CREATE TABLE dropped_rows (         -- rows that bore a closed record's keys: how many, and nothing more
    on_day date PRIMARY KEY,
    number_of bigint NOT NULL
);

CREATE TABLE quarantine (
    reference   text PRIMARY KEY,   -- random
    source      text NOT NULL,
    digest      bytea NOT NULL,     -- of the entry's content: the same doubt is raised once
    entry       jsonb NOT NULL,     -- the record as it would be written
    outcome     text NOT NULL,      -- matching.Outcome, named
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state       text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'SAME', 'DIFFERENT', 'REJECTED')),
    child_id    bigint REFERENCES children (id),   -- whom it was resolved to be
    resolved_by text,
    second      text,
    reason      text,
    resolved_at timestamptz,
    UNIQUE (source, digest)
);
CREATE INDEX quarantine_pending ON quarantine (received_at, reference) WHERE state = 'PENDING';
CREATE TABLE quarantine_candidates (
    reference text NOT NULL REFERENCES quarantine (reference),
    child_id  bigint NOT NULL REFERENCES children (id),
    score     real NOT NULL,
    reasons   text[] NOT NULL,      -- matching.Reason, words of our own
    PRIMARY KEY (reference, child_id)
);
CREATE INDEX quarantine_candidates_by_child ON quarantine_candidates (child_id);
