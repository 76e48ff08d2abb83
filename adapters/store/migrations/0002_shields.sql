-- The shield belongs to the child (law 1): tables of its own, that no feed's role can write.

CREATE TABLE shields (
    child_id  bigint PRIMARY KEY REFERENCES children (id),
    tier      text NOT NULL CHECK (tier IN ('SHIELDED', 'SEALED')),
    authority text NOT NULL,                      -- responsible authority, GSS code
    withheld  text[] NOT NULL DEFAULT '{}' CHECK (withheld <@ ARRAY['KEY', 'PARENT_NAMES']),
    ground    text NOT NULL,
    review_on date NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE holds (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    child_id   bigint NOT NULL REFERENCES children (id),
    agency     text NOT NULL CHECK (agency IN ('school', 'practice', 'parents', 'services')),
    mark       text NOT NULL,
    placed_at  timestamptz NOT NULL DEFAULT now(),
    cleared_at timestamptz                         -- set by an officer alone
);
-- One uncleared hold per child, agency and mark: placing it again changes nothing, so the epoch does not move.
CREATE UNIQUE INDEX holds_in_force ON holds (child_id, agency, mark) WHERE cleared_at IS NULL;

CREATE TABLE circles (
    child_id     bigint NOT NULL REFERENCES children (id),
    organisation text NOT NULL,
    categories   text[] NOT NULL,
    until        date NOT NULL,
    PRIMARY KEY (child_id, organisation)
);

CREATE TABLE overrides (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    child_id bigint NOT NULL REFERENCES children (id),
    viewer   text NOT NULL,
    token    text NOT NULL,                        -- the token's jti: an override dies with its token
    reason   text NOT NULL CHECK (length(reason) BETWEEN 10 AND 255),
    until    timestamptz NOT NULL
);
CREATE INDEX overrides_by_child ON overrides (child_id);

-- One number that moves whenever anything above does. An answer decided under one epoch is recorded only under it.
CREATE TABLE shield_epoch (
    alone boolean PRIMARY KEY DEFAULT true CHECK (alone),  -- one row, for good
    epoch bigint NOT NULL
);
INSERT INTO shield_epoch (epoch) VALUES (1);
