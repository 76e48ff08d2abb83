"""CASES 60: whoever has the store, its backups or its replicas has nobody's name, number or reason by it."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from adapters.store.roles import Role
from gateway.audit.auditors import Auditor
from gateway.audit.opening import OpenedRecord
from gateway.settings import Settings
from tests.auditing import opened
from tests.running import RunningGateway

LEEDS, BRISTOL, NATIONAL = (X25519PrivateKey.generate() for _ in range(3))
REASON = "absent since Monday, and seen near the canal"
TABLES = ("ledger", "ledger_keys", "ledger_chains", "ledger_checkpoints", "guessing")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A ledger sealed to auditors of two authorities and to a national one."""
    auditors = (
        Auditor("leeds", "E08000035", LEEDS.public_key()),
        Auditor("bristol", "E06000023", BRISTOL.public_key()),
        Auditor("national", "*", NATIONAL.public_key()),
    )
    (tmp_path / "auditors").write_text("\n".join(auditor.line() for auditor in auditors))
    return replace(settings, auditors_file=tmp_path / "auditors")


async def read_by(gateway: RunningGateway, auditor: X25519PrivateKey) -> list[OpenedRecord]:
    owner = await gateway.database.connect(Role.OWNER)
    try:
        return await opened(owner, auditor)
    finally:
        await owner.close()


async def test_nothing_of_it_lies_open(gateway: RunningGateway) -> None:
    """Not in any row of any table the ledger has, in text or in hexadecimal."""
    said = {"Contactpoint-Reason": REASON}
    for name in ("open", "shielded", "sealed"):
        await gateway.ask_child(name, "name { family } address { postcode }", purpose="SAFEGUARDING", headers=said)
    rows = [row for table in TABLES for row in await gateway.rows(f"SELECT t::text AS row FROM {table} t")]  # noqa: S608
    text = "".join(row["row"] for row in rows)
    words = [REASON, "persona-teacher", "PRACTITIONER", "SAFEGUARDING", "IDENTITY", "school-"]
    words += [gateway.child(name).number for name in ("open", "shielded", "sealed")]
    assert text
    for word in words:
        assert word not in text
        assert word.encode().hex() not in text


async def test_a_protected_child_is_its_authoritys_auditors_alone(gateway: RunningGateway) -> None:
    """Everybody else opens that somebody asked, and neither of whom nor why."""
    assert gateway.child("shielded").authority == "E08000035"
    said = {"Contactpoint-Reason": REASON}
    await gateway.ask_child("shielded", "number", purpose="SAFEGUARDING", headers=said)
    [whole] = await read_by(gateway, LEEDS)
    assert (whole.numbers, whole.reason, whole.unopened) == ([gateway.child("shielded").number], REASON, 0)
    for auditor in (BRISTOL, NATIONAL):
        [part] = await read_by(gateway, auditor)
        assert (part.viewer, part.numbers, part.reason, part.unopened) == ("persona-teacher", [], None, 1)
    assert await read_by(gateway, X25519PrivateKey.generate()) == []


async def test_where_no_auditor_is_its_authoritys_the_national_one_is(gateway: RunningGateway) -> None:
    """What nobody could open would be no record."""
    await gateway.execute(
        "UPDATE shields SET authority = 'E09000001' WHERE child_id = $1", await gateway.id_of("shielded")
    )
    await gateway.ask_child("shielded", "number", purpose="SAFEGUARDING")
    for auditor, numbers in ((NATIONAL, [gateway.child("shielded").number]), (LEEDS, [])):
        [record] = await read_by(gateway, auditor)
        assert record.numbers == numbers


async def test_a_store_that_has_lost_a_data_key_is_given_another(gateway: RunningGateway) -> None:
    """As after a failover to one that was a moment behind: one answer is refused, and not an hour of them."""
    assert (await gateway.ask_child("open", "number")).status == 200
    await gateway.execute("ALTER TABLE ledger_keys DISABLE TRIGGER USER")
    await gateway.execute("DELETE FROM ledger_keys")
    assert [(await gateway.ask_child("open", "number")).status for _ in range(2)] == [503, 200]


async def test_an_officers_try_at_anothers_child_is_for_its_own_authority(gateway: RunningGateway) -> None:
    """Auditors of the officer's authority read that they acted: not that there is such a child, protected elsewhere."""
    number = gateway.child("shielded").number
    query = 'mutation($n: ID!) { confirmShield(number: $n, reason: "to see what is there") { state } }'
    await gateway.ask(query, {"n": number}, viewer="shield-officer-elsewhere")
    numbers = {}
    for name, auditor in (("leeds", LEEDS), ("bristol", BRISTOL), ("national", NATIONAL)):
        [act] = [record for record in await read_by(gateway, auditor) if record.act]
        numbers[name] = act.numbers
    assert numbers == {"leeds": [number], "bristol": [], "national": []}
