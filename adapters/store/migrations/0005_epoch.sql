-- Law 7: an access is recorded only if no shield has changed since it was decided.
--
-- Whoever changes a shield takes the epoch's lock alone, before the first row is touched, and keeps it until commit;
-- whoever records an access shares it until commit. So every change commits wholly before or wholly after every
-- record, and a record made after it sees the new epoch and is refused.

CREATE FUNCTION shields_changing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7233370361917466469);
    RETURN NULL;
END $$;

-- `changed` holds the rows the statement touched; a statement that touched none (a hold placed again) moves nothing.
CREATE FUNCTION shields_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' THEN
        IF NOT EXISTS (SELECT FROM changed) THEN
            RETURN NULL;
        END IF;
    END IF;
    UPDATE public.shield_epoch SET epoch = epoch + 1;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION shields_changing(), shields_changed() FROM PUBLIC;

DO $$
DECLARE
    guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY['shields', 'holds', 'circles', 'overrides'] LOOP
        EXECUTE format(
            'CREATE TRIGGER epoch_lock BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
                FOR EACH STATEMENT EXECUTE FUNCTION shields_changing()', guarded);
        EXECUTE format(
            'CREATE TRIGGER epoch_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION shields_changed()', guarded);
        EXECUTE format(
            'CREATE TRIGGER epoch_update AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION shields_changed()', guarded);
        EXECUTE format(
            'CREATE TRIGGER epoch_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION shields_changed()', guarded);
        EXECUTE format(
            'CREATE TRIGGER epoch_truncate AFTER TRUNCATE ON %I
                FOR EACH STATEMENT EXECUTE FUNCTION shields_changed()', guarded);
        -- Not even a session that calls itself a replica passes these by.
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER epoch_lock', guarded);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER epoch_insert', guarded);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER epoch_update', guarded);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER epoch_delete', guarded);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER epoch_truncate', guarded);
    END LOOP;
END $$;

-- True when the access was recorded; false when a shield has changed since `decided`, so decide again.
-- `decided` is null for what no decision led to (a refusal): always recorded.
-- The lock and the insert are two statements on purpose: the second one's snapshot is taken with the lock in hand.
CREATE FUNCTION record_access(
    reference text, viewer text, organisation text, acting_role text, purpose text, reason text,
    document text, outcome text, code text, children jsonb, decided bigint
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an access is recorded under READ COMMITTED alone: an older snapshot would hide a shield';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(7233370361917466469);
    INSERT INTO public.ledger (
        reference, viewer, organisation, acting_role, purpose, reason, document, outcome, code, children)
    SELECT reference, viewer, organisation, acting_role, purpose, reason, document, outcome, code, children
     WHERE decided IS NULL OR decided = (SELECT epoch FROM public.shield_epoch);
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION record_access FROM PUBLIC;
