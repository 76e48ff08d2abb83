"""The go-live gate: every law that can be asked of the live store, the schema and the settings, one result each.

A result counts how often its law is broken and never says by whom: what is printed here may stand in anybody's log.
"""

from collections.abc import Iterator

from adapters.store.kin_key import MEND, kin_key_fits
from adapters.store.laws import LawResult, breaches
from gateway.audit.key_files import AUDITOR_KEY, FOLDER
from gateway.feeds.definition import SourceError
from gateway.feeds.fingerprint_key import key_of
from gateway.settings import Settings, variable
from schema.built import graphql_schema
from schema.paths import UnguardedPathError, check_paths


class LawBroken(Exception):
    """A law does not hold, so nothing is served or loaded; the text names the law and what mends it."""


async def check(dsn: str, settings: Settings) -> tuple[LawResult, ...]:
    """Every law's result; `dsn` is of the gateway or the feed. Raises StoreSetupError."""
    fits = await kin_key_fits(dsn, _kin_key(settings))
    return (*await breaches(dsn), LawResult("one-kin-key", int(not fits), MEND), *_breaches_of_our_own(settings))


async def demand_lawful(dsn: str, settings: Settings) -> None:
    """Raise LawBroken, naming the first broken law, unless all hold."""
    for law in await check(dsn, settings):
        if law.broken:
            times = "once" if law.breaches == 1 else f"{law.breaches} times"
            raise LawBroken(f"law `{law.name}` is broken {times}: {law.mend}; `contactpoint check` tells all")


def _breaches_of_our_own(settings: Settings) -> Iterator[LawResult]:
    yield LawResult("categories", _unguarded(), "give every path from `Child` to a value its category")
    yield LawResult(
        "auditor-key-away",
        int(_opens_by_itself(settings)),
        f"take `{FOLDER}/{AUDITOR_KEY}` out of the data folder, to where auditors keep it",
        advice=True,
    )
    # What is declared must be what is agreed: PDS would turn away the rest, and children would go without a practice.
    too_slow = settings.pds_rate < settings.peak_children_per_second
    yield LawResult(
        "rates",
        int(too_slow),
        f"agree a higher `{variable('pds_rate')}` with NHS England, or declare a lower"
        f" `{variable('peak_children_per_second')}`",
    )


def _kin_key(settings: Settings) -> bytes | None:
    try:
        return key_of(settings, make=False)
    except SourceError:
        return None


def _opens_by_itself(settings: Settings) -> bool:
    """Whether the first auditor's private key still lies where it was made, beside the ledger it opens."""
    return (settings.data / FOLDER / AUDITOR_KEY).exists()


def _unguarded() -> int:
    try:
        check_paths(graphql_schema)
    except UnguardedPathError:
        return 1
    return 0
