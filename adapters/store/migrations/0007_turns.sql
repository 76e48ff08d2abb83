-- The epoch's lock becomes a table that nobody has rights to: an advisory lock is anybody's to take, and who takes it
-- stops every answer. Supersedes of 0005 the bodies of shields_changing() and record_access(), and of 0006 the
-- gateway's INSERT on the ledger. What changes a shield takes `shield_turn` alone; what records an access shares it.

CREATE TABLE shield_turn (nothing boolean);    -- never a row
CREATE TABLE identity_turn (nothing boolean);  -- whoever creates, merges or matches children takes this alone, first

-- A snapshot older than the lock in hand would hide what was committed while it was waited for.
CREATE FUNCTION demand_fresh_snapshots() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'this is done under READ COMMITTED alone: an older snapshot would hide a shield';
    END IF;
END $$;

-- Identity before shield, always: one order, so no two wait for each other.
CREATE OR REPLACE FUNCTION shields_changing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM public.demand_fresh_snapshots();
    IF TG_TABLE_NAME NOT IN ('overrides', 'circles') THEN   -- what feeds match by: whether a child is protected
        LOCK TABLE public.identity_turn IN EXCLUSIVE MODE;
    END IF;
    LOCK TABLE public.shield_turn IN EXCLUSIVE MODE;
    RETURN NULL;
END $$;

ALTER TABLE ledger
    ADD COLUMN act text,        -- the mutation, where the record is of an act: written in the act's own transaction
    ADD COLUMN part_of text;    -- the answer's reference, where it is

-- Lock and insert are two statements on purpose: the second one's snapshot is taken with the lock in hand.
CREATE OR REPLACE FUNCTION record_access(
    reference text, viewer text, organisation text, acting_role text, purpose text, reason text,
    document text, outcome text, code text, children jsonb, decided bigint
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an access is recorded under READ COMMITTED alone: an older snapshot would hide a shield';
    END IF;
    LOCK TABLE public.shield_turn IN ROW SHARE MODE;
    INSERT INTO public.ledger (
        reference, viewer, organisation, acting_role, purpose, reason, document, outcome, code, children)
    SELECT reference, viewer, organisation, acting_role, purpose, reason, document, outcome, code, children
     WHERE decided IS NULL OR decided = (SELECT epoch FROM public.shield_epoch);
    RETURN FOUND;
END $$;

-- An act's own record, in the act's transaction: no act without it. A feed records what its stewards resolve, and no more.
CREATE FUNCTION record_act(
    reference text, part_of text, act text, viewer text, organisation text, acting_role text, purpose text, reason text,
    outcome text, code text, numbers text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF session_user = 'contactpoint_feed' AND act <> 'resolveQuarantine' THEN
        RAISE EXCEPTION 'a feed carries out no such act' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.ledger (
        reference, part_of, act, viewer, organisation, acting_role, purpose, reason, outcome, code, children)
    VALUES (reference, part_of, act, viewer, organisation, acting_role, purpose, reason, outcome, code,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('number', n)), '[]') FROM unnest(numbers) AS n));
END $$;

REVOKE ALL ON FUNCTION demand_fresh_snapshots, record_act FROM PUBLIC;
REVOKE INSERT ON ledger FROM contactpoint_gateway;
