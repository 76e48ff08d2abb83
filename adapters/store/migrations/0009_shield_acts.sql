-- Acts: who raised, changed, transferred or lifted a shield, with whom and why; and what each did to it, for good.

ALTER TABLE shields
    ADD COLUMN raised_by    text NOT NULL DEFAULT '',
    ADD COLUMN raised_from  text NOT NULL DEFAULT '',             -- the raiser's authority
    ADD COLUMN confirmed_by text CHECK (confirmed_by <> raised_by),
    ADD COLUMN confirmed_at timestamptz DEFAULT now(),            -- null: in force, and its raiser reads nothing by it
    ADD COLUMN household_of bigint REFERENCES children (id);      -- covered because this child is
CREATE INDEX shields_by_authority ON shields (authority, review_on);
CREATE INDEX shields_by_household ON shields (household_of) WHERE household_of IS NOT NULL;

ALTER TABLE holds DROP CONSTRAINT holds_agency_check;
ALTER TABLE holds
    ADD CHECK (agency IN ('school', 'practice', 'parents', 'services', 'household', 'feed')),
    ADD COLUMN cleared_by text,
    ADD COLUMN cleared_for text;                                  -- the reason

CREATE TABLE shield_acts (
    reference text PRIMARY KEY,                                   -- random
    child_id  bigint NOT NULL,                                    -- refers to nothing, so that it outlives a merge
    act       text NOT NULL CHECK (act IN ('RAISED', 'CONFIRMED', 'CHANGED', 'TRANSFERRED', 'LIFTED', 'RELEASED',
                                           'HOLD_CLEARED', 'MERGED', 'CLOSED', 'RESOLVED')),
    officer   text NOT NULL,
    second    text CHECK (second <> officer),
    authority text NOT NULL,                                      -- the officer's
    reason    text NOT NULL CHECK (length(reason) BETWEEN 10 AND 255),
    content   jsonb NOT NULL DEFAULT '{}',
    at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX shield_acts_by_child ON shield_acts (child_id);

CREATE TABLE shield_proposals (                                   -- the first officer's word, waiting for the second's
    reference   text PRIMARY KEY,
    child_id    bigint NOT NULL REFERENCES children (id),
    act         text NOT NULL,
    content     jsonb NOT NULL,                                   -- canonical: equal calls have equal content
    officer     text NOT NULL,
    authority   text NOT NULL,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 10 AND 255),
    proposed_at timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL DEFAULT now() + interval '30 days',
    state       text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'COMPLETED', 'VOID'))
);
CREATE UNIQUE INDEX shield_proposals_open ON shield_proposals (child_id, act, md5(content::text)) WHERE state = 'OPEN';

CREATE TABLE household_releases (
    root   bigint NOT NULL REFERENCES children (id),
    member bigint NOT NULL REFERENCES children (id),
    act    text NOT NULL REFERENCES shield_acts (reference),
    PRIMARY KEY (root, member)
);

-- What stood, row by row, by whichever hand. `child_id` refers to nothing, so that it outlives a merge.
CREATE TABLE shield_history (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    child_id bigint NOT NULL,
    change   text NOT NULL CHECK (change IN ('INSERT', 'UPDATE', 'DELETE')),
    tier     text NOT NULL,
    withheld text[] NOT NULL,
    authority text NOT NULL,
    weakens  boolean NOT NULL,
    act      text,                                                -- null: by no officer's act
    second   text,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX shield_history_by_child ON shield_history (child_id, id);
CREATE INDEX shield_history_unlawful ON shield_history (id) WHERE weakens AND second IS NULL;

-- The act that this transaction carries out: named by a setting, believed only if its row was written in this very one.
CREATE FUNCTION act_in_hand() RETURNS shield_acts
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a FROM public.shield_acts a
     WHERE a.reference = current_setting('contactpoint.act', true) AND a.xmin = pg_current_xact_id()::xid
$$;

-- The owner is let through every guard below, so that what is broken can be mended; `contactpoint check` tells.
CREATE FUNCTION by_owner() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT pg_get_userbyid(relowner) = session_user FROM pg_class WHERE oid = 'public.shields'::regclass
$$;

-- Two records become one, and the survivor's shield is at least what the other's was: that weakens nothing.
CREATE FUNCTION outdone(weakened shield_history, survivor bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.shields s
         WHERE s.child_id = survivor AND s.withheld @> weakened.withheld
           AND (s.tier = 'SEALED' OR weakened.tier = 'SHIELDED'))
$$;

-- Writes the history, whoever it is, and refuses: no change without its act, none that weakens without two.
CREATE FUNCTION shields_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    act public.shield_acts := public.act_in_hand();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.shield_history (child_id, change, tier, withheld, authority, weakens, act, second)
        SELECT n.child_id, 'INSERT', n.tier, n.withheld, n.authority, false, act.reference, act.second FROM made n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO public.shield_history (child_id, change, tier, withheld, authority, weakens, act, second)
        SELECT o.child_id, 'UPDATE', coalesce(n.tier, 'OPEN'), coalesce(n.withheld, '{}'), coalesce(n.authority, ''),
               n.child_id IS NULL OR o.tier = 'SEALED' AND n.tier <> 'SEALED' OR NOT o.withheld <@ n.withheld
                   OR o.authority <> n.authority,
               act.reference, act.second
          FROM gone o LEFT JOIN made n USING (child_id);
    ELSE
        INSERT INTO public.shield_history (child_id, change, tier, withheld, authority, weakens, act, second)
        SELECT o.child_id, 'DELETE', o.tier, o.withheld, o.authority, true, act.reference, act.second FROM gone o;
    END IF;
    IF FOUND AND NOT public.by_owner() THEN
        IF act.reference IS NULL THEN
            RAISE EXCEPTION 'a shield changes by an officer''s act alone' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF EXISTS (
            SELECT FROM public.shield_history h WHERE h.act = act.reference AND h.weakens AND (
                act.second IS NULL OR h.child_id <> act.child_id
                    AND NOT (act.act = 'MERGED' AND public.outdone(h, act.child_id)))) THEN
            RAISE EXCEPTION 'what weakens a shield takes two officers, who name the child'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF TG_OP = 'INSERT' AND act.second IS NULL THEN
            IF EXISTS (SELECT FROM made WHERE confirmed_at IS NOT NULL OR raised_by IS DISTINCT FROM act.officer) THEN
                RAISE EXCEPTION 'whoever raises a shield alone is named, and does not confirm it'
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            IF EXISTS (
                SELECT FROM gone o JOIN made n USING (child_id)
                 WHERE n.raised_by <> o.raised_by
                    OR o.confirmed_at IS NULL AND n.confirmed_at IS NOT NULL AND n.confirmed_by IS NULL) THEN
                RAISE EXCEPTION 'a shield is confirmed by somebody, and its raiser stays its raiser'
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kept_insert AFTER INSERT ON shields REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION shields_kept();
CREATE TRIGGER kept_update AFTER UPDATE ON shields REFERENCING OLD TABLE AS gone NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION shields_kept();
CREATE TRIGGER kept_delete AFTER DELETE ON shields REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION shields_kept();

-- A circle widens by two officers alone: a member, a category or a day more.
CREATE FUNCTION circles_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    act public.shield_acts := public.act_in_hand();
    widens boolean := TG_OP = 'INSERT';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        widens := (NEW.child_id, NEW.organisation) <> (OLD.child_id, OLD.organisation)
               OR NOT NEW.categories <@ OLD.categories OR NEW.until > OLD.until;
    END IF;
    IF NOT public.by_owner() AND (
        act.reference IS NULL OR widens AND (act.second IS NULL OR NEW.child_id <> act.child_id)) THEN
        RAISE EXCEPTION 'a circle widens by an act of two officers alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kept AFTER INSERT OR UPDATE OR DELETE ON circles FOR EACH ROW EXECUTE FUNCTION circles_kept();

-- A hold is cleared by an officer's act; a member of a household is released by one of two officers, named in it.
CREATE FUNCTION holds_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    act public.shield_acts := public.act_in_hand();
BEGIN
    IF OLD.cleared_at IS NULL AND NOT public.by_owner()
       AND OLD.child_id IS DISTINCT FROM act.child_id AND act.act IS DISTINCT FROM 'MERGED' THEN
        RAISE EXCEPTION 'a hold is cleared by an officer''s act alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.cleared_at IS NULL AND NOT public.by_owner() AND OLD.agency = 'household' AND act.second IS NULL
       AND NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = OLD.child_id) THEN
        RAISE EXCEPTION 'who joined a household is let go by two officers' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kept AFTER UPDATE OR DELETE ON holds FOR EACH ROW EXECUTE FUNCTION holds_kept();

CREATE FUNCTION releases_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    act public.shield_acts := public.act_in_hand();
BEGIN
    IF NOT public.by_owner() AND (
        act.reference IS DISTINCT FROM NEW.act OR act.second IS NULL OR NEW.member <> act.child_id) THEN
        RAISE EXCEPTION 'a release takes an act of two officers' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kept AFTER INSERT OR UPDATE ON household_releases FOR EACH ROW EXECUTE FUNCTION releases_kept();

-- An act takes its turn before it is written down, so that what it reads afterwards is all there is.
CREATE FUNCTION act_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM public.act_turn();
    RETURN NULL;
END $$;
CREATE TRIGGER act_begins BEFORE INSERT ON shield_acts FOR EACH STATEMENT EXECUTE FUNCTION act_begins();

-- Any officer's act ends every look behind that child's shield.
CREATE FUNCTION overrides_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.overrides SET until = now() WHERE child_id = NEW.child_id AND until > now();
    RETURN NULL;
END $$;
CREATE TRIGGER overrides_end AFTER INSERT ON shield_acts FOR EACH ROW EXECUTE FUNCTION overrides_end();

CREATE FUNCTION never() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'history is written once' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON shield_history FOR EACH ROW EXECUTE FUNCTION never();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON shield_acts FOR EACH ROW EXECUTE FUNCTION never();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON shield_history FOR EACH STATEMENT EXECUTE FUNCTION never();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON shield_acts FOR EACH STATEMENT EXECUTE FUNCTION never();

-- Circles, overrides, holds and shields have their epoch triggers since 0005. Whose household releases change is no
-- decision's matter; whether a record is closed is.
CREATE TRIGGER epoch_lock BEFORE UPDATE OF closed OR DELETE ON children
    FOR EACH STATEMENT EXECUTE FUNCTION shields_changing();
CREATE FUNCTION identity_closed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.shield_epoch SET epoch = epoch + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER epoch_closed AFTER UPDATE OF closed ON children
    FOR EACH ROW WHEN (OLD.closed IS DISTINCT FROM NEW.closed) EXECUTE FUNCTION identity_closed();
CREATE TRIGGER epoch_delete AFTER DELETE ON children FOR EACH ROW EXECUTE FUNCTION identity_closed();

DO $$
DECLARE
    of_table text; named text;
BEGIN
    FOR of_table, named IN
        SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE NOT t.tgisinternal AND c.relname IN ('shields', 'circles', 'holds', 'household_releases', 'shield_acts',
                                                   'shield_history', 'children')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', of_table, named);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION act_in_hand, by_owner, shields_kept, circles_kept, holds_kept, releases_kept, outdone, act_begins,
    overrides_end, never, identity_closed FROM PUBLIC;

-- The gateway reads this. The columns of 0004 stay; a closed record is in no answer.
CREATE OR REPLACE VIEW child_readings WITH (security_invoker = true) AS
SELECT
    c.id, c.number, c.given, c.family, c.name_key, c.given_key, c.birth_date, c.gender,
    c.address_status, c.address_lines, c.postcode, c.uprn, c.authority,
    s.tier, s.authority AS shield_authority, s.withheld,
    EXISTS (SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL) AS held,
    (SELECT json_object_agg(k.system, k.value)::text
       FROM keys k WHERE k.child_id = c.id) AS keys,
    (SELECT json_agg(json_build_object('given', f.given, 'family', f.family) ORDER BY f.position)::text
       FROM former_names f WHERE f.child_id = c.id) AS former_names,
    (SELECT json_agg(json_build_object('organisation', m.organisation, 'categories', m.categories))::text
       FROM circles m
      WHERE m.child_id = c.id AND m.until >= (now() AT TIME ZONE 'Europe/London')::date) AS circle,
    (SELECT json_agg(json_build_object('viewer', o.viewer, 'token', o.token))::text
       FROM overrides o WHERE o.child_id = c.id AND o.until > now()) AS overrides,
    CASE WHEN s.confirmed_at IS NULL THEN s.raised_by END AS unconfirmed_by
FROM children c
LEFT JOIN shields s ON s.child_id = c.id
WHERE NOT c.closed;
