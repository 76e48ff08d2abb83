"""What `contactpoint audit` keeps back: what a key does not open, and the months of a ledger that is not as written."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from adapters import private_files
from adapters.store.entries import ChildAccess, Conditions
from adapters.store.roles import Role
from gateway.audit.auditors import NATIONAL, Auditor, Auditors, private_words
from gateway.audit.data_keys import DataKeys
from gateway.audit.key_files import AUDITOR_KEY, FOLDER, index_key_of, private_key_in
from gateway.audit.scribe import Access, Scribe
from tests.command.running import contactpoint
from tests.running import RunningGateway


@pytest.fixture
def auditor(gateway: RunningGateway) -> Mapping[str, str]:
    """The environment of whoever audits the test's gateway."""
    return {
        "CONTACTPOINT_AUDIT_DSN": gateway.database.dsn(Role.AUDIT),
        "CONTACTPOINT_DATA": str(gateway.gateway.settings.data),
    }


@pytest.fixture
def key(gateway: RunningGateway) -> Path:
    return gateway.gateway.settings.data / FOLDER / AUDITOR_KEY


async def test_of_a_child_whose_part_stays_shut_nothing_is_said(
    gateway: RunningGateway, auditor: Mapping[str, str], key: Path
) -> None:
    """That somebody of a school asked for it says where it is, however little else of the record a key opens."""
    child, settings = gateway.child("shielded"), gateway.gateway.settings
    elsewhere = X25519PrivateKey.generate()
    theirs = key.with_name("elsewhere")
    private_files.keep(theirs, private_words(elsewhere))
    auditors = Auditors(
        (
            Auditor("home", str(child.authority), private_key_in(key).public_key()),
            Auditor("national", NATIONAL, elsewhere.public_key()),
        )
    )
    scribe = Scribe(DataKeys(gateway.gateway.store, auditors), index_key_of(settings))
    seen = ChildAccess(child.number, frozenset(), frozenset(), override=False, authority=child.authority)
    access = Access("0" * 32, "t", "school", "PRACTITIONER", "EDUCATION", None, None, "ANSWERED", children=(seen,))
    await gateway.gateway.store.record_accesses(1, [(await scribe.sealed(access), Conditions())], 1, 1)
    for whose, lines in ((key, 1), (theirs, 0)):
        said = await contactpoint("audit", "open", "--key", whose, "--number", child.number, **auditor)
        assert len(said.out.splitlines()) == lines, said.err


async def test_one_record_that_was_meddled_with_hides_no_other(
    gateway: RunningGateway, auditor: Mapping[str, str], key: Path
) -> None:
    """It is named, and the rest is told."""
    meddled = await gateway.ask_child("open", "number")
    await gateway.ask_child("twin", "number")
    reference = meddled.headers["Contactpoint-Record"]
    await gateway.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
    await gateway.execute("UPDATE ledger SET sealed = 'junk' WHERE reference = $1", bytes.fromhex(reference))
    told = await contactpoint("audit", "open", "--key", key, **auditor)
    assert gateway.child("twin").number in told.out
    assert f"{reference} does not open" in told.err


async def test_a_number_is_taken_as_it_is_written(
    gateway: RunningGateway, auditor: Mapping[str, str], key: Path
) -> None:
    """In lower case too, the subject is told the same."""
    await gateway.ask_child("open", "number")
    told = await contactpoint("audit", "subject", gateway.child("open").number.lower(), "--key", key, **auditor)
    assert "name, birth date and gender" in told.out


async def test_a_ledger_with_something_wrong_keeps_its_months(
    gateway: RunningGateway, auditor: Mapping[str, str]
) -> None:
    """A stub says that what was dropped was as it was written: first it is looked at."""
    await gateway.ask_child("open", "number")
    owner = {"CONTACTPOINT_DSN": gateway.database.dsn(Role.OWNER)}
    nothing = await contactpoint("audit", "retain", "--months", "1", **auditor, **owner)
    assert nothing.code == 0, nothing.err
    await gateway.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
    await gateway.execute("UPDATE ledger SET viewer = substring(sha256('another') FOR 16)")
    refused = await contactpoint("audit", "retain", "--months", "1", **auditor, **owner)
    assert refused.code != 0
    assert "nothing was dropped" in refused.err
