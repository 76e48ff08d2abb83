-- Who may come, by which door and what for: clients, partners, tokens called back, who a member of staff is.
--
-- One number moves whenever any of it changes. Workers keep all of it in memory as of one number; every read of children
-- brings the number along, and no answer is recorded under another (0019). So what is changed here holds for the next
-- answer of every worker. NOTIFY says only that it is time to look; nothing depends on its arriving.

CREATE TABLE registry_epoch (
    alone boolean PRIMARY KEY DEFAULT true CHECK (alone),  -- one row, for good
    epoch bigint NOT NULL
);
INSERT INTO registry_epoch (epoch) VALUES (1);

CREATE TABLE clients (
    issuer        text NOT NULL,                   -- exactly as tokens name it in `iss`
    id            text NOT NULL,                   -- `client_id`
    name          text NOT NULL,
    roles         text[] NOT NULL CHECK (cardinality(roles) > 0 AND roles <@ ARRAY[
                      'PRACTITIONER', 'PARTNER', 'SHIELD_OFFICER', 'STEWARD', 'ANALYST', 'AUDITOR']),
    purposes      text[],                          -- null: all that the role may state
    scopes        text[] NOT NULL DEFAULT '{}',    -- what its tokens' scopes are narrowed to
    doors         text[] NOT NULL CHECK (cardinality(doors) > 0 AND doors <@ ARRAY['AD_HOC', 'DOCUMENTS']),
    organisations text[],                          -- null: any that is registered
    authorities   text[],                          -- null: any (GSS codes)
    bound         boolean NOT NULL DEFAULT false,  -- its tokens must be bound to a certificate
    suspended     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (issuer, id),
    -- A partner's client has no other role, and comes by its documents alone.
    CHECK (NOT 'PARTNER' = ANY (roles) OR roles = ARRAY['PARTNER'] AND doors = ARRAY['DOCUMENTS'] AND organisations IS NOT NULL)
);

CREATE TABLE partners (
    organisation text PRIMARY KEY REFERENCES organisations (id),
    categories   text[] NOT NULL CHECK (categories <@ ARRAY[
                     'IDENTITY', 'PARENT_NAMES', 'HISTORY', 'ADDRESS', 'SCHOOL', 'PRACTICE', 'CONTACT', 'SERVICES', 'KEY']),
    roots        text[] NOT NULL DEFAULT '{viewer,child,childByKey,children}',  -- root fields its documents may ask
    purpose      text,                             -- fixed: then its requests need not say it, and may say no other
    reason       text CHECK (reason IS NULL OR length(reason) BETWEEN 10 AND 255),
    CHECK (reason IS NULL OR purpose IS NOT NULL)
);

CREATE TABLE denied_tokens (                       -- called back before their time
    issuer     text NOT NULL,
    token      text NOT NULL,                      -- `jti`
    expires_at timestamptz NOT NULL,               -- the token's own end: after it the row says nothing more
    denied_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, token)
);

CREATE TABLE staff_prints (                        -- whom an employer says somebody is; for the own-record rule alone
    organisation text NOT NULL REFERENCES organisations (id),
    subject      text NOT NULL,                    -- as ledger and overrides name the viewer
    print        bytea NOT NULL CHECK (length(print) = 16),
    PRIMARY KEY (organisation, subject)
);

CREATE FUNCTION registry_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.registry_epoch SET epoch = epoch + 1;
    NOTIFY contactpoint_registry;                  -- no payload: whoever hears it reads
    RETURN NULL;
END $$;

-- The registry's role removes nothing itself: who may delete from a table may lock it, and then nobody is answered.
CREATE FUNCTION deny_token(of_issuer text, jti text, until timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM public.denied_tokens WHERE expires_at < now() - interval '1 hour';
    INSERT INTO public.denied_tokens (issuer, token, expires_at) VALUES ($1, $2, $3)
    ON CONFLICT (issuer, token) DO UPDATE SET expires_at = greatest(denied_tokens.expires_at, excluded.expires_at)
$$;
CREATE FUNCTION name_staff(of_organisation text, of_subject text, of_print bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM public.staff_prints WHERE $3 IS NULL AND organisation = $1 AND subject = $2;
    INSERT INTO public.staff_prints (organisation, subject, print) SELECT $1, $2, $3 WHERE $3 IS NOT NULL
    ON CONFLICT (organisation, subject) DO UPDATE SET print = excluded.print
$$;
REVOKE ALL ON FUNCTION registry_changed, deny_token, name_staff FROM PUBLIC;

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['organisations', 'clients', 'partners', 'denied_tokens', 'staff_prints'] LOOP
        EXECUTE format('CREATE TRIGGER registry_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
                            FOR EACH STATEMENT EXECUTE FUNCTION registry_changed()', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER registry_epoch', kept);
    END LOOP;
END $$;
