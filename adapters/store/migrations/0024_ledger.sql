-- The ledger of accesses: sealed before it comes here, chained as it is written, never rewritten. Supersedes the table and
-- functions of 0003, 0007 and 0019, and of 0010 begin_override(). No release has written the old table: it goes.

DROP FUNCTION record_access(text, text, text, text, text, text, text, text, text, jsonb, text[], bigint, bigint, int,
                            double precision, double precision);
DROP FUNCTION record_act(text, text, text, text, text, text, text, text, text, text, text[]);
DROP FUNCTION begin_override(text, text, text, text, text, text, text, text);
DROP TABLE ledger, guessing;

-- Data keys, each sealed to its auditors by HPKE. A key is called by the hash of all that is kept of it.
CREATE TABLE ledger_keys (
    name      bytea PRIMARY KEY CHECK (octet_length(name) = 16),
    authority text,                                -- GSS code; null: the general one
    began_at  bigint NOT NULL,                     -- microseconds since 1970
    auditors  text[] NOT NULL,
    sealed    bytea[] NOT NULL CHECK (cardinality(sealed) = cardinality(auditors) AND cardinality(sealed) > 0)
);

-- Where each writer's chain stands. 1 to 16 are answers': a process writes to one. Officers', stewards' and overrides'
-- acts are recorded in their own transactions, and have chains of their own, so that no answer waits for an act.
CREATE TABLE ledger_chains (
    chain    int PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    link     bytea NOT NULL DEFAULT sha256(''),
    last_at  bigint NOT NULL DEFAULT 0
);
INSERT INTO ledger_chains (chain) SELECT generate_series(1, 19);

CREATE TABLE ledger (
    chain     int NOT NULL,
    position  bigint NOT NULL,
    at        bigint NOT NULL,                     -- microseconds since 1970; never before the one it follows
    reference bytea NOT NULL,                      -- 16 random bytes; the answer's Contactpoint-Record header, or the act's
    key       bytea NOT NULL,                      -- ledger_keys.name
    viewer    bytea NOT NULL,                      -- keyed index, 16 bytes
    children  bytea NOT NULL,                      -- keyed indexes end to end
    sealed    bytea NOT NULL,
    link      bytea NOT NULL,                      -- sha256 of the link before and this record's bytes
    PRIMARY KEY (chain, position, at),
    CONSTRAINT is_a_record CHECK (octet_length(reference) = 16 AND octet_length(key) = 16 AND octet_length(viewer) = 16
                                  AND octet_length(children) % 16 = 0)
) PARTITION BY RANGE (at);
CREATE INDEX ledger_by_reference ON ledger (reference);
CREATE INDEX ledger_by_viewer ON ledger (viewer, at);

-- Nearly every record is of one child, and is spared the series.
CREATE FUNCTION cut_indexes(indexes bytea) RETURNS bytea[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF octet_length(indexes) = 16 THEN
        RETURN ARRAY[indexes];
    END IF;
    RETURN (SELECT coalesce(array_agg(substring(indexes FROM n FOR 16)), '{}')
              FROM generate_series(1, octet_length(indexes), 16) AS n);
END $$;
CREATE INDEX ledger_by_child ON ledger USING gin (cut_indexes(children));

-- What is left of months that were dropped: where each chain goes on. The stub as signed is `text`.
CREATE TABLE ledger_stubs (
    month   date PRIMARY KEY,
    text    text NOT NULL
);

CREATE TABLE ledger_checkpoints (
    number bigint PRIMARY KEY,
    text   text NOT NULL CHECK (octet_length(text) <= 16384)  -- as signed, and as anybody keeps it
);

-- Written once, whoever writes: the owner drops months, and changes nothing.
CREATE FUNCTION ledger_written_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is written once' USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger', 'ledger_keys', 'ledger_stubs', 'ledger_checkpoints'] LOOP
        EXECUTE format('CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_written_once()', t);
        EXECUTE format('CREATE TRIGGER kept_whole BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_written_once()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER written_once, ENABLE ALWAYS TRIGGER kept_whole', t);
    END LOOP;
END $$;

-- A table for this month and for each of the next ones: without one, nothing is recorded and nothing answered.
CREATE FUNCTION make_ledger_months(ahead int) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first timestamp;
    name text;
BEGIN
    FOR n IN 0..least(ahead, 3) LOOP
        first := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n);
        name := 'ledger_' || to_char(first, 'YYYY_MM');
        IF to_regclass('public.' || name) IS NULL THEN
            -- Attached, not created in place: nobody who writes or reads waits for that, nor it for them.
            LOCK TABLE public.ledger IN SHARE UPDATE EXCLUSIVE MODE;
            CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.ledger INCLUDING CONSTRAINTS)', name);
            EXECUTE format('ALTER TABLE public.ledger ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)', name,
                (extract(epoch FROM first) * 1000000)::bigint,
                (extract(epoch FROM first + interval '1 month') * 1000000)::bigint);
            -- Rows' triggers are every partition's; those of a statement are not.
            EXECUTE format('CREATE TRIGGER kept_whole BEFORE TRUNCATE ON public.%I FOR EACH STATEMENT'
                ' EXECUTE FUNCTION public.ledger_written_once()', name);
            EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER kept_whole', name);
        END IF;
    END LOOP;
END $$;
SELECT make_ledger_months(2);

CREATE TYPE ledger_entry AS (reference bytea, key bytea, viewer bytea, children bytea, sealed bytea);

-- How much somebody has guessed (0019), by the keyed index of who.
CREATE TABLE guessing (
    viewer bytea PRIMARY KEY,
    level  double precision NOT NULL,
    at     timestamptz NOT NULL
);

-- What a record's link binds (record_format.py): the link before, chain, position and time, and what the record says.
CREATE FUNCTION record_link(before bytea, chain int, place bigint, at bigint, said bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE RETURN sha256(before || '\x01'::bytea || int8send(chain) || int8send(place) || int8send(at) || said);

-- One record more of a chain whose row is in hand; `head` is where it stood, and where it stands then.
CREATE FUNCTION append_record(INOUT head ledger_chains, e ledger_entry, at bigint)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    head.position := head.position + 1;
    head.link := public.record_link(head.link, head.chain, head.position, at,
        e.reference || e.key || e.viewer || int4send(octet_length(e.children)) || e.children
        || int4send(octet_length(e.sealed)) || e.sealed);
    IF current_setting('synchronous_commit') = 'off' THEN    -- a role may tell itself so: its records are durable all the same
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    INSERT INTO public.ledger VALUES
        (head.chain, head.position, at, e.reference, e.key, e.viewer, e.children, e.sealed, head.link);
END $$;

-- A number in four bytes of an entry, the first of them at 0.
CREATE FUNCTION int_at(entry bytea, place int) RETURNS int
LANGUAGE sql IMMUTABLE RETURN get_byte(entry, place) << 24 | get_byte(entry, place + 1) << 16
                            | get_byte(entry, place + 2) << 8 | get_byte(entry, place + 3);

-- How full a viewer's bucket is now, `guesses` drops more in it: -1 asks for no child, and looks into none.
CREATE FUNCTION bucket_level(who bytea, guesses int, burst double precision, per_second double precision) RETURNS double precision
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    now_level double precision;
BEGIN
    IF guesses > 0 THEN
        -- Counted whether or not it is answered, up to twice the bucket: who goes on waits no longer than that.
        INSERT INTO public.guessing AS g (viewer, level, at)
        VALUES (who, least(guesses, 2 * burst), clock_timestamp())
        ON CONFLICT ON CONSTRAINT guessing_pkey DO UPDATE SET
            level = least(greatest(0, g.level - per_second * extract(epoch FROM clock_timestamp() - g.at)) + guesses,
                          2 * burst),
            at = clock_timestamp()
        RETURNING g.level INTO now_level;
    ELSIF guesses = 0 THEN
        SELECT g.level - per_second * extract(epoch FROM clock_timestamp() - g.at) INTO now_level
          FROM public.guessing g WHERE g.viewer = who;
    END IF;
    RETURN now_level;
END $$;

-- The records of one commit, in one chain. Of each: 0, recorded; -1, a shield has changed since `decided`; -2, the registry
-- since `registered`; above 0, the viewer guesses too much, and may come again in so many seconds. Only 0 has written one.
-- A bucket holds `burst` drops and loses `per_second`. A viewer whose bucket is full is told nothing of any child, hit or miss.
--
-- An entry is one run of bytes (entries.py, `packed`), as to take it apart here costs least for all: first what it depends
-- on, 20 bytes: `decided` and `registered` of eight, -1 for what depends on neither; `guesses` of four, -1 where no child is
-- asked for. Then what it says, as its link binds it: reference, key and viewer of 16 each, children and sealed, each
-- behind its length of four.
CREATE FUNCTION record_accesses(writer int, entries bytea[], burst double precision, per_second double precision) RETURNS int[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    nothing CONSTANT bytea := int8send(-1);
    shields bytea;
    registry bytea;
    head_position bigint;
    head_link bytea;
    now_at bigint;
    kept boolean;
    suspected boolean;
    turns int[];
    n int;
    entry bytea;
    children int;
    level double precision;
    came_to int[] := array_fill(0, ARRAY[cardinality(entries)]);
    places bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(entries)]);
    -- As long as the group from the start: filled from the middle, an array begins there, and each link would be another's.
    links bytea[] := array_fill(NULL::bytea, ARRAY[cardinality(entries)]);
BEGIN
    PERFORM public.demand_fresh_snapshots();
    IF writer NOT BETWEEN 1 AND 16 THEN
        RAISE EXCEPTION 'answers have chains 1 to 16' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF current_setting('synchronous_commit') = 'off' THEN    -- a role may tell itself so: its records are durable all the same
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    LOCK TABLE public.shield_turn IN ROW SHARE MODE;
    -- A statement of its own on purpose: its snapshot is taken with the lock in hand. And one for all that is to be known,
    -- as a statement more costs what a record more does: where shields, registry and chain stand; whether the data keys are
    -- kept; and whether anybody guesses or has a full bucket, for where nobody does no bucket need be looked into.
    SELECT int8send(s.epoch), int8send(r.epoch), c.position, c.link,
           greatest(c.last_at, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), known.kept, known.suspected
      INTO STRICT shields, registry, head_position, head_link, now_at, kept, suspected
      FROM public.ledger_chains c
     CROSS JOIN public.shield_epoch s
     CROSS JOIN public.registry_epoch r
     CROSS JOIN (
        SELECT bool_and(k.name IS NOT NULL) AS kept,
               bool_or(public.int_at(u.packed, 16) > 0
                       OR g.level - per_second * extract(epoch FROM clock_timestamp() - g.at) > burst) AS suspected
          FROM unnest(entries) AS u (packed)
          LEFT JOIN public.ledger_keys k ON k.name = substring(u.packed FROM 37 FOR 16)
          LEFT JOIN public.guessing g ON g.viewer = substring(u.packed FROM 53 FOR 16)) AS known
     WHERE c.chain = writer
       FOR NO KEY UPDATE OF c;
    IF NOT kept THEN
        RAISE EXCEPTION 'a record has a data key that is not kept' USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF suspected THEN
        -- In the order of viewers: two commits that fill the same buckets never wait for each other.
        turns := ARRAY(SELECT u.nth FROM unnest(entries) WITH ORDINALITY AS u (packed, nth)
                        ORDER BY substring(u.packed FROM 53 FOR 16));
    END IF;
    FOR turn IN 1..cardinality(entries) LOOP
        n := coalesce(turns[turn], turn);
        entry := entries[n];
        children := public.int_at(entry, 68);
        IF octet_length(entry) <> 76 + children + public.int_at(entry, 72 + children) THEN
            RAISE EXCEPTION 'this is no record' USING ERRCODE = 'check_violation';
        ELSIF substring(entry FOR 8) NOT IN (shields, nothing) THEN
            came_to[n] := -1;
            CONTINUE;
        ELSIF substring(entry FROM 9 FOR 8) NOT IN (registry, nothing) THEN
            came_to[n] := -2;
            CONTINUE;
        END IF;
        IF suspected THEN
            level := public.bucket_level(substring(entry FROM 53 FOR 16), public.int_at(entry, 16), burst, per_second);
            IF level > burst THEN
                came_to[n] := greatest(1, ceil((level - burst) / per_second))::int;
                CONTINUE;
            END IF;
        END IF;
        head_position := head_position + 1;
        head_link := public.record_link(head_link, writer, head_position, now_at, substring(entry FROM 21));
        places[n] := head_position;
        links[n] := head_link;
    END LOOP;
    INSERT INTO public.ledger
    SELECT writer, place, now_at, substring(u.packed FROM 21 FOR 16), substring(u.packed FROM 37 FOR 16),
           substring(u.packed FROM 53 FOR 16), substring(u.packed FROM 73 FOR public.int_at(u.packed, 68)),
           substring(u.packed FROM 77 + public.int_at(u.packed, 68)), link
      FROM unnest(entries, places, links) AS u (packed, place, link) WHERE place IS NOT NULL;
    IF FOUND THEN
        UPDATE public.ledger_chains c SET position = head_position, link = head_link, last_at = now_at
         WHERE c.chain = writer;
    END IF;
    RETURN came_to;
END $$;

-- An act's own record, in the act's transaction: no act without it. A feed records what its stewards resolve, and no more.
CREATE FUNCTION record_act(act text, e ledger_entry) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    head public.ledger_chains;
    now_at bigint;
BEGIN
    IF session_user = 'contactpoint_feed' AND act <> 'resolveQuarantine' THEN
        RAISE EXCEPTION 'a feed carries out no such act' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO STRICT head FROM public.ledger_chains c
     WHERE c.chain = CASE session_user WHEN 'contactpoint_shield' THEN 17 WHEN 'contactpoint_feed' THEN 18 ELSE 19 END
       FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM public.ledger_keys l WHERE l.name = e.key) THEN
        RAISE EXCEPTION 'a record has a data key that is not kept' USING ERRCODE = 'foreign_key_violation';
    END IF;
    now_at := greatest(head.last_at, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);
    head := public.append_record(head, e, now_at);
    UPDATE public.ledger_chains c SET position = head.position, link = head.link, last_at = now_at
     WHERE c.chain = head.chain;
END $$;

-- Begins an override and records it. `granted` and `refused` are the record as it is if it comes to something and if not,
-- each under a reference of its own: the content is sealed before it is known which. `authority` is whose the protected
-- child was when it was sealed: where that has changed, nothing is done and `again` is true. `lately` counts the
-- viewer's of a day, this one among them, where one was begun. Behind their own or their own child's shield nobody looks
-- (0018, by `prints`): it would show nothing, and yet tell whoever tries that there is such a child, and that it is shielded.
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

CREATE FUNCTION keep_data_key(name bytea, authority text, began_at bigint, auditors text[], sealed bytea[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.ledger_keys VALUES ($1, $2, $3, $4, $5)
$$;

-- What the next checkpoint says, of one moment: every chain that has a record, and the checkpoint before.
CREATE FUNCTION ledger_heads(OUT chains int[], OUT positions bigint[], OUT links bytea[], OUT number bigint, OUT text text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT h.chains, h.positions, h.links, l.number, l.text
      FROM (SELECT coalesce(array_agg(chain ORDER BY chain), '{}') AS chains,
                   coalesce(array_agg(position ORDER BY chain), '{}') AS positions,
                   coalesce(array_agg(link ORDER BY chain), '{}') AS links
              FROM public.ledger_chains WHERE position > 0) AS h
      LEFT JOIN (SELECT * FROM public.ledger_checkpoints ORDER BY number DESC LIMIT 1) AS l ON true
$$;

-- Whether it was kept: not where another writer has kept one of that number.
CREATE FUNCTION keep_checkpoint(number bigint, text text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF number <> 1 + coalesce((SELECT max(c.number) FROM public.ledger_checkpoints c), 0) THEN
        RETURN false;
    END IF;
    INSERT INTO public.ledger_checkpoints VALUES (number, text) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- The records in which a child was matched, newest first.
CREATE FUNCTION accesses_of(child bytea, most int, before_at bigint, before_reference bytea) RETURNS SETOF ledger
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT l FROM public.ledger l
     WHERE public.cut_indexes(l.children) @> ARRAY[child]
       AND (before_at IS NULL OR (l.at, l.reference) < (before_at, before_reference))
     ORDER BY l.at DESC, l.reference DESC LIMIT least(most, 101)
$$;
CREATE FUNCTION data_keys_named(names bytea[]) RETURNS SETOF ledger_keys
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT k FROM public.ledger_keys k WHERE k.name = ANY (names)
$$;

REVOKE ALL ON FUNCTION cut_indexes, ledger_written_once, make_ledger_months, record_link, int_at, append_record, bucket_level, record_accesses,
    record_act, begin_override, keep_data_key, ledger_heads, keep_checkpoint, accesses_of, data_keys_named FROM PUBLIC;
REVOKE ALL ON TYPE ledger_entry FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_accesses, begin_override, keep_data_key, make_ledger_months, ledger_heads, keep_checkpoint,
    accesses_of, data_keys_named TO contactpoint_gateway;
GRANT EXECUTE ON FUNCTION record_act TO contactpoint_shield, contactpoint_feed;
GRANT USAGE ON TYPE ledger_entry TO contactpoint_gateway, contactpoint_shield, contactpoint_feed;

-- audit: the ledger whole, and nothing else. Who reads it opens nothing by that.
GRANT USAGE ON SCHEMA public TO contactpoint_audit;
GRANT SELECT ON ledger, ledger_keys, ledger_chains, ledger_stubs, ledger_checkpoints TO contactpoint_audit;
GRANT EXECUTE ON FUNCTION cut_indexes TO contactpoint_audit;
ALTER ROLE contactpoint_audit CONNECTION LIMIT 5;
