-- Each role may do its own work and no other's. Supersedes what 0006 gave gateway, feed and shield.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, contactpoint_gateway, contactpoint_feed, contactpoint_shield;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, contactpoint_gateway, contactpoint_feed, contactpoint_shield;

-- gateway: reads what a decision needs. What it writes, it writes by functions or into the columns named.
-- By columns where a row was written together with another's: their hidden `xmin` would join a closed record to its new one.
GRANT SELECT (id, number, given, family, name_key, given_key, birth_date, gender, address_status, address_lines, postcode,
              uprn, authority, closed)
ON children TO contactpoint_gateway;
GRANT SELECT (child_id, tier, authority, withheld, raised_by, confirmed_at) ON shields TO contactpoint_gateway;
GRANT SELECT (child_id, viewer, token, until) ON overrides TO contactpoint_gateway;
GRANT SELECT ON former_names, keys, holds, circles, shield_epoch, child_readings, organisations, broker_references
TO contactpoint_gateway;
GRANT INSERT (child_id, agency, mark) ON holds TO contactpoint_gateway;
GRANT INSERT ON broker_references TO contactpoint_gateway;
GRANT EXECUTE ON FUNCTION record_access, begin_override, take_reports, report_ended, protection_counts
TO contactpoint_gateway;

-- feed: identity as far as matching needs it, by columns: a table's hidden ones (`xmin`, `xmax`, `ctid`) would tell which
-- children a shield refers to. It writes nothing but through functions.
GRANT SELECT (id, given, family, name_key, given_key, family_sound, given_sound, birth_date, gender, address_status,
              address_lines, postcode, uprn, name_as_of, birth_as_of, gender_as_of, address_as_of)
ON children TO contactpoint_feed;
GRANT SELECT (child_id, position, given, family, family_sound, given_sound) ON former_names TO contactpoint_feed;
GRANT SELECT (system, value, child_id) ON keys, former_keys TO contactpoint_feed;
GRANT SELECT (source, row_key, child_id) ON source_rows TO contactpoint_feed;
GRANT SELECT (source, digest, as_of, rows_done, finished, counts, started_at, touched_at) ON feed_loads TO contactpoint_feed;
GRANT SELECT (source, digest, line, field, reason) ON feed_rejects TO contactpoint_feed;
GRANT EXECUTE ON FUNCTION is_protected, protected_among, feed_turn, feed_apply, feed_begin, feed_progress,
    quarantine_for_stewards, resolve_entry, record_act
TO contactpoint_feed;
GRANT USAGE ON TYPE feed_entry TO contactpoint_feed, contactpoint_shield;

-- shield: officers' acts, on a child found by its number. Triggers see that each has its act and its officers.
GRANT SELECT (id, number, authority, closed) ON children TO contactpoint_shield;
GRANT SELECT (child_id, tier, authority, withheld, ground, review_on, raised_by, raised_from, confirmed_by, confirmed_at,
              household_of)
ON shields TO contactpoint_shield;
GRANT INSERT, UPDATE, DELETE ON shields TO contactpoint_shield;
GRANT SELECT, INSERT, UPDATE, DELETE ON circles TO contactpoint_shield;
GRANT SELECT, INSERT (child_id, agency, mark) ON holds TO contactpoint_shield;
GRANT UPDATE (cleared_at, cleared_by, cleared_for) ON holds TO contactpoint_shield;
GRANT SELECT ON shield_epoch TO contactpoint_shield;
GRANT SELECT (reference), INSERT ON shield_acts TO contactpoint_shield;
GRANT SELECT, INSERT ON household_releases TO contactpoint_shield;
GRANT SELECT, INSERT, UPDATE (state) ON shield_proposals TO contactpoint_shield;
GRANT SELECT (id, kind, authority) ON organisations TO contactpoint_shield;
GRANT EXECUTE ON FUNCTION act_turn, household_of, quarantine_for_officers, resolve_protected_entry, merge_children, close_child,
    new_identity, record_act, act_in_hand
TO contactpoint_shield;

-- registry: who may come, and where an authority's officers are told.
GRANT SELECT, INSERT, UPDATE, DELETE ON authority_webhooks TO contactpoint_registry;

-- Whoever begins a transaction and goes away keeps nobody waiting.
ALTER ROLE contactpoint_gateway SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE contactpoint_feed SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE contactpoint_shield SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE contactpoint_registry SET idle_in_transaction_session_timeout = '5s';
-- And nobody takes all the connections, so that the gateway always has some.
ALTER ROLE contactpoint_feed CONNECTION LIMIT 25;
ALTER ROLE contactpoint_shield CONNECTION LIMIT 25;
ALTER ROLE contactpoint_registry CONNECTION LIMIT 5;
