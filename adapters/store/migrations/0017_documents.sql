-- What a partner may ask: documents it has published, by the hash of their exact text, and how often each is used.

CREATE TABLE documents (
    partner      text NOT NULL REFERENCES partners (organisation),
    hash         text NOT NULL CHECK (hash = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex')),
    body         text NOT NULL,
    name         text NOT NULL,                    -- as the manifest calls it: an operation's name, as a rule
    published_at timestamptz NOT NULL DEFAULT now(),
    published_by text NOT NULL,                    -- the account that ran the command
    revoked_at   timestamptz,
    revoked_by   text,
    PRIMARY KEY (partner, hash)
);

CREATE TABLE document_usage (
    partner   text NOT NULL,
    hash      text NOT NULL,
    on_day    date NOT NULL,
    uses      bigint NOT NULL,
    last_used timestamptz NOT NULL,
    PRIMARY KEY (partner, hash, on_day),
    FOREIGN KEY (partner, hash) REFERENCES documents
);

-- A text never changes under its hash, and its publication is never undone in silence: only revoked, or published anew.
CREATE FUNCTION document_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.partner, OLD.hash, OLD.body) IS DISTINCT FROM (NEW.partner, NEW.hash, NEW.body) THEN
        RAISE EXCEPTION 'a published document is revoked, never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER document_kept BEFORE UPDATE OR DELETE ON documents FOR EACH ROW EXECUTE FUNCTION document_kept();
CREATE TRIGGER registry_epoch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON documents
    FOR EACH STATEMENT EXECUTE FUNCTION registry_changed();
ALTER TABLE documents ENABLE ALWAYS TRIGGER document_kept;
ALTER TABLE documents ENABLE ALWAYS TRIGGER registry_epoch;

-- Workers count in memory and tell every few seconds: in order, so that no two wait for each other.
CREATE FUNCTION documents_used(partners text[], hashes text[], counts bigint[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.document_usage AS d (partner, hash, on_day, uses, last_used)
    SELECT p, h, current_date, n, now() FROM unnest(partners, hashes, counts) AS u (p, h, n)
      JOIN public.documents k ON k.partner = p AND k.hash = h
     ORDER BY p, h
    ON CONFLICT (partner, hash, on_day) DO UPDATE SET uses = d.uses + excluded.uses, last_used = excluded.last_used
$$;
REVOKE ALL ON FUNCTION document_kept, documents_used FROM PUBLIC;
