-- Nobody reads their own or their own child's record. `kin` holds keyed fingerprints, 16 bytes each and end to end: the
-- child's own and those of its known parents. A column of the row that a decision reads anyway costs nothing; the key
-- is in a file of ours, never here. Nothing ever takes a print away, so doubt closes.

ALTER TABLE children ADD COLUMN kin bytea NOT NULL DEFAULT '' CHECK (length(kin) % 16 = 0);
ALTER TYPE feed_entry ADD ATTRIBUTE kin text[];    -- hex prints, as adapters/store/feed_rows.py sends them

CREATE FUNCTION with_prints(kin bytea, more bytea[]) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT kin || coalesce((SELECT string_agg(p, ''::bytea ORDER BY p)
                              FROM (SELECT DISTINCT p FROM unnest(more) p WHERE length(p) = 16) new
                             WHERE position(p IN kin) = 0), ''::bytea)
$$;

-- Supersedes the body of 0011: what a row says of parents is kept for the own-record rule too.
CREATE OR REPLACE FUNCTION link_rows(child bigint, e feed_entry,
                                     source text DEFAULT current_setting('contactpoint.source', true))
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.parent_links (fingerprint, child_id)
    SELECT decode(p, 'hex'), $1 FROM unnest(($2).parents) p ON CONFLICT DO NOTHING;
    INSERT INTO public.source_rows (source, row_key, child_id)
    SELECT $3, decode(($2).row_key, 'hex'), $1 WHERE ($2).row_key IS NOT NULL AND coalesce($3, '') <> ''
    ON CONFLICT DO NOTHING;
    UPDATE public.children SET kin = public.with_prints(kin, ARRAY(SELECT decode(p, 'hex') FROM unnest(($2).kin) p))
     WHERE id = $1 AND EXISTS (SELECT FROM unnest(($2).kin) p WHERE position(decode(p, 'hex') IN children.kin) = 0);
$$;

CREATE OR REPLACE FUNCTION linked(child bigint, e feed_entry, source text DEFAULT current_setting('contactpoint.source', true))
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM unnest(($2).parents) p
                        WHERE NOT EXISTS (SELECT FROM public.parent_links l
                                           WHERE l.fingerprint = decode(p, 'hex') AND l.child_id = $1))
       AND (($2).row_key IS NULL OR coalesce($3, '') = ''
            OR EXISTS (SELECT FROM public.source_rows r WHERE r.source = $3 AND r.row_key = decode(($2).row_key, 'hex')))
       AND NOT EXISTS (SELECT FROM unnest(($2).kin) p JOIN public.children c ON c.id = $1
                        WHERE position(decode(p, 'hex') IN c.kin) = 0)
$$;

-- Merged records have both's kin. The merging itself, and who may, is 0012's, under another name.
ALTER FUNCTION merge_children(bigint, bigint) RENAME TO merge_records;
REVOKE ALL ON FUNCTION merge_records FROM contactpoint_feed, contactpoint_shield;
CREATE FUNCTION merge_children(survivor bigint, loser bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    more bytea;
BEGIN
    PERFORM public.act_turn();
    SELECT kin INTO more FROM public.children WHERE id = loser;
    UPDATE public.children SET kin = public.with_prints(kin, ARRAY(
        SELECT substring(more FROM n * 16 + 1 FOR 16) FROM generate_series(0, length(more) / 16 - 1) n))
     WHERE id = survivor;
    PERFORM public.merge_records(survivor, loser);
END $$;

-- A closed record keeps no print: the new identity may bear the same, and nothing may join the two (law 12).
CREATE FUNCTION kin_forgotten() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.kin := '';
    RETURN NEW;
END $$;
CREATE TRIGGER kin_forgotten BEFORE UPDATE OF closed ON children FOR EACH ROW WHEN (NEW.closed) EXECUTE FUNCTION kin_forgotten();
ALTER TABLE children ENABLE ALWAYS TRIGGER kin_forgotten;

-- For officers: whether this child is theirs. The shield's role sees no print.
CREATE FUNCTION is_kin(child bigint, prints bytea[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.children c, unnest(prints) p
                    WHERE c.id = child AND length(p) = 16 AND position(p IN c.kin) > 0)
$$;
REVOKE ALL ON FUNCTION with_prints, kin_forgotten, link_rows, merge_records, merge_children, is_kin FROM PUBLIC;

CREATE OR REPLACE VIEW child_readings WITH (security_invoker = true) AS
SELECT
    c.id, c.number, c.given, c.family, c.name_key, c.given_key, c.birth_date, c.gender,
    c.address_status, c.address_lines, c.postcode, c.uprn, c.authority,
    s.tier, s.authority AS shield_authority, s.withheld,
    EXISTS (SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL) AS held,
    (SELECT json_object_agg(k.system, k.value)::text
       FROM keys k WHERE k.child_id = c.id) AS keys,
    (SELECT json_agg(json_build_object('given', f.given, 'family', f.family) ORDER BY f.position)::text
       FROM former_names f WHERE f.child_id = c.id) AS former_names,
    (SELECT json_agg(json_build_object('organisation', m.organisation, 'categories', m.categories))::text
       FROM circles m
      WHERE m.child_id = c.id AND m.until >= (now() AT TIME ZONE 'Europe/London')::date) AS circle,
    (SELECT json_agg(json_build_object('viewer', o.viewer, 'token', o.token))::text
       FROM overrides o WHERE o.child_id = c.id AND o.until > now()) AS overrides,
    CASE WHEN s.confirmed_at IS NULL THEN s.raised_by END AS unconfirmed_by,
    c.kin
FROM children c
LEFT JOIN shields s ON s.child_id = c.id
WHERE NOT c.closed;
