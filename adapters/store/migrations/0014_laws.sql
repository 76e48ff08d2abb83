-- What the store itself can be asked about the laws: how often each is broken, never by whom. `contactpoint check` asks,
-- and so does every start of `serve` and `feed load`. Catalogue questions are asked in adapters/store/laws.py.

CREATE FUNCTION law_breaches() RETURNS TABLE (law text, breaches bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH latest AS (
        SELECT DISTINCT ON (child_id) * FROM public.shield_history ORDER BY child_id, id DESC)
    SELECT 'no-shield-lost', count(*) FROM latest l LEFT JOIN public.shields s USING (child_id)
     WHERE l.change <> 'DELETE'
       AND (s.child_id IS NULL OR l.tier = 'SEALED' AND s.tier <> 'SEALED' OR NOT l.withheld <@ s.withheld
            OR l.authority <> s.authority)
    UNION ALL
    SELECT 'weakened-by-two', count(*) FROM public.shield_history WHERE weakens AND second IS NULL
    UNION ALL
    SELECT 'shields-have-history', count(*) FROM public.shields s
     WHERE NOT EXISTS (SELECT FROM public.shield_history h WHERE h.child_id = s.child_id)
    UNION ALL
    SELECT 'no-orphan-shield', count(*) FROM public.shields s WHERE NOT EXISTS (SELECT FROM public.children c WHERE c.id = s.child_id)
    UNION ALL
    SELECT 'no-open-double', count(*) FROM public.shields s JOIN public.children p ON p.id = s.child_id
      JOIN public.children o ON o.family_sound = p.family_sound AND o.given_sound = p.given_sound
                            AND o.birth_date = p.birth_date AND o.id <> p.id
     WHERE NOT public.is_protected(o.id) AND NOT p.closed
       AND o.name_key IS NOT DISTINCT FROM p.name_key AND o.given_key = p.given_key
       AND (o.postcode = p.postcode OR public.same_home(o, p))
    UNION ALL
    SELECT 'household-covered', count(*) FROM public.shields s JOIN public.children p ON p.id = s.child_id
      JOIN public.children o ON o.postcode = p.postcode AND o.id <> p.id
     WHERE greatest(o.moved_at, p.moved_at) > s.raised_at AND NOT p.closed AND NOT public.is_protected(o.id)
       AND EXISTS (SELECT FROM public.household_of(p.id) h WHERE h.id = o.id)
       AND NOT public.released(o.id, s)
       AND NOT EXISTS (SELECT FROM public.holds h WHERE h.child_id = o.id AND h.agency = 'household')
    UNION ALL
    SELECT 'new-identity-unlinked', count(*) FROM public.children n
      JOIN public.keys k ON k.child_id = n.id
      JOIN public.former_keys f ON f.system = k.system AND f.value = k.value AND f.child_id <> n.id
     WHERE n.own_keys_alone
    UNION ALL
    SELECT 'closed-stay-sealed', count(*) FROM public.children c
     WHERE c.closed AND NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = c.id AND s.tier = 'SEALED')
    UNION ALL
    SELECT 'circles-behind-shields', count(*) FROM public.circles m
     WHERE NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = m.child_id)
        OR m.categories && ARRAY['KEY', 'SENSITIVE_SERVICE']
    UNION ALL
    SELECT 'overrides-bounded', count(*) FROM public.overrides o
     WHERE o.until > now() AND (o.until > now() + interval '15 minutes'
        OR NOT EXISTS (SELECT FROM public.shields s WHERE s.child_id = o.child_id AND s.tier = 'SHIELDED'))
    UNION ALL
    SELECT 'one-epoch', abs(count(*) - 1) FROM public.shield_epoch
    UNION ALL
    SELECT 'blocks-complete', count(*) FROM public.children
     WHERE name_key <> '' AND family_sound = '' OR given_key <> '' AND given_sound = ''
    UNION ALL
    SELECT 'rows-stay-empty', (SELECT count(*) FROM public.shield_turn) + (SELECT count(*) FROM public.identity_turn)
$$;
REVOKE ALL ON FUNCTION law_breaches FROM PUBLIC;
GRANT EXECUTE ON FUNCTION law_breaches TO contactpoint_gateway, contactpoint_feed;
