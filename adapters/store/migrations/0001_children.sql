-- Identity: what the core store holds of a child. School, practice, parents and services are the agencies' own.
-- What a search sorts by is collated "C", so that every server puts the same children in the same order.

CREATE TABLE children (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number         text COLLATE "C" NOT NULL UNIQUE CHECK (number ~ '^[0-9A-Z]{13}$'),  -- twelve random characters and a check
    given          text[] NOT NULL,
    family         text,
    name_key       text COLLATE "C",   -- normalised family name, by which a search finds; null where there is none
    given_key      text COLLATE "C",   -- normalised first given name
    birth_date     date NOT NULL,
    gender         text NOT NULL CHECK (gender IN ('FEMALE', 'MALE', 'OTHER', 'UNKNOWN')),
    address_status text NOT NULL CHECK (address_status IN ('CURRENT', 'LAST_KNOWN', 'NO_FIXED', 'UNKNOWN', 'LEFT_ENGLAND')),
    address_lines  text[] NOT NULL DEFAULT '{}',
    postcode       text,               -- upper case, one space
    uprn           text,
    authority      text                -- GSS code of the responsible authority; as secret as the address
);

CREATE TABLE former_names (
    child_id bigint NOT NULL REFERENCES children (id),
    position smallint NOT NULL,        -- 0 is the latest
    given    text[] NOT NULL,
    family   text,
    PRIMARY KEY (child_id, position)
);

CREATE TABLE keys (
    system   text NOT NULL CHECK (system IN ('NHS_NUMBER', 'UPN', 'BIRTH_ENTRY')),
    value    text NOT NULL,
    child_id bigint NOT NULL REFERENCES children (id),
    PRIMARY KEY (system, value)
);
CREATE INDEX keys_by_child ON keys (child_id);

CREATE INDEX children_by_name_and_birth ON children (name_key, birth_date);
