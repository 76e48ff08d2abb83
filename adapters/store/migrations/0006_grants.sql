-- Each role may do its own work and no other's (DESIGN §7). The roles themselves are made before any migration.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO contactpoint_gateway, contactpoint_feed, contactpoint_shield, contactpoint_registry;

-- gateway: reads what a decision needs; writes that somebody looked.
GRANT SELECT ON
    children, former_names, keys, shields, holds, circles, overrides, shield_epoch, child_readings,
    organisations, broker_references
TO contactpoint_gateway;
GRANT INSERT ON ledger, holds, overrides, broker_references TO contactpoint_gateway;
GRANT EXECUTE ON FUNCTION record_access TO contactpoint_gateway;

-- feed: identity. Of shields it may learn a yes or no, for quarantine; never a tier, a reason or an authority.
GRANT SELECT, INSERT, UPDATE ON children TO contactpoint_feed;
GRANT SELECT, INSERT, UPDATE, DELETE ON former_names, keys TO contactpoint_feed;

CREATE FUNCTION is_protected(child bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.shields WHERE child_id = child)
        OR EXISTS (SELECT FROM public.holds WHERE child_id = child AND cleared_at IS NULL)
$$;
REVOKE ALL ON FUNCTION is_protected FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_protected TO contactpoint_feed;

-- shield: officers' acts, on a child found by its number. Holds are cleared, never removed.
GRANT SELECT (id, number, authority) ON children TO contactpoint_shield;
GRANT SELECT, INSERT, UPDATE, DELETE ON shields, circles TO contactpoint_shield;
GRANT SELECT, INSERT ON holds TO contactpoint_shield;
GRANT UPDATE (cleared_at) ON holds TO contactpoint_shield;
GRANT SELECT, DELETE ON overrides TO contactpoint_shield;
GRANT SELECT ON shield_epoch TO contactpoint_shield;

-- registry: who may come.
GRANT SELECT, INSERT, UPDATE, DELETE ON organisations TO contactpoint_registry;
