-- All that writes identity. The feed's role writes no table itself: it calls these, which keep laws 1, 2 and 12 whatever
-- the loader believed. To it a protected child, a held one and a closed record look alike.

CREATE OR REPLACE FUNCTION is_protected(child bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.shields WHERE child_id = child)
        OR EXISTS (SELECT FROM public.holds WHERE child_id = child AND cleared_at IS NULL)
        OR EXISTS (SELECT FROM public.children WHERE id = child AND (closed OR own_keys_alone))
$$;

-- Those of them that are protected: the same three look-ups for each, whichever it is.
CREATE FUNCTION protected_among(wanted bigint[]) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT w FROM unnest(wanted) AS w
     WHERE EXISTS (SELECT FROM public.shields WHERE child_id = w)::int
         + EXISTS (SELECT FROM public.holds WHERE child_id = w AND cleared_at IS NULL)::int
         + EXISTS (SELECT FROM public.children WHERE id = w AND (closed OR own_keys_alone))::int > 0
$$;

-- At the beginning of each batch: until it commits nobody else changes identity, or whether a child is protected. No
-- record of an access waits for it: those share the other turn, which a batch takes only to place a hold.
CREATE FUNCTION feed_turn() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM public.demand_fresh_snapshots();
    LOCK TABLE public.identity_turn IN EXCLUSIVE MODE;
END $$;

-- The same for whoever acts on a shield: alone, before anything is read that the act depends on.
CREATE FUNCTION act_turn() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM public.demand_fresh_snapshots();
    LOCK TABLE public.identity_turn IN EXCLUSIVE MODE;
    LOCK TABLE public.shield_turn IN EXCLUSIVE MODE;
END $$;

-- A child's home, as households know it: null where nobody lives together (no fixed address, unknown, left England).
CREATE FUNCTION same_home(a children, b children) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(
        a.address_status IN ('CURRENT', 'LAST_KNOWN') AND b.address_status IN ('CURRENT', 'LAST_KNOWN')
        AND a.postcode = b.postcode AND a.postcode NOT LIKE 'ZZ99%'
        AND (a.uprn = b.uprn AND a.uprn <> '0'
             OR cardinality(a.address_lines) > 0
                AND lower(regexp_replace(a.address_lines[1] || coalesce(a.address_lines[2], ''), '[^[:alnum:]]', '', 'g'))
                  = lower(regexp_replace(b.address_lines[1] || coalesce(b.address_lines[2], ''), '[^[:alnum:]]', '', 'g'))),
        false)
$$;

-- Everybody who shares a home or a named parent. More than twenty at one address live in an institution, not a family:
-- then only those who share a parent are meant.
CREATE FUNCTION household_of(child bigint) RETURNS TABLE (id bigint, by_parent boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH me AS (SELECT c FROM public.children c WHERE c.id = child),
    parents AS (
        SELECT DISTINCT b.child_id FROM public.parent_links a JOIN public.parent_links b USING (fingerprint)
         WHERE a.child_id = child AND b.child_id <> child),
    home AS (
        SELECT o.id FROM me JOIN public.children o ON o.postcode = (me.c).postcode
         WHERE o.id <> child AND NOT o.closed AND public.same_home(me.c, o) LIMIT 21)
    SELECT child_id, true FROM parents
    UNION
    SELECT h.id, false FROM home h
     WHERE (SELECT count(*) FROM home) <= 20 AND h.id NOT IN (SELECT child_id FROM parents)
$$;

-- Whether two officers released the member from the household of that shield, and since it was raised.
CREATE FUNCTION released(member bigint, s shields) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.household_releases r JOIN public.shield_acts a ON a.reference = r.act
                    WHERE r.member = $1 AND r.root IN (s.child_id, s.household_of) AND a.at >= s.raised_at)
$$;

-- Who comes to live with, or turns out to share a parent with, a shielded child is held, unless officers released them;
-- and so are they with whom a shielded child comes to live: their address is now the one that is hidden. Looked for first:
-- even a statement that places no hold takes the shields' turn.
CREATE FUNCTION hold_joiner(child bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    household bigint[] := ARRAY(SELECT h.id FROM public.household_of(child) h);
    joiners bigint[];
BEGIN
    IF cardinality(household) = 0 THEN
        RETURN;
    END IF;
    joiners := ARRAY(
        WITH joining AS MATERIALIZED (  -- whom any shield joins first: who was released is asked of those alone
            SELECT child AS id, s FROM public.shields s WHERE s.child_id = ANY (household)
            UNION ALL
            SELECT h, s FROM unnest(household) h CROSS JOIN public.shields s WHERE s.child_id = child)
        SELECT DISTINCT j.id FROM joining j
         WHERE NOT public.released(j.id, j.s)
           AND NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = j.id)
           AND NOT EXISTS (SELECT FROM public.holds h
                            WHERE h.child_id = j.id AND h.agency = 'household' AND h.cleared_at IS NULL));
    IF cardinality(joiners) > 0 THEN
        INSERT INTO public.holds (child_id, agency, mark)
        SELECT unnest(joiners), 'household', 'HOUSEHOLD_JOINED';
    END IF;
END $$;

-- What a feed's record says, as `adapters/store/feeding.py` sends it.
CREATE TYPE feed_entry AS (
    "position"    int,
    decision      text,          -- UPDATE, CREATE or QUARANTINE
    child         bigint,        -- whom to update
    number        text,          -- of the child to be made, should one be
    reference     text,          -- of the quarantine entry to be made, should one be
    outcome       text,          -- named, where in quarantine
    digest        text,          -- hex sha256 of the content
    row_key       text,          -- hex; where the row has no key of its own
    given         text[],        -- null, as in `whose_alone`: no word of the name
    family        text,
    name_key      text,
    given_key     text,
    family_sound  text,
    given_sound   text,
    birth_date    date,          -- null, as in `whose_alone`: no word of it
    gender        text,          -- null: the source does not say
    address_status text,         -- null: the source does not say
    address_lines text[],
    postcode      text,
    uprn          text,
    authority     text,
    as_of         timestamptz,
    keys          jsonb,         -- {"NHS_NUMBER": "…"}
    parents       text[],        -- hex fingerprints
    candidates    jsonb          -- [{"child": 1, "score": 0.5, "reasons": ["NAME_ALIKE"]}]
);

-- A record with its keys, and nothing that leads from it to another.
CREATE FUNCTION new_child(e feed_entry) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    IF EXISTS (SELECT FROM public.merged_numbers m WHERE m.number = e.number) THEN
        RAISE EXCEPTION 'a number is given once' USING ERRCODE = 'unique_violation';
    END IF;
    INSERT INTO public.children (number, given, family, name_key, given_key, family_sound, given_sound, birth_date, gender,
        address_status, address_lines, postcode, uprn, authority, name_as_of, birth_as_of, gender_as_of, address_as_of)
    VALUES (e.number, e.given, e.family, e.name_key, e.given_key, e.family_sound, e.given_sound, e.birth_date,
        coalesce(e.gender, 'UNKNOWN'), coalesce(e.address_status, 'UNKNOWN'), coalesce(e.address_lines, '{}'), e.postcode,
        e.uprn, e.authority, e.as_of, e.as_of, CASE WHEN e.gender IS NOT NULL THEN e.as_of END,
        CASE WHEN e.address_status IS NOT NULL THEN e.as_of END)
    RETURNING id INTO made;
    INSERT INTO public.keys (system, value, child_id, as_of)
    SELECT k.key, k.value, made, e.as_of FROM jsonb_each_text(coalesce(e.keys, '{}')) k;
    RETURN made;
END $$;

-- The same, as a source tells of a child: with parents, the source's own row, and a home that others may live in.
CREATE FUNCTION newcomer(e feed_entry) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made bigint := public.new_child(e);
BEGIN
    UPDATE public.children SET moved_at = clock_timestamp() WHERE id = made;
    PERFORM public.link_rows(made, e);
    PERFORM public.hold_joiner(made);
    RETURN made;
END $$;

CREATE FUNCTION link_rows(child bigint, e feed_entry, source text DEFAULT current_setting('contactpoint.source', true))
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.parent_links (fingerprint, child_id)
    SELECT decode(p, 'hex'), $1 FROM unnest(($2).parents) p ON CONFLICT DO NOTHING;
    INSERT INTO public.source_rows (source, row_key, child_id)
    SELECT $3, decode(($2).row_key, 'hex'), $1 WHERE ($2).row_key IS NOT NULL AND coalesce($3, '') <> ''
    ON CONFLICT DO NOTHING;
$$;

-- Whether `link_rows` would add nothing.
CREATE FUNCTION linked(child bigint, e feed_entry, source text DEFAULT current_setting('contactpoint.source', true))
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM unnest(($2).parents) p
                        WHERE NOT EXISTS (SELECT FROM public.parent_links l
                                           WHERE l.fingerprint = decode(p, 'hex') AND l.child_id = $1))
       AND (($2).row_key IS NULL OR coalesce($3, '') = ''
            OR EXISTS (SELECT FROM public.source_rows r WHERE r.source = $3 AND r.row_key = decode(($2).row_key, 'hex')))
$$;

-- Given names, or an address, that say in fewer words what is known: a row that leaves something out takes nothing away.
CREATE FUNCTION given_in_fewer(e feed_entry, c children) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(lower(array_to_string(e.given, '/'))
                  = lower(array_to_string(c.given[:cardinality(e.given)], '/')), false)
$$;
CREATE FUNCTION home_in_fewer(e feed_entry, c children) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(
        e.address_status = c.address_status AND e.postcode = c.postcode AND (e.uprn IS NULL OR e.uprn = c.uprn)
        AND lower(regexp_replace(array_to_string(coalesce(e.address_lines, '{}'), ''), '[^[:alnum:]]', '', 'g'))
            IN ('', lower(regexp_replace(array_to_string(c.address_lines, ''), '[^[:alnum:]]', '', 'g'))), false)
$$;

-- What of a row is told of a child when people have said that it is that child's: they said whose it is, and not that its
-- spelling is right. Name and birth date stand as they are, but for the one whose change was what they were asked about.
CREATE FUNCTION whose_alone(e feed_entry, outcome text) RETURNS feed_entry
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF outcome <> 'PROTECTED_NAME_CHANGE' THEN
        e.given := NULL;
        e.family := NULL;
    END IF;
    IF outcome NOT IN ('PROTECTED_BIRTH_DATE_CHANGE', 'BIRTH_DATE_MOVED') THEN
        e.birth_date := NULL;
    END IF;
    RETURN e;
END $$;

-- Writes what is newer, fact by fact; a name replaced becomes a former one, a key replaced stays findable.
-- Of a protected child neither name nor birth date nor any key it has is changed unless `forced` by its officers.
-- No key is ever taken from another child.
CREATE FUNCTION write_child(child bigint, e feed_entry, forced boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c public.children;
    shut boolean := NOT forced AND public.is_protected(child);
    renamed boolean;
    reborn boolean;
    moved boolean;
    changed boolean;
    k record;
    parents int;
BEGIN
    SELECT * INTO STRICT c FROM public.children WHERE id = child FOR NO KEY UPDATE;
    IF e.given <> c.given AND public.given_in_fewer(e, c) THEN
        e.given := c.given;
    END IF;
    renamed := e.given IS NOT NULL AND (c.given, c.family) IS DISTINCT FROM (e.given, e.family)
           AND e.as_of > coalesce(c.name_as_of, '-infinity') AND NOT shut;
    reborn := e.birth_date IS NOT NULL AND c.birth_date <> e.birth_date
          AND e.as_of > coalesce(c.birth_as_of, '-infinity') AND NOT shut;
    moved := e.address_status IS NOT NULL AND e.as_of > coalesce(c.address_as_of, '-infinity')
         AND (c.address_status, c.address_lines, c.postcode, c.uprn)
             IS DISTINCT FROM (e.address_status, e.address_lines, e.postcode, e.uprn)
         AND NOT public.home_in_fewer(e, c);
    changed := renamed OR reborn OR moved
            OR e.gender IS NOT NULL AND c.gender <> e.gender AND e.as_of > coalesce(c.gender_as_of, '-infinity');
    IF renamed AND (c.name_key, c.given_key) IS DISTINCT FROM (e.name_key, e.given_key) THEN
        UPDATE public.former_names SET position = position + 10001 WHERE child_id = child;
        UPDATE public.former_names SET position = position - 10000 WHERE child_id = child;
        INSERT INTO public.former_names (child_id, position, given, family, family_sound, given_sound)
        VALUES (child, 0, c.given, c.family, c.family_sound, c.given_sound);
    END IF;
    UPDATE public.children x SET
        given = CASE WHEN renamed THEN e.given ELSE x.given END,
        family = CASE WHEN renamed THEN e.family ELSE x.family END,
        name_key = CASE WHEN renamed THEN e.name_key ELSE x.name_key END,
        given_key = CASE WHEN renamed THEN e.given_key ELSE x.given_key END,
        family_sound = CASE WHEN renamed THEN e.family_sound ELSE x.family_sound END,
        given_sound = CASE WHEN renamed THEN e.given_sound ELSE x.given_sound END,
        name_as_of = CASE WHEN shut OR e.given IS NULL THEN x.name_as_of ELSE greatest(x.name_as_of, e.as_of) END,
        birth_date = CASE WHEN reborn THEN e.birth_date ELSE x.birth_date END,
        birth_as_of = CASE WHEN shut OR e.birth_date IS NULL THEN x.birth_as_of ELSE greatest(x.birth_as_of, e.as_of) END,
        gender = CASE WHEN e.gender IS NOT NULL AND e.as_of > coalesce(x.gender_as_of, '-infinity') THEN e.gender
                      ELSE x.gender END,
        gender_as_of = CASE WHEN e.gender IS NULL THEN x.gender_as_of ELSE greatest(x.gender_as_of, e.as_of) END,
        address_status = CASE WHEN moved THEN e.address_status ELSE x.address_status END,
        address_lines = CASE WHEN moved THEN coalesce(e.address_lines, '{}') ELSE x.address_lines END,
        postcode = CASE WHEN moved THEN e.postcode ELSE x.postcode END,
        uprn = CASE WHEN moved THEN e.uprn ELSE x.uprn END,
        authority = CASE WHEN moved THEN coalesce(e.authority, x.authority) ELSE x.authority END,
        moved_at = CASE WHEN moved THEN clock_timestamp() ELSE x.moved_at END,
        address_as_of = CASE WHEN e.address_status IS NULL THEN x.address_as_of
                             ELSE greatest(x.address_as_of, e.as_of) END
     WHERE id = child;
    FOR k IN SELECT n.key AS system, n.value, h.value AS had, h.as_of AS had_as_of,
                    (SELECT o.child_id FROM public.keys o WHERE o.system = n.key AND o.value = n.value) AS of_child
               FROM jsonb_each_text(coalesce(e.keys, '{}')) n
               LEFT JOIN public.keys h ON h.child_id = child AND h.system = n.key
    LOOP
        IF k.of_child IS NULL AND k.had IS NULL THEN
            INSERT INTO public.keys (system, value, child_id, as_of) VALUES (k.system, k.value, child, e.as_of);
            changed := true;
        ELSIF k.of_child IS NULL AND NOT shut AND e.as_of > coalesce(k.had_as_of, '-infinity')
              AND NOT EXISTS (SELECT FROM public.former_keys f WHERE f.system = k.system AND f.value = k.value
                                 AND f.child_id = child) THEN
            INSERT INTO public.former_keys (system, value, child_id) VALUES (k.system, k.had, child) ON CONFLICT DO NOTHING;
            UPDATE public.keys SET value = k.value, as_of = e.as_of
             WHERE keys.child_id = child AND keys.system = k.system;
            changed := true;
        END IF;
    END LOOP;
    IF NOT public.linked(child, e) THEN
        parents := (SELECT count(*) FROM public.parent_links WHERE child_id = child);
        PERFORM public.link_rows(child, e);
        parents := (SELECT count(*) FROM public.parent_links WHERE child_id = child) - parents;
    END IF;
    IF moved OR parents > 0 THEN
        PERFORM public.hold_joiner(child);
    END IF;
    RETURN changed;
END $$;

-- Of a batch, the rows that say of an open child what is known already; their positions. That they say it anew is kept,
-- for all of them at once. A child that another row of the batch may be about is left to be written in turn.
CREATE FUNCTION say_again(source text, entries feed_entry[]) RETURNS int[]
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH told AS MATERIALIZED (
        SELECT e, q.digest IS NOT NULL AS waited, q.child_id AS given_to, count(*) OVER (PARTITION BY e.child) AS rows
          FROM unnest($2) e LEFT JOIN public.quarantine q ON q.source = $1 AND q.digest = decode(e.digest, 'hex')
    ), again AS MATERIALIZED (
        SELECT (t.e).position, x.id, (t.e).gender, (t.e).address_status,
               least(coalesce((t.e).as_of, '-infinity'), clock_timestamp()) AS as_of  -- no word holds against tomorrow's
          FROM told t JOIN public.children x ON x.id = (t.e).child
         WHERE (t.e).decision = 'UPDATE' AND NOT x.closed AND NOT x.own_keys_alone
           AND NOT t.waited AND t.rows = 1
           AND x.id NOT IN (SELECT o.given_to FROM told o WHERE o.given_to IS NOT NULL)
           AND (x.given, x.family, x.birth_date) IS NOT DISTINCT FROM ((t.e).given, (t.e).family, (t.e).birth_date)
           AND ((t.e).gender IS NULL OR (t.e).gender = x.gender)
           AND ((t.e).address_status IS NULL
                OR (x.address_status, x.address_lines, x.postcode, x.uprn)
                   IS NOT DISTINCT FROM ((t.e).address_status, (t.e).address_lines, (t.e).postcode, (t.e).uprn))
           AND NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = x.id)
           AND NOT EXISTS (SELECT FROM public.holds h WHERE h.child_id = x.id AND h.cleared_at IS NULL)
           AND NOT EXISTS (SELECT FROM jsonb_each_text((t.e).keys) n
                            WHERE NOT EXISTS (SELECT FROM public.keys k
                                               WHERE k.system = n.key AND k.value = n.value AND k.child_id = x.id))
           AND public.linked(x.id, t.e, $1)
    ), kept AS (
        UPDATE public.children x SET
            name_as_of = greatest(x.name_as_of, a.as_of), birth_as_of = greatest(x.birth_as_of, a.as_of),
            gender_as_of = CASE WHEN a.gender IS NULL THEN x.gender_as_of ELSE greatest(x.gender_as_of, a.as_of) END,
            address_as_of = CASE WHEN a.address_status IS NULL THEN x.address_as_of
                                 ELSE greatest(x.address_as_of, a.as_of) END
          FROM again a WHERE x.id = a.id
    )
    SELECT coalesce(array_agg(position), '{}') FROM again
$$;

-- Protected children that an entry would double, should it become an open record: of its very birth date and both its
-- sounds, or bearing one of its keys, now or once. `widely`: who is like it in any one way that feeds look for.
CREATE FUNCTION protected_like(e feed_entry, but bigint, widely boolean) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM (
        SELECT c.id FROM public.children c
         WHERE c.birth_date = e.birth_date AND c.family_sound = e.family_sound AND c.given_sound = e.given_sound
        UNION
        SELECT c.id FROM public.children c
         WHERE c.birth_date = e.birth_date AND c.family_sound = e.given_sound AND c.given_sound = e.family_sound
        UNION
        SELECT f.child_id FROM public.former_names f JOIN public.children c ON c.id = f.child_id
         WHERE f.family_sound = e.family_sound AND f.given_sound = e.given_sound AND c.birth_date = e.birth_date
        UNION
        SELECT k.child_id FROM jsonb_each_text(coalesce(e.keys, '{}')) n
          JOIN public.keys k ON k.system = n.key AND k.value = n.value
        UNION
        SELECT k.child_id FROM jsonb_each_text(coalesce(e.keys, '{}')) n
          JOIN public.former_keys k ON k.system = n.key AND k.value = n.value
        UNION
        SELECT c.id FROM public.children c
         WHERE widely AND c.birth_date = e.birth_date AND (c.family_sound = e.family_sound OR c.given_sound = e.given_sound)
        UNION
        SELECT c.id FROM public.children c
         WHERE widely AND c.family_sound || ' ' || c.given_sound = e.family_sound || ' ' || e.given_sound
        UNION
        SELECT c.id FROM public.children c
         WHERE widely AND c.postcode = e.postcode AND c.given_sound = e.given_sound
    ) alike
     WHERE id IS DISTINCT FROM but AND public.is_protected(id)
$$;

CREATE FUNCTION count_dropped(rows bigint) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.dropped_rows AS d SELECT current_date, $1 WHERE $1 > 0
    ON CONFLICT (on_day) DO UPDATE SET number_of = d.number_of + excluded.number_of
$$;

-- Puts a doubt aside; the same doubt from the same source is raised once. A row that bears a closed record's key, or was
-- surely taken for one, is dropped and counted: to whoever asks, it waits like any other.
CREATE FUNCTION put_aside(source text, e feed_entry) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    closed_likeness boolean;
BEGIN
    IF EXISTS (
        SELECT FROM jsonb_each_text(coalesce(e.keys, '{}')) n
          JOIN (SELECT k.system, k.value, k.child_id FROM public.keys k
                UNION ALL SELECT f.system, f.value, f.child_id FROM public.former_keys f) k
            ON k.system = n.key AND k.value = n.value
          JOIN public.children c ON c.id = k.child_id AND c.closed)
       OR EXISTS (SELECT FROM public.children c WHERE c.id = e.child AND c.closed) THEN
        PERFORM public.count_dropped(1);
        RETURN;
    END IF;
    INSERT INTO public.quarantine (reference, source, digest, entry, outcome)
    VALUES (e.reference, source, decode(e.digest, 'hex'), to_jsonb(e) - 'candidates', e.outcome)
    ON CONFLICT ON CONSTRAINT quarantine_source_digest_key DO NOTHING;
    IF FOUND THEN
        -- Whoever reads this entry must not learn that a closed record and a new one are alike.
        closed_likeness := EXISTS (
            SELECT FROM jsonb_to_recordset(e.candidates) AS x (child bigint)
              JOIN public.children c ON c.id = x.child AND c.closed);
        INSERT INTO public.quarantine_candidates (reference, child_id, score, reasons)
        SELECT e.reference, x.child, x.score, x.reasons
          FROM jsonb_to_recordset(coalesce(e.candidates, '[]')) AS x (child bigint, score real, reasons text[])
          JOIN public.children c ON c.id = x.child
         WHERE NOT (closed_likeness AND c.own_keys_alone)
        ON CONFLICT DO NOTHING;
        -- Whom the matcher did not name, the store does: else stewards would be shown it whole.
        INSERT INTO public.quarantine_candidates (reference, child_id, score, reasons)
        SELECT e.reference, l.id, 0, '{}' FROM public.protected_like(e, NULL, false) AS l (id)
          JOIN public.children c ON c.id = l.id
         WHERE NOT (closed_likeness AND c.own_keys_alone)
        ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- One batch, after `feed_turn`. What each came to: CREATED, UPDATED, UNCHANGED or QUARANTINED.
CREATE FUNCTION feed_apply(source text, entries jsonb) RETURNS TABLE ("position" int, came_to text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    said public.feed_entry[] := ARRAY(SELECT x FROM jsonb_populate_recordset(NULL::public.feed_entry, entries) x);
    again int[];
    e public.feed_entry;
    kept record;
    c record;
    shut boolean;
    doubled bigint[];
BEGIN
    PERFORM public.feed_turn();
    PERFORM set_config('contactpoint.source', source, true);
    again := public.say_again(source, said);
    RETURN QUERY SELECT unnest(again), 'UNCHANGED';
    FOREACH e IN ARRAY said LOOP
        CONTINUE WHEN e.position = ANY (again);
        e.as_of := least(coalesce(e.as_of, '-infinity'), clock_timestamp());   -- no word holds against tomorrow's
        -- What stewards or officers said of this very row holds, whatever the matcher says of it today.
        SELECT q.state, q.child_id, q.outcome INTO kept FROM public.quarantine q
         WHERE q.source = source AND q.digest = decode(e.digest, 'hex');
        IF kept.state IN ('PENDING', 'REJECTED') THEN
            "position" := e.position; came_to := 'QUARANTINED';
            RETURN NEXT;
            CONTINUE;
        ELSIF kept.state IN ('SAME', 'DIFFERENT') AND NOT public.is_protected(kept.child_id) THEN
            -- Known by that word alone, and by neither row nor key, it says no more than it said then.
            IF kept.state = 'SAME' AND (e.decision <> 'UPDATE' OR e.child IS DISTINCT FROM kept.child_id) THEN
                e := public.whose_alone(e, kept.outcome);
            END IF;
            e.decision := 'UPDATE';
            e.child := kept.child_id;
        END IF;
        IF e.decision = 'UPDATE' THEN
            SELECT x.closed, x.own_keys_alone, e.given IS NOT NULL AND (x.given, x.family) IS DISTINCT FROM (e.given, e.family)
                       AND (x.name_key, x.given_key) IS DISTINCT FROM (e.name_key, e.given_key)
                       AND e.as_of > coalesce(x.name_as_of, '-infinity') AS renamed,
                   x.birth_date <> e.birth_date AND e.as_of > coalesce(x.birth_as_of, '-infinity') AS reborn,
                   EXISTS (SELECT FROM public.keys k WHERE k.child_id = x.id AND e.keys ->> k.system = k.value) AS by_key,
                   EXISTS (SELECT FROM public.keys k WHERE k.child_id = x.id AND e.keys ->> k.system <> k.value) AS rekeyed
              INTO STRICT c FROM public.children x WHERE x.id = e.child;
            shut := public.is_protected(e.child);
            IF shut AND (c.renamed OR c.reborn OR c.rekeyed OR c.closed
                                                 OR c.own_keys_alone AND NOT c.by_key) THEN
                e.decision := 'QUARANTINE';
                e.outcome := CASE WHEN c.renamed THEN 'PROTECTED_NAME_CHANGE'
                                  WHEN c.reborn THEN 'PROTECTED_BIRTH_DATE_CHANGE' ELSE 'LIKE_PROTECTED' END;
                e.candidates := jsonb_build_array(jsonb_build_object('child', e.child, 'score', 1, 'reasons', '{}'::text[]));
            END IF;
        END IF;
        -- Law 2, whatever the matcher believed: no open record comes to be that doubles a protected child.
        doubled := '{}';
        IF e.decision = 'CREATE' THEN
            doubled := ARRAY(SELECT public.protected_like(e, NULL, false));
        ELSIF e.decision = 'UPDATE' THEN
            IF NOT shut AND (c.renamed OR c.reborn) THEN
                doubled := ARRAY(SELECT public.protected_like(e, e.child, false));
            END IF;
        END IF;
        IF cardinality(doubled) > 0 THEN
            e.candidates := (SELECT jsonb_agg(jsonb_build_object('child', d, 'score', 0, 'reasons', '{}'::text[]))
                               FROM unnest(doubled) d);
            e.decision := 'QUARANTINE';
            e.outcome := 'LIKE_PROTECTED';
        END IF;
        "position" := e.position;
        came_to := CASE e.decision WHEN 'UPDATE' THEN 'UPDATED' WHEN 'CREATE' THEN 'CREATED' ELSE 'QUARANTINED' END;
        IF e.decision = 'UPDATE' THEN
            IF NOT public.write_child(e.child, e, false) THEN
                came_to := 'UNCHANGED';
            END IF;
        ELSIF e.decision = 'CREATE' THEN
            PERFORM public.newcomer(e);
        ELSE
            PERFORM public.put_aside(source, e);
        END IF;
        RETURN NEXT;
    END LOOP;
EXCEPTION WHEN integrity_constraint_violation OR data_exception OR no_data_found THEN
    -- The server's own words would quote the row that would not fit, and where in here it was.
    RAISE EXCEPTION 'a record of the batch cannot be written' USING ERRCODE = SQLSTATE;
END $$;

-- Begin or go on with a file: how many of its rows are done, and whether all are.
CREATE FUNCTION feed_begin(source text, digest bytea, as_of timestamptz)
RETURNS TABLE (rows_done bigint, finished boolean, counts jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.feed_loads AS l (source, digest, as_of) VALUES ($1, $2, $3)
    ON CONFLICT (source, digest) DO UPDATE SET touched_at = now()
    RETURNING l.rows_done, l.finished, l.counts
$$;
-- In the batch's own transaction: what is written and how far we are can never differ.
CREATE FUNCTION feed_progress(source text, digest bytea, rows_done bigint, counts jsonb, rejects jsonb, finished boolean)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.feed_loads SET rows_done = $3, counts = $4, finished = $6, touched_at = clock_timestamp()
     WHERE source = $1 AND digest = $2;
    INSERT INTO public.feed_rejects (source, digest, line, field, reason)
    SELECT $1, $2, x.line, x.field, x.reason FROM jsonb_to_recordset($5) AS x (line bigint, field text, reason text)
    ON CONFLICT DO NOTHING;
$$;
REVOKE ALL ON FUNCTION is_protected, protected_among, feed_turn, act_turn, same_home, household_of, released, hold_joiner, new_child, newcomer,
    link_rows, linked, say_again, given_in_fewer, home_in_fewer, whose_alone, write_child, protected_like, count_dropped, put_aside, feed_apply, feed_begin, feed_progress FROM PUBLIC;
REVOKE ALL ON TYPE feed_entry FROM PUBLIC;
