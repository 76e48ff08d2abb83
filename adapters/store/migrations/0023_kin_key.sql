-- Which key children's kin are fingerprinted under, known by the print it makes of nobody. Under another one nobody would
-- be anybody's kin, and nobody would notice: so whoever fingerprints or compares asks first.

CREATE TABLE kin_key (
    alone boolean PRIMARY KEY DEFAULT true CHECK (alone),  -- one row at most
    proof bytea NOT NULL CHECK (length(proof) = 16)
);

-- Whether it is the store's key; null: whoever asks has none. The first who fingerprints says which it is.
CREATE FUNCTION kin_key_fits(proof bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF proof IS NOT NULL AND session_user <> 'contactpoint_gateway' THEN
        INSERT INTO public.kin_key (proof) VALUES (proof) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NOT EXISTS (SELECT FROM public.kin_key k WHERE k.proof IS DISTINCT FROM proof);
END $$;
REVOKE ALL ON FUNCTION kin_key_fits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kin_key_fits TO contactpoint_gateway, contactpoint_feed, contactpoint_registry;
