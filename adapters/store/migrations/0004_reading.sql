-- A child with everything a decision needs, so that every path reads a child and its shield in one snapshot (law 3).
-- It runs with the rights of whoever reads it. No column is computed for a row that is not asked for.

CREATE VIEW child_readings WITH (security_invoker = true) AS
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
       FROM overrides o WHERE o.child_id = c.id AND o.until > now()) AS overrides
FROM children c
LEFT JOIN shields s ON s.child_id = c.id;
