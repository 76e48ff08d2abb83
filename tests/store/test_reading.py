"""Reading children: everything a decision needs, in one snapshot, with its epoch; doubt shows nobody."""

from datetime import date

import pytest

from adapters.records import (
    AddressStatus,
    BirthEntry,
    ChildRecord,
    CircleMember,
    Gender,
    Keys,
    Name,
    NhsNumber,
    Override,
    PostalAddress,
    Protection,
    Tier,
    Upn,
)
from adapters.store.postgres import ShieldUnreadable, Store
from tests.store.rows import Rows


async def test_unknown_number(store: Store, rows: Rows) -> None:
    """An unknown number yields no child, and the epoch all the same."""
    reading = await store.children_by_number(["0000000000009"])
    assert reading.children == ()
    assert reading.epoch == await rows.epoch()


async def test_open_child_whole(store: Store, rows: Rows) -> None:
    """Names as recorded, former names latest first, every key, the address, and no protection."""
    child = await rows.child("AAAAAAAAAAAAA", given=["John Paul", "James"], family="O'Brien")
    for position, family in enumerate(["Later", None]):
        await rows.connection.execute("INSERT INTO former_names VALUES ($1, $2, '{John}', $3)", child, position, family)
    for system, value in (("NHS_NUMBER", "9990000018"), ("UPN", "B801200005001"), ("BIRTH_ENTRY", "501")):
        await rows.connection.execute("INSERT INTO keys VALUES ($1, $2, $3)", system, value, child)
    assert (await store.children_by_number(["AAAAAAAAAAAAA"])).children == (
        ChildRecord(
            id=child,
            number="AAAAAAAAAAAAA",
            name=Name(("John Paul", "James"), "O'Brien"),
            birth_date=date(2015, 6, 1),
            gender=Gender.FEMALE,
            address=PostalAddress(AddressStatus.CURRENT, ("1 High Street",), "LS1 1AA", "100"),
            former_names=(Name(("John",), "Later"), Name(("John",), None)),
            keys=Keys(NhsNumber("9990000018"), Upn("B801200005001"), BirthEntry("501")),
            authority="E08000035",
            protection=Protection(),
        ),
    )


async def test_former_names_follow_their_table(store: Store, rows: Rows) -> None:
    """Whatever becomes of them there: another order, another spelling, one or all of them gone."""
    child = await rows.child("AAAAAAAAAAAAA")

    async def families(change: str) -> list[str | None]:
        await rows.connection.execute(change)
        [found] = (await store.children_by_number(["AAAAAAAAAAAAA"])).children
        return [former.family for former in found.former_names]

    insert = f"INSERT INTO former_names VALUES ({child}, 0, '{{Ada}}', 'B'), ({child}, 1, '{{Ada}}', 'C')"  # noqa: S608 - a number of ours
    assert await families(insert) == ["B", "C"]
    assert await families("UPDATE former_names SET position = 2 WHERE position = 0") == ["C", "B"]
    assert await families("UPDATE former_names SET family = 'D' WHERE family = 'C'") == ["D", "B"]
    assert await families("DELETE FROM former_names WHERE family = 'D'") == ["B"]
    assert await families("DELETE FROM former_names") == []


async def test_several_children(store: Store, rows: Rows) -> None:
    """Those of the numbers that exist, each once, in one reading."""
    for number in ("AAAAAAAAAAAAA", "BBBBBBBBBBBBB", "CCCCCCCCCCCCC"):
        await rows.child(number)
    reading = await store.children_by_number(["CCCCCCCCCCCCC", "AAAAAAAAAAAAA", "AAAAAAAAAAAAA", "DDDDDDDDDDDDD"])
    assert sorted(child.number for child in reading.children) == ["AAAAAAAAAAAAA", "CCCCCCCCCCCCC"]


async def test_by_key(store: Store, rows: Rows) -> None:
    """A key finds the child of its own system alone; an unknown key finds nobody."""
    child = await rows.child()
    await rows.connection.execute("INSERT INTO keys VALUES ('UPN', 'B801200005001', $1)", child)
    assert [found.id for found in (await store.children_by_key(Upn("B801200005001"))).children] == [child]
    assert (await store.children_by_key(NhsNumber("B801200005001"))).children == ()
    assert (await store.children_by_key(Upn("B801200005002"))).epoch == await rows.epoch()


async def test_shielded_child(store: Store, rows: Rows) -> None:
    """Tier, what the officer withheld, the circle and overrides in force; the authority is the shield's."""
    child = await rows.child("AAAAAAAAAAAAA", authority="E08000035")
    await rows.shield(child, "SHIELDED", authority="E06000001", withheld=["KEY"])
    await rows.circle(child, "school-1", ["SCHOOL", "CONTACT"], days=0)
    await rows.circle(child, "school-2", ["SCHOOL"], days=-2)
    await rows.override(child, "viewer-1", "token-1")
    await rows.override(child, "viewer-2", "token-2", minutes=-1)
    (found,) = (await store.children_by_number(["AAAAAAAAAAAAA"])).children
    assert found.authority == "E06000001"
    assert found.protection == Protection(
        tier=Tier.SHIELDED,
        withheld=frozenset({"KEY"}),
        circle=(CircleMember("school-1", frozenset({"SCHOOL", "CONTACT"})),),
        overrides=(Override("viewer-1", "token-1"),),
    )


@pytest.mark.parametrize(("cleared", "held"), [(False, True), (True, False)])
async def test_held_child(store: Store, rows: Rows, cleared: bool, held: bool) -> None:
    """A hold protects until an officer clears it."""
    child = await rows.child("AAAAAAAAAAAAA")
    await rows.hold(child, cleared=cleared)
    (found,) = (await store.children_by_number(["AAAAAAAAAAAAA"])).children
    assert found.protection.held is held
    assert found.protection.protected is held


async def test_unconfirmed_shield(store: Store, rows: Rows) -> None:
    """Who raised it is told until the responsible authority has confirmed it; it protects from the first moment."""
    child = await rows.child("AAAAAAAAAAAAA")
    await rows.shield(child, unconfirmed_by="officer-1")
    (found,) = (await store.children_by_number(["AAAAAAAAAAAAA"])).children
    assert found.protection == Protection(tier=Tier.SHIELDED, unconfirmed_by="officer-1")
    await rows.connection.execute("UPDATE shields SET confirmed_at = now(), confirmed_by = 'officer-2'")
    (found,) = (await store.children_by_number(["AAAAAAAAAAAAA"])).children
    assert found.protection == Protection(tier=Tier.SHIELDED)


async def test_closed_record_is_unknown(store: Store, rows: Rows) -> None:
    """A child given a new identity: the old number and keys find nobody, whoever asks."""
    child = await rows.child("AAAAAAAAAAAAA")
    await rows.shield(child, "SEALED")
    await rows.connection.execute("INSERT INTO keys VALUES ('UPN', 'B801200005001', $1)", child)
    await rows.connection.execute("UPDATE children SET closed = true")
    assert (await store.children_by_number(["AAAAAAAAAAAAA"])).children == ()
    assert (await store.children_by_key(Upn("B801200005001"))).children == ()


async def test_shield_raised_now_holds_now(store: Store, rows: Rows) -> None:
    """Nothing is cached: a shield raised directly in the database is in the very next reading, under a new epoch."""
    child = await rows.child("AAAAAAAAAAAAA")
    before = await store.children_by_number(["AAAAAAAAAAAAA"])
    await rows.shield(child, "SEALED")
    after = await store.children_by_number(["AAAAAAAAAAAAA"])
    assert before.children[0].protection.tier is Tier.OPEN
    assert after.children[0].protection.tier is Tier.SEALED
    assert after.epoch > before.epoch


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE shields DROP CONSTRAINT shields_tier_check; UPDATE shields SET tier = 'GUARDED'",
        "ALTER TABLE shields DROP CONSTRAINT shields_tier_check; UPDATE shields SET tier = 'OPEN'",
        "ALTER TABLE shields DROP CONSTRAINT shields_withheld_check; UPDATE shields SET withheld = '{NAME}'",
        "DELETE FROM shield_epoch",
    ],
)
async def test_doubt_shows_nobody(store: Store, rows: Rows, damage: str) -> None:
    """A shield that says what no shield can say, or no epoch at all: no answer, rather than a guess."""
    await rows.shield(await rows.child("AAAAAAAAAAAAA"))
    await rows.connection.execute(damage)
    with pytest.raises(ShieldUnreadable):
        await store.children_by_number(["AAAAAAAAAAAAA"])
