-- Quarantine is resolved here, records are merged here, and a child is given a new identity here.

CREATE FUNCTION entry_is_protected(entry text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.quarantine_candidates q WHERE q.reference = $1 AND public.is_protected(q.child_id))
$$;

-- What a steward sees: whole where no candidate is protected, else that something waits. Pages by (received_at, reference).
CREATE FUNCTION quarantine_for_stewards(after_at timestamptz, after_reference text, most int)
RETURNS TABLE (reference text, received_at timestamptz, source text, outcome text, entry jsonb, candidates jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT q.reference, q.received_at,
           CASE WHEN NOT p.hidden THEN q.source END, CASE WHEN NOT p.hidden THEN q.outcome END,
           CASE WHEN NOT p.hidden THEN q.entry END,
           CASE WHEN NOT p.hidden THEN (
               SELECT jsonb_agg(jsonb_build_object('number', c.number, 'reasons', x.reasons) ORDER BY x.score DESC, c.number)
                 FROM public.quarantine_candidates x JOIN public.children c ON c.id = x.child_id
                WHERE x.reference = q.reference) END
      FROM public.quarantine q CROSS JOIN LATERAL (SELECT public.entry_is_protected(q.reference) AS hidden) p
     WHERE q.state = 'PENDING' AND ($1 IS NULL OR (q.received_at, q.reference) > ($1, $2))
     ORDER BY q.received_at, q.reference LIMIT $3
$$;

-- What an authority's officers see: entries whose foremost protected candidate is theirs, a sealed one before any other
-- and for its custodians alone; of its candidates those of theirs. A closed record is nobody's candidate. `anothers`: a
-- protected candidate is left out, whose whereabouts the entry may tell.
CREATE FUNCTION quarantine_for_officers(of_authority text, officer text, custodian boolean, after_at timestamptz,
                                        after_reference text, most int)
RETURNS TABLE (reference text, received_at timestamptz, source text, outcome text, entry jsonb, candidates jsonb,
               anothers boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    -- From protected children to entries, and not from all that waits: that may be tens of thousands.
    WITH near AS (
        SELECT x.reference FROM public.shields s JOIN public.quarantine_candidates x USING (child_id) WHERE s.authority = $1
        UNION
        SELECT x.reference FROM public.holds h JOIN public.quarantine_candidates x USING (child_id)
         WHERE h.cleared_at IS NULL
        UNION
        SELECT x.reference FROM public.children c JOIN public.quarantine_candidates x ON x.child_id = c.id
         WHERE c.closed OR c.own_keys_alone),
    likely AS MATERIALIZED (
        SELECT x.reference, c.number, c.closed, x.reasons, x.score, a.authority, a.sealed,
               coalesce(a.authority = $1 AND NOT c.closed AND (NOT a.sealed OR $3), false) AS told,
               coalesce(s.confirmed_at IS NULL AND s.raised_by = $2, false) AS raised,
               public.is_protected(c.id) AS protected
          FROM near JOIN public.quarantine q USING (reference) JOIN public.quarantine_candidates x USING (reference)
          JOIN public.children c ON c.id = x.child_id
          LEFT JOIN public.shields s ON s.child_id = c.id
         CROSS JOIN LATERAL (
            SELECT coalesce(s.authority, c.authority) AS authority, coalesce(s.tier = 'SEALED', false) AS sealed) a
         WHERE q.state = 'PENDING'),
    foremost AS (
        SELECT DISTINCT ON (reference) * FROM likely WHERE protected AND authority IS NOT NULL
         ORDER BY reference, closed, sealed DESC, score DESC, number)
    SELECT q.reference, q.received_at, q.source, q.outcome, q.entry,
           (SELECT jsonb_agg(jsonb_build_object('number', l.number, 'reasons', l.reasons) ORDER BY l.score DESC, l.number)
              FROM likely l WHERE l.reference = q.reference AND l.told),
           EXISTS (SELECT FROM likely l WHERE l.reference = q.reference AND l.protected AND NOT l.told)
      FROM public.quarantine q JOIN foremost f USING (reference)
     WHERE f.authority = $1 AND (NOT f.sealed OR $3)
       -- It may be of the child whose shield this officer raised and nobody has confirmed, foremost or not.
       AND NOT EXISTS (SELECT FROM likely l WHERE l.reference = q.reference AND l.raised)
       AND ($4 IS NULL OR (q.received_at, q.reference) > ($4, $5))
     ORDER BY q.received_at, q.reference LIMIT $6
$$;

-- Inner: no role may call it. Whose it is then; null where the entry no longer waits.
CREATE FUNCTION resolve(entry text, resolution text, number text, officer text, second text, reason text, forced boolean)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    q public.quarantine;
    e public.feed_entry;
    child bigint;
BEGIN
    SELECT * INTO q FROM public.quarantine WHERE quarantine.reference = entry AND state = 'PENDING' FOR UPDATE;
    IF q.reference IS NULL THEN
        RETURN NULL;
    END IF;
    e := jsonb_populate_record(NULL::public.feed_entry, q.entry);
    PERFORM set_config('contactpoint.source', q.source, true);
    IF resolution = 'SAME' THEN
        SELECT c.id INTO child FROM public.children c JOIN public.quarantine_candidates x ON x.child_id = c.id
         WHERE x.reference = entry AND c.number = number AND NOT c.closed;
        IF child IS NULL THEN
            RETURN NULL;
        END IF;
        PERFORM public.write_child(child, public.whose_alone(e, q.outcome), forced);
    ELSIF resolution = 'DIFFERENT' THEN
        -- A key that is somebody's stays theirs.
        e.keys := (SELECT coalesce(jsonb_object_agg(n.key, n.value), '{}') FROM jsonb_each_text(coalesce(e.keys, '{}')) n
                    WHERE NOT EXISTS (SELECT FROM public.keys k WHERE k.system = n.key AND k.value = n.value)
                      AND NOT EXISTS (SELECT FROM public.former_keys k WHERE k.system = n.key AND k.value = n.value));
        child := public.newcomer(e);
    END IF;
    UPDATE public.quarantine SET state = CASE resolution WHEN 'REJECT' THEN 'REJECTED' ELSE resolution END,
           child_id = child, resolved_by = officer, second = second, reason = reason, resolved_at = clock_timestamp()
     WHERE quarantine.reference = entry;
    RETURN coalesce(child, 0);
END $$;

-- Stewards: only where no candidate is protected; otherwise as an entry that does not exist.
CREATE FUNCTION resolve_entry(entry text, resolution text, number text, steward text, reason text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM public.feed_turn();
    -- A child may have been shielded, or become known, after the entry was put aside: then it is its officers' now.
    INSERT INTO public.quarantine_candidates (reference, child_id, score, reasons)
    SELECT q.reference, l.id, 0, '{}' FROM public.quarantine q
      CROSS JOIN LATERAL public.protected_like(jsonb_populate_record(NULL::public.feed_entry, q.entry), NULL, true) AS l (id)
     WHERE q.reference = resolve_entry.entry AND q.state = 'PENDING'
    ON CONFLICT DO NOTHING;
    IF public.entry_is_protected(entry) THEN
        RETURN false;
    END IF;
    RETURN public.resolve(entry, resolution, number, steward, NULL, reason, false) IS NOT NULL;
EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
    RAISE EXCEPTION 'the entry cannot be resolved' USING ERRCODE = SQLSTATE;
END $$;

-- Officers, within an act. `different` takes two, and the new record starts SHIELDED under their authority.
CREATE FUNCTION resolve_protected_entry(entry text, resolution text, number text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    act public.shield_acts := public.act_in_hand();
    child bigint;
BEGIN
    PERFORM public.act_turn();
    IF act.reference IS NULL OR resolution = 'DIFFERENT' AND act.second IS NULL
       OR NOT EXISTS (SELECT FROM public.quarantine_candidates x JOIN public.children c ON c.id = x.child_id
                       WHERE x.reference = entry AND x.child_id = act.child_id
                         AND (resolution <> 'SAME' OR c.number = $3)) THEN
        RAISE EXCEPTION 'this takes an act of two officers on the child it is about' USING ERRCODE = 'insufficient_privilege';
    END IF;
    child := public.resolve(entry, resolution, number, act.officer, act.second, act.reason, true);
    IF resolution = 'DIFFERENT' AND child > 0 THEN
        INSERT INTO public.shields (child_id, tier, authority, ground, review_on, raised_by, raised_from)
        VALUES (child, 'SHIELDED', act.authority, 'like a protected child', current_date + 90, act.officer, act.authority);
    END IF;
    RETURN child IS NOT NULL;
END $$;

-- Two records of one child become one, within an act of two officers named on the survivor; the strictest of all stays.
CREATE FUNCTION merge_children(survivor bigint, loser bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    s public.shields; l public.shields;
    act public.shield_acts := public.act_in_hand();
    after_position int;
BEGIN
    PERFORM public.act_turn();
    IF act.act IS DISTINCT FROM 'MERGED' OR act.second IS NULL OR act.child_id <> survivor OR survivor = loser
       OR 2 <> (SELECT count(*) FROM public.children WHERE id IN (survivor, loser) AND NOT closed AND NOT own_keys_alone) THEN
        RAISE EXCEPTION 'these cannot be merged' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO s FROM public.shields WHERE child_id = survivor;
    SELECT * INTO l FROM public.shields WHERE child_id = loser;
    IF l.child_id IS NOT NULL THEN
        -- The survivor's first, so that at no moment the child has none.
        IF s.child_id IS NULL THEN
            DELETE FROM public.circles WHERE child_id = survivor;
            INSERT INTO public.shields SELECT (jsonb_populate_record(l, jsonb_build_object('child_id', survivor))).*;
            INSERT INTO public.circles SELECT survivor, organisation, categories, until FROM public.circles WHERE child_id = loser;
        ELSE
            UPDATE public.shields SET
                tier = CASE WHEN 'SEALED' IN (s.tier, l.tier) THEN 'SEALED' ELSE 'SHIELDED' END,
                withheld = (SELECT coalesce(array_agg(DISTINCT w ORDER BY w), '{}') FROM unnest(s.withheld || l.withheld) w),
                review_on = least(s.review_on, l.review_on)
             WHERE child_id = survivor;
            DELETE FROM public.circles c WHERE c.child_id = survivor
               AND NOT EXISTS (SELECT FROM public.circles o WHERE o.child_id = loser AND o.organisation = c.organisation);
            UPDATE public.circles c SET until = least(c.until, o.until),
                   categories = ARRAY(SELECT unnest(c.categories) INTERSECT SELECT unnest(o.categories))
              FROM public.circles o
             WHERE c.child_id = survivor AND o.child_id = loser AND o.organisation = c.organisation;
        END IF;
    ELSIF s.child_id IS NOT NULL AND EXISTS (SELECT FROM public.circles WHERE child_id = loser) THEN
        DELETE FROM public.circles WHERE child_id = loser;
    END IF;
    INSERT INTO public.holds (child_id, agency, mark)
    SELECT survivor, agency, mark FROM public.holds WHERE child_id = loser AND cleared_at IS NULL
    ON CONFLICT (child_id, agency, mark) WHERE cleared_at IS NULL DO NOTHING;
    INSERT INTO public.former_keys (system, value, child_id)
    SELECT system, value, survivor FROM public.former_keys WHERE child_id = loser
    UNION SELECT k.system, k.value, survivor FROM public.keys k WHERE k.child_id = loser
             AND EXISTS (SELECT FROM public.keys o WHERE o.child_id = survivor AND o.system = k.system)
    ON CONFLICT DO NOTHING;
    DELETE FROM public.keys k WHERE k.child_id = loser
       AND EXISTS (SELECT FROM public.keys o WHERE o.child_id = survivor AND o.system = k.system);
    UPDATE public.keys SET child_id = survivor WHERE child_id = loser;
    SELECT coalesce(max(position) + 1, 0) INTO after_position FROM public.former_names WHERE child_id = survivor;
    INSERT INTO public.former_names (child_id, position, given, family, family_sound, given_sound)
    SELECT survivor, after_position, given, family, family_sound, given_sound FROM public.children WHERE id = loser
    UNION ALL
    SELECT survivor, after_position + 1 + position, given, family, family_sound, given_sound
      FROM public.former_names WHERE child_id = loser;
    INSERT INTO public.parent_links SELECT fingerprint, survivor FROM public.parent_links WHERE child_id = loser ON CONFLICT DO NOTHING;
    UPDATE public.source_rows SET child_id = survivor WHERE child_id = loser;
    UPDATE public.quarantine SET child_id = survivor WHERE child_id = loser;
    INSERT INTO public.quarantine_candidates SELECT reference, survivor, score, reasons
      FROM public.quarantine_candidates WHERE child_id = loser ON CONFLICT DO NOTHING;
    INSERT INTO public.merged_numbers (number) SELECT number FROM public.children WHERE id = loser;
    UPDATE public.shields SET household_of = NULLIF(survivor, child_id) WHERE household_of = loser;
    DELETE FROM public.household_releases WHERE loser IN (root, member);
    DELETE FROM public.shield_proposals WHERE child_id = loser;
    DELETE FROM public.quarantine_candidates WHERE child_id = loser;
    DELETE FROM public.parent_links WHERE child_id = loser;
    DELETE FROM public.former_keys WHERE child_id = loser;
    DELETE FROM public.former_names WHERE child_id = loser;
    DELETE FROM public.broker_references WHERE child_id = loser;
    DELETE FROM public.overrides WHERE child_id = loser;
    DELETE FROM public.circles WHERE child_id = loser;
    DELETE FROM public.holds WHERE child_id = loser;
    DELETE FROM public.shields WHERE child_id = loser;
    DELETE FROM public.children WHERE id = loser;
END $$;

-- Law 12, within an act of two officers named on the OLD record. Nothing that is written names both records: the old one
-- is sealed and closed; the new one has keys of its own, no past, and its own shield. Two statements of one transaction.
CREATE FUNCTION close_child(child bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    act public.shield_acts := public.act_in_hand();
    orphaned text[];
BEGIN
    IF act.act IS DISTINCT FROM 'CLOSED' OR act.second IS NULL OR act.child_id <> child THEN
        RAISE EXCEPTION 'this takes an act of two officers' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM public.act_turn();
    INSERT INTO public.shields (child_id, tier, authority, ground, review_on)
    SELECT id, 'SEALED', coalesce(authority, act.authority), 'closed', 'infinity' FROM public.children WHERE id = child
    ON CONFLICT (child_id) DO UPDATE SET tier = 'SEALED', review_on = 'infinity', household_of = NULL;
    UPDATE public.shields SET household_of = NULL WHERE household_of = child;
    DELETE FROM public.circles WHERE child_id = child;
    DELETE FROM public.broker_references WHERE child_id = child;
    DELETE FROM public.parent_links WHERE child_id = child;
    DELETE FROM public.shield_proposals WHERE child_id = child;  -- they hold the new identity's digest
    UPDATE public.children SET closed = true WHERE id = child;
    -- What waits for this child's officers alone could be resolved by nobody now: dropped, as rows with its keys are.
    orphaned := ARRAY(
        SELECT q.reference FROM public.quarantine_candidates x JOIN public.quarantine q USING (reference)
         WHERE x.child_id = child AND q.state = 'PENDING'
           AND NOT EXISTS (SELECT FROM public.quarantine_candidates o JOIN public.children c ON c.id = o.child_id
                            WHERE o.reference = q.reference AND NOT c.closed AND public.is_protected(c.id)));
    DELETE FROM public.quarantine_candidates WHERE reference = ANY (orphaned);
    DELETE FROM public.quarantine WHERE reference = ANY (orphaned);
    PERFORM public.count_dropped(cardinality(orphaned));
END $$;

CREATE FUNCTION new_identity(e feed_entry, of_authority text, officer text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made bigint;
    act public.shield_acts := public.act_in_hand();
BEGIN
    IF act.act IS DISTINCT FROM 'CLOSED' OR act.second IS NULL THEN
        RAISE EXCEPTION 'this takes an act of two officers' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- A key that anybody has or had is no new one; former keys count.
    IF EXISTS (SELECT FROM jsonb_each_text(coalesce(e.keys, '{}')) n
                WHERE EXISTS (SELECT FROM public.keys k WHERE k.system = n.key AND k.value = n.value)
                   OR EXISTS (SELECT FROM public.former_keys k WHERE k.system = n.key AND k.value = n.value)) THEN
        RETURN NULL;
    END IF;
    -- No time of its own tells when: the old record was closed at this very moment.
    e.as_of := date_trunc('day', now());
    made := public.new_child(e);
    -- An act of its own, dated by the day: the old record's is in another row, under another reference.
    PERFORM set_config('contactpoint.act', public.random_reference(), true);
    INSERT INTO public.shield_acts (reference, child_id, act, officer, second, authority, reason, at)
    VALUES (current_setting('contactpoint.act'), made, 'RAISED', act.officer, act.second, of_authority,
            'protected by its authority', date_trunc('day', now()));
    UPDATE public.children SET own_keys_alone = true WHERE id = made;
    INSERT INTO public.shields (child_id, tier, authority, ground, review_on, raised_at, confirmed_at)
    VALUES (made, 'SEALED', of_authority, 'protected by its authority', current_date + 365,
            date_trunc('day', now()), date_trunc('day', now()));
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION entry_is_protected, quarantine_for_stewards, quarantine_for_officers, resolve, resolve_entry,
    resolve_protected_entry, merge_children, close_child, new_identity FROM PUBLIC;
