-- Former names are read with the child as one column, as long as a row is read at all: to gather them from their own table
-- took the longer the more there were, and told whoever may not see them (CASES 17).

ALTER TABLE children ADD COLUMN former text;    -- JSON, the latest first; null where there are none

CREATE FUNCTION former_names_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.children c
       SET former = (SELECT json_agg(json_build_object('given', f.given, 'family', f.family) ORDER BY f.position)::text
                       FROM public.former_names f WHERE f.child_id = c.id)
     WHERE c.id = coalesce(NEW.child_id, OLD.child_id);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION former_names_told() FROM PUBLIC;
CREATE TRIGGER told AFTER INSERT OR DELETE OR UPDATE OF position, given, family ON former_names
    FOR EACH ROW EXECUTE FUNCTION former_names_told();
ALTER TABLE former_names ENABLE ALWAYS TRIGGER told;

UPDATE former_names SET given = given;    -- so that those which are there already are told too

CREATE OR REPLACE VIEW child_readings WITH (security_invoker = true) AS
SELECT
    c.id, c.number, c.given, c.family, c.name_key, c.given_key, c.birth_date, c.gender,
    c.address_status, c.address_lines, c.postcode, c.uprn, c.authority,
    s.tier, s.authority AS shield_authority, s.withheld,
    EXISTS (SELECT FROM holds h WHERE h.child_id = c.id AND h.cleared_at IS NULL) AS held,
    (SELECT json_object_agg(k.system, k.value)::text
       FROM keys k WHERE k.child_id = c.id) AS keys,
    c.former AS former_names,
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

REVOKE SELECT ON former_names FROM contactpoint_gateway;
GRANT SELECT (former) ON children TO contactpoint_gateway;
