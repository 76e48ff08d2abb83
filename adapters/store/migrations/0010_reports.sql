-- Looks behind a shield, and what officers are told of: an outbox row in the transaction of the deed itself.

CREATE TABLE authority_webhooks (
    authority text PRIMARY KEY,                    -- GSS code
    url       text NOT NULL CHECK (
        url ~ '^(https://[^/@?#]+|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]+)?)(/|$)')
);
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference  text NOT NULL UNIQUE,               -- random; a receiver that sees it twice has seen it
    authority  text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('OVERRIDE', 'HOLD_PLACED', 'SHIELD_RAISED', 'QUARANTINED')),
    body       jsonb NOT NULL,                     -- no hidden value: numbers, who, why, when
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts   int NOT NULL DEFAULT 0,
    next_at    timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE delivered_at IS NULL;

-- One random word of our own: 128 bits of two v4 UUIDs' 244, as `secrets.token_hex(16)` would give.
CREATE FUNCTION random_reference() RETURNS text
LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT md5(gen_random_uuid()::text || gen_random_uuid()::text)
$$;

-- Null where nothing can be overridden: no such child, open, sealed, held without a shield, or held under one that only its
-- raiser stands for yet: raising takes one officer, of any authority, and must open nothing. One answer for all of them.
-- Its own record comes first, whatever comes of it.
CREATE FUNCTION begin_override(
    act_reference text, part_of text, number text, viewer text, token text, organisation text, acting_role text,
    reason text
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    child record;
    ends timestamptz;
BEGIN
    IF length(reason) NOT BETWEEN 10 AND 255 THEN      -- of every child alike
        RAISE EXCEPTION 'a reason has 10 to 255 characters' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM public.demand_fresh_snapshots();
    LOCK TABLE public.shield_turn IN EXCLUSIVE MODE;
    SELECT c.id, s.authority,
           coalesce(s.tier = 'SHIELDED', false) AND NOT (s.confirmed_at IS NULL AND EXISTS (
               SELECT FROM public.holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL)) AS may_be
      INTO child
      FROM public.children c LEFT JOIN public.shields s ON s.child_id = c.id
     WHERE c.number = number AND NOT c.closed;
    PERFORM public.record_act(
        act_reference, part_of, 'overrideShield', viewer, organisation, acting_role, 'SAFEGUARDING', reason,
        CASE WHEN child.may_be THEN 'ANSWERED' ELSE 'REFUSED' END, NULL,
        CASE WHEN child.id IS NULL THEN '{}' ELSE ARRAY[number] END);
    IF child.may_be IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    SELECT o.until INTO ends FROM public.overrides o
     WHERE o.child_id = child.id AND o.viewer = viewer AND o.token = token AND o.until > now();
    IF ends IS NOT NULL THEN
        RETURN ends;                               -- the same call again: neither longer nor reported twice
    END IF;
    INSERT INTO public.overrides (child_id, viewer, token, reason, until)
    VALUES (child.id, viewer, token, reason, now() + interval '15 minutes') RETURNING until INTO ends;
    INSERT INTO public.outbox (reference, authority, kind, body)
    VALUES (act_reference, child.authority, 'OVERRIDE', jsonb_build_object(
        'number', number, 'viewer', viewer, 'organisation', organisation, 'reason', reason, 'until', ends));
    RETURN ends;
END $$;

-- A new hold, or a shield not yet confirmed, is told to the responsible authority.
CREATE FUNCTION tell_officers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'holds' THEN
        INSERT INTO public.outbox (reference, authority, kind, body)
        SELECT public.random_reference(), coalesce(s.authority, c.authority), 'HOLD_PLACED',
               jsonb_build_object('number', c.number, 'agency', NEW.agency, 'mark', NEW.mark)
          FROM public.children c LEFT JOIN public.shields s ON s.child_id = c.id
         WHERE c.id = NEW.child_id AND coalesce(s.authority, c.authority) IS NOT NULL;
    ELSIF NEW.confirmed_at IS NULL THEN
        INSERT INTO public.outbox (reference, authority, kind, body)
        SELECT public.random_reference(), NEW.authority, 'SHIELD_RAISED',
               jsonb_build_object('number', c.number, 'raisedFrom', NEW.raised_from)
          FROM public.children c WHERE c.id = NEW.child_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_officers AFTER INSERT ON holds FOR EACH ROW EXECUTE FUNCTION tell_officers();
CREATE TRIGGER tell_officers AFTER INSERT ON shields
    FOR EACH ROW WHEN (NEW.confirmed_at IS NULL) EXECUTE FUNCTION tell_officers();
ALTER TABLE holds ENABLE ALWAYS TRIGGER tell_officers;
ALTER TABLE shields ENABLE ALWAYS TRIGGER tell_officers;

-- Delivery: one worker takes a few, and nobody else takes the same within two minutes; what it dies with comes again.
CREATE FUNCTION take_reports(most int) RETURNS TABLE (id bigint, reference text, authority text, url text, kind text,
                                                      body jsonb, created_at timestamptz, attempts int)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.outbox o SET attempts = o.attempts + 1, next_at = now() + interval '2 minutes'
      FROM (SELECT x.id, w.url FROM public.outbox x JOIN public.authority_webhooks w USING (authority)
             WHERE x.delivered_at IS NULL AND x.next_at <= now()
             ORDER BY x.id LIMIT most FOR UPDATE OF x SKIP LOCKED) t
     WHERE o.id = t.id
    RETURNING o.id, o.reference, o.authority, t.url, o.kind, o.body, o.created_at, o.attempts
$$;
CREATE FUNCTION report_ended(report bigint, delivered boolean, again_in interval) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.outbox SET delivered_at = CASE WHEN delivered THEN clock_timestamp() END,
                             next_at = now() + again_in
     WHERE id = report AND delivered_at IS NULL
$$;

-- What metrics show: counts of the whole store, naming no authority.
CREATE FUNCTION protection_counts() RETURNS TABLE (name text, value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'reviews_overdue', count(*) FROM public.shields
     WHERE review_on < (now() AT TIME ZONE 'Europe/London')::date
    UNION ALL SELECT 'shields_unconfirmed', count(*) FROM public.shields WHERE confirmed_at IS NULL
    UNION ALL SELECT 'holds_in_force', count(*) FROM public.holds WHERE cleared_at IS NULL
    UNION ALL SELECT 'quarantine_pending', count(*) FROM public.quarantine WHERE state = 'PENDING'
    UNION ALL SELECT 'reports_waiting', count(*) FROM public.outbox WHERE delivered_at IS NULL
    UNION ALL SELECT 'rows_dropped', coalesce(sum(number_of), 0)::bigint FROM public.dropped_rows
$$;
REVOKE ALL ON FUNCTION random_reference, begin_override, tell_officers, take_reports, report_ended, protection_counts
    FROM PUBLIC;
