"""What each database role may do and which triggers stand guard, as migrations leave it: to compare a store with."""

from collections.abc import Mapping
from types import MappingProxyType

from adapters.store.roles import Role

Grant = tuple[str, str]  # a privilege, and what it is on: `table`, `table.column`, a function, a type


def _grants(**objects: str) -> frozenset[Grant]:
    """Each privilege with what it is on; `table (column column)`, set off by semicolons, means those columns alone."""
    granted = set()
    for privilege, words in objects.items():
        for part in words.split(";"):
            names, _, columns = part.strip(" )").partition(" (")
            on = [f"{names}.{column}" for column in columns.split()] if columns else names.split()
            granted |= {(privilege, name) for name in on}
    return frozenset(granted | {("USAGE", "schema public"), ("CONNECT", "database")})


# What `0013_grants.sql`, 0021 to 0023 and 0026 give, and not one thing more. The test of the roles tries the same.
EXPECTED_GRANTS: Mapping[Role, frozenset[Grant]] = MappingProxyType(
    {
        Role.GATEWAY: _grants(
            SELECT="children (id number given family name_key given_key birth_date gender address_status address_lines"
            " postcode uprn authority closed kin former);"
            " shields (child_id tier authority withheld raised_by confirmed_at);"
            " overrides (child_id viewer token until);"
            " keys holds circles shield_epoch child_readings organisations broker_references;"
            " registry_epoch clients partners denied_tokens staff_prints;"
            " documents (partner hash body name revoked_at);"
            " statistics_cells (month grouping authority age_band gender shown)",
            INSERT="broker_references; holds (child_id agency mark)",
            EXECUTE="record_accesses begin_override take_reports report_ended protection_counts documents_used"
            " keep_data_key make_ledger_months ledger_heads keep_checkpoint accesses_of data_keys_named"
            " law_breaches statistics_current kin_key_fits",
            USAGE="ledger_entry",
        ),
        Role.FEED: _grants(
            SELECT="children (id given family name_key given_key family_sound given_sound birth_date gender"
            " address_status address_lines postcode uprn name_as_of birth_as_of gender_as_of address_as_of);"
            " former_names (child_id position given family family_sound given_sound);"
            " keys (system value child_id); former_keys (system value child_id); source_rows (source row_key child_id);"
            " feed_loads (source digest as_of rows_done finished counts started_at touched_at);"
            " feed_rejects (source digest line field reason)",
            EXECUTE="is_protected protected_among feed_turn feed_apply feed_begin feed_progress"
            " quarantine_for_stewards resolve_entry record_act law_breaches statistics_current"
            " kin_key_fits",
            USAGE="feed_entry ledger_entry",
        ),
        Role.SHIELD: _grants(
            SELECT="circles holds shield_epoch household_releases shield_proposals; shield_acts (reference);"
            " shields (child_id tier authority withheld ground review_on raised_by raised_from confirmed_by"
            " confirmed_at household_of); children (id number authority closed); organisations (id kind authority)",
            INSERT="shields circles shield_acts household_releases shield_proposals; holds (child_id agency mark)",
            UPDATE="shields circles; holds (cleared_at cleared_by cleared_for); shield_proposals (state)",
            DELETE="shields circles",
            EXECUTE="act_turn household_of quarantine_for_officers resolve_protected_entry merge_children"
            " close_child new_identity record_act act_in_hand is_kin may_be_kin",
            USAGE="feed_entry ledger_entry",
        ),
        Role.REGISTRY: _grants(
            SELECT="organisations authority_webhooks registry_epoch clients partners denied_tokens documents"
            " document_usage; statistics_cells (month grouping authority age_band gender shown withheld);"
            " statistics_draft (month grouping authority age_band gender shown carried withheld)",
            INSERT="organisations authority_webhooks clients partners; documents (partner hash body name published_by)",
            UPDATE="authority_webhooks; organisations (name kind authority purposes);"
            " clients (name roles purposes scopes doors organisations authorities bound suspended);"
            " partners (categories roots purpose reason);"
            " documents (name published_at published_by revoked_at revoked_by)",
            DELETE="authority_webhooks",
            EXECUTE="deny_token name_staff draft_statistics withhold_statistics publish_statistics kin_key_fits",
        ),
        Role.AUDIT: _grants(
            SELECT="ledger ledger_keys ledger_chains ledger_stubs ledger_checkpoints", EXECUTE="cut_indexes"
        ),
    }
)

_WRITTEN_ONCE = frozenset({"written_once", "kept_whole"})
_EPOCH_GUARDS = "epoch_lock epoch_insert epoch_update epoch_delete epoch_truncate"

# Each trigger by its table. Every one fires always, even for a session that calls itself a replica.
EXPECTED_GUARDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "shields": frozenset(f"{_EPOCH_GUARDS} kept_insert kept_update kept_delete tell_officers".split()),
        "circles": frozenset(f"{_EPOCH_GUARDS} kept".split()),
        "holds": frozenset(f"{_EPOCH_GUARDS} kept tell_officers".split()),
        "overrides": frozenset(_EPOCH_GUARDS.split()),
        "children": frozenset({"epoch_lock", "epoch_closed", "epoch_delete", "kin_forgotten"}),
        "former_names": frozenset({"told"}),
        "household_releases": frozenset({"kept"}),
        "shield_acts": frozenset({"act_begins", "overrides_end", "written_once", "kept_whole"}),
        "shield_history": _WRITTEN_ONCE,
        "ledger": _WRITTEN_ONCE,
        "ledger_keys": _WRITTEN_ONCE,
        "ledger_stubs": _WRITTEN_ONCE,
        "ledger_checkpoints": _WRITTEN_ONCE,
        "organisations": frozenset({"registry_epoch"}),
        "clients": frozenset({"registry_epoch"}),
        "partners": frozenset({"registry_epoch"}),
        "denied_tokens": frozenset({"registry_epoch"}),
        "staff_prints": frozenset({"registry_epoch"}),
        "documents": frozenset({"registry_epoch", "document_kept"}),
    }
)
