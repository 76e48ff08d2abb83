-- What every answer's record is conditional on: the shields (0005), and from here on the registry and guessing.
-- All three are asked in the one statement that is made anyway.

-- How much somebody has guessed: each look-up that missed and each search is a drop, and the bucket leaks. One row for a
-- viewer, whichever worker or replica they come to.
CREATE TABLE guessing (
    viewer text PRIMARY KEY,
    level  double precision NOT NULL,              -- as it stood then
    at     timestamptz NOT NULL
);

ALTER TABLE ledger ADD COLUMN flags text[] NOT NULL DEFAULT '{}';  -- NO_PERSON: the token names nobody (own-record rule)

DROP FUNCTION record_access(text, text, text, text, text, text, text, text, text, jsonb, bigint);

-- 0: recorded. -1: a shield has changed since `decided`; -2: the registry since `registered`: do it again. Above 0: the
-- viewer guesses too much, and may come again in so many seconds. Only 0 has written a record.
-- `decided` and `registered` are null for what depends on neither; `guesses` is null where no child is asked for. A bucket
-- holds `burst` drops and loses `per_second`. A viewer whose bucket is full is told nothing of any child, hit or miss.
CREATE FUNCTION record_access(
    reference text, viewer text, organisation text, acting_role text, purpose text, reason text,
    document text, outcome text, code text, children jsonb, flags text[], decided bigint, registered bigint,
    guesses int, burst double precision, per_second double precision
) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    now_at record;
    level double precision;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an access is recorded under READ COMMITTED alone: an older snapshot would hide a shield';
    END IF;
    LOCK TABLE public.shield_turn IN ROW SHARE MODE;
    -- A statement of its own on purpose: its snapshot is taken with the lock in hand.
    SELECT s.epoch AS shields, r.epoch AS registry, g.level AS level, g.at AS at INTO STRICT now_at
      FROM public.shield_epoch s CROSS JOIN public.registry_epoch r
      LEFT JOIN public.guessing g ON g.viewer = viewer AND guesses IS NOT NULL;
    IF decided <> now_at.shields THEN
        RETURN -1;
    ELSIF registered <> now_at.registry THEN
        RETURN -2;
    ELSIF guesses > 0 THEN
        -- Counted whether or not it is answered, up to twice the bucket: who goes on waits no longer than that.
        INSERT INTO public.guessing AS g (viewer, level, at)
        VALUES (viewer, least(guesses, 2 * burst), clock_timestamp())
        ON CONFLICT ON CONSTRAINT guessing_pkey DO UPDATE SET
            level = least(greatest(0, g.level - per_second * extract(epoch FROM clock_timestamp() - g.at)) + guesses,
                          2 * burst),
            at = clock_timestamp()
        RETURNING g.level INTO level;
    ELSIF now_at.level IS NOT NULL THEN
        level := now_at.level - per_second * extract(epoch FROM clock_timestamp() - now_at.at);
    END IF;
    IF level > burst THEN
        RETURN greatest(1, ceil((level - burst) / per_second))::int;
    END IF;
    INSERT INTO public.ledger (
        reference, viewer, organisation, acting_role, purpose, reason, document, outcome, code, children, flags)
    VALUES (reference, viewer, organisation, acting_role, purpose, reason, document, outcome, code, children, flags);
    RETURN 0;
END $$;
REVOKE ALL ON FUNCTION record_access FROM PUBLIC;
