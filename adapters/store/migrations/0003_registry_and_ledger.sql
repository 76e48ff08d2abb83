-- Who may come, by which handle contact is arranged, and the record that somebody looked.

CREATE TABLE organisations (
    id        text PRIMARY KEY,                    -- as tokens name it
    name      text NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('SCHOOL', 'HEALTH', 'SOCIAL_CARE', 'LOCAL_AUTHORITY', 'PARTNER', 'OTHER')),
    authority text,                                -- GSS code
    purposes  text[] NOT NULL DEFAULT '{}'         -- a partner's purposes, as registered; empty for every other kind
);

CREATE TABLE broker_references (
    reference    text PRIMARY KEY,                 -- random; says nothing
    organisation text NOT NULL,
    child_id     bigint NOT NULL REFERENCES children (id),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX broker_references_by_child ON broker_references (child_id, organisation);

CREATE TABLE ledger (
    reference    text PRIMARY KEY,                 -- random; the answer's Contactpoint-Record header
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    viewer       text NOT NULL,
    organisation text NOT NULL,
    acting_role  text NOT NULL,
    purpose      text,
    reason       text,
    document     text,                             -- sha256 of the operation's text
    outcome      text NOT NULL CHECK (outcome IN ('ANSWERED', 'REFUSED')),
    code         text,                             -- why refused: extensions.code
    children     jsonb NOT NULL DEFAULT '[]'       -- per child matched: categories shown and withheld; no values
);
