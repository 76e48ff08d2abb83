-- Nobody begins an override of their own or their own child's shield (0018): it would show nothing, and yet tell whoever
-- tries that there is such a child, and that it is shielded. Supersedes the function of 0024.

DROP FUNCTION begin_override(ledger_entry, ledger_entry, text, text, text, text, text, text);

CREATE FUNCTION begin_override(
    granted ledger_entry, refused ledger_entry, authority text,
    number text, viewer text, token text, organisation text, reason text, prints bytea[],
    OUT ends timestamptz, OUT again boolean, OUT lately int
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    child record;
BEGIN
    IF length(reason) NOT BETWEEN 10 AND 255 THEN      -- of every child alike
        RAISE EXCEPTION 'a reason has 10 to 255 characters' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM public.demand_fresh_snapshots();
    LOCK TABLE public.shield_turn IN EXCLUSIVE MODE;
    -- Protected as a reading has it: a new identity that is open is open here too, or it would be told from others.
    SELECT c.id, CASE WHEN s.child_id IS NOT NULL
                        OR EXISTS (SELECT FROM public.holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL)
                      THEN coalesce(s.authority, c.authority, '') END AS authority,
           coalesce(s.tier = 'SHIELDED', false) AND NOT public.is_kin(c.id, prints)
           AND NOT (s.confirmed_at IS NULL AND EXISTS (
               SELECT FROM public.holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL)) AS may_be
      INTO child
      FROM public.children c LEFT JOIN public.shields s ON s.child_id = c.id
     WHERE c.number = number AND NOT c.closed;
    again := child.authority IS DISTINCT FROM authority;
    IF again THEN
        RETURN;
    END IF;
    PERFORM public.record_act('overrideShield', CASE WHEN child.may_be THEN granted ELSE refused END);
    IF child.may_be IS NOT TRUE THEN
        RETURN;
    END IF;
    SELECT o.until INTO ends FROM public.overrides o
     WHERE o.child_id = child.id AND o.viewer = viewer AND o.token = token AND o.until > now();
    IF ends IS NOT NULL THEN
        RETURN;                                        -- the same call again: neither longer nor reported twice
    END IF;
    INSERT INTO public.overrides (child_id, viewer, token, reason, until)
    VALUES (child.id, viewer, token, reason, now() + interval '15 minutes') RETURNING until INTO ends;
    SELECT count(*) INTO lately FROM public.overrides o WHERE o.viewer = viewer AND o.until > now() - interval '1 day';
    INSERT INTO public.outbox (reference, authority, kind, body)
    VALUES (encode((granted).reference, 'hex'), child.authority, 'OVERRIDE', jsonb_build_object(
        'number', number, 'viewer', viewer, 'organisation', organisation, 'reason', reason, 'until', ends));
END $$;
REVOKE ALL ON FUNCTION begin_override FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_override TO contactpoint_gateway;
