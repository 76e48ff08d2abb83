-- What each role may do with what 0016 to 0020 made. Adds to 0013; `adapters/store/grants.py` says the whole.

GRANT SELECT ON registry_epoch, clients, partners, denied_tokens, staff_prints TO contactpoint_gateway;
GRANT SELECT (partner, hash, body, name, revoked_at) ON documents TO contactpoint_gateway;
GRANT SELECT (month, grouping, authority, age_band, gender, shown) ON statistics_cells TO contactpoint_gateway;
GRANT SELECT (kin) ON children TO contactpoint_gateway;
GRANT EXECUTE ON FUNCTION record_access, documents_used TO contactpoint_gateway;

GRANT EXECUTE ON FUNCTION merge_children, is_kin TO contactpoint_shield;

GRANT SELECT ON registry_epoch, document_usage TO contactpoint_registry;
-- By columns, and never DELETE: a right to a whole table is a right to lock it.
REVOKE UPDATE, DELETE ON organisations FROM contactpoint_registry;
GRANT UPDATE (name, kind, authority, purposes) ON organisations TO contactpoint_registry;
GRANT SELECT, INSERT ON clients, partners TO contactpoint_registry;
GRANT UPDATE (name, roles, purposes, scopes, doors, organisations, authorities, bound, suspended) ON clients TO contactpoint_registry;
GRANT UPDATE (categories, roots, purpose, reason) ON partners TO contactpoint_registry;
GRANT SELECT ON denied_tokens TO contactpoint_registry;
GRANT EXECUTE ON FUNCTION deny_token, name_staff TO contactpoint_registry;
GRANT SELECT, INSERT (partner, hash, body, name, published_by), UPDATE (name, published_at, published_by, revoked_at, revoked_by)
    ON documents TO contactpoint_registry;
GRANT EXECUTE ON FUNCTION draft_statistics, withhold_statistics, publish_statistics TO contactpoint_registry;
GRANT SELECT (month, grouping, authority, age_band, gender, shown, withheld) ON statistics_cells TO contactpoint_registry;
GRANT SELECT (month, grouping, authority, age_band, gender, shown, carried, withheld) ON statistics_draft TO contactpoint_registry;
