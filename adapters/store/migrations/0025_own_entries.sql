-- For officers: whether an entry in quarantine may be of a child who is theirs, told to them as a candidate or not. The
-- shield's role sees neither candidates nor prints.
CREATE FUNCTION may_be_kin(entry text, prints bytea[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.quarantine_candidates x WHERE x.reference = entry AND public.is_kin(x.child_id, prints))
$$;
REVOKE ALL ON FUNCTION may_be_kin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_be_kin TO contactpoint_shield;
