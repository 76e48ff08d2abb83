"""Keys live an hour, are kept before they are used, and are sealed to those who may open what they seal."""

import asyncio
import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from adapters.store.entries import KeptKey
from adapters.store.failures import StoreUnavailable
from gateway.audit.auditors import Auditor, Auditors, AuditorsUnreadable, private_words, read_auditors, read_private
from gateway.audit.data_keys import AHEAD, LIFE, DataKeys
from gateway.audit.record_format import data_key_name
from gateway.audit.sealing import Unopened, open_data_key

LEEDS, YORK = "E08000035", "E06000014"
PRIVATE = {name: X25519PrivateKey.from_private_bytes(name[:1].encode() * 32) for name in ("national", "leeds")}
AUDITORS = Auditors(
    (
        Auditor("national", "*", PRIVATE["national"].public_key()),
        Auditor("leeds", LEEDS, PRIVATE["leeds"].public_key()),
    )
)


class Shelf:
    """Keeps keys as a store does, and may be shut."""

    def __init__(self) -> None:
        self.kept: list[KeptKey] = []
        self.shut = False

    async def keep_data_key(self, key: KeptKey) -> None:
        await asyncio.sleep(0)
        if self.shut:
            raise StoreUnavailable("the store is shut")
        self.kept.append(key)


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def keys(shelf: Shelf, clock: Clock) -> DataKeys:
    return DataKeys(shelf, AUDITORS, clock=clock, now=lambda: 1_700_000_000.0)


async def test_a_key_is_kept_before_it_is_had() -> None:
    """Whoever cannot keep it has none, and may try again."""
    shelf, clock = Shelf(), Clock()
    of = keys(shelf, clock)
    shelf.shut = True
    with pytest.raises(StoreUnavailable):
        await of.ready([None])
    assert of.at_hand(None) is None
    shelf.shut = False
    [key] = await of.ready([None])
    assert [kept.name for kept in shelf.kept] == [key.name]
    assert of.at_hand(None) is key


async def test_a_key_lives_an_hour() -> None:
    """Counted from before it was made, and another clock's steps do not lengthen it."""
    shelf, clock = Shelf(), Clock()
    of = keys(shelf, clock)
    [first] = await of.ready([None])
    clock.at += LIFE - 0.001
    assert of.at_hand(None) is first
    clock.at += 0.001
    assert of.at_hand(None) is None
    [second] = await of.ready([None])
    assert second.name != first.name


async def test_those_who_need_a_key_at_once_share_it() -> None:
    """It is made once, and who leaves takes it from nobody."""
    shelf, clock = Shelf(), Clock()
    of = keys(shelf, clock)
    waiting = [asyncio.create_task(of.ready([LEEDS, None])) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    got = await asyncio.gather(*waiting, return_exceptions=True)
    assert len({result for result in got if isinstance(result, tuple)}) == 1
    assert len(shelf.kept) == 2


async def test_keys_are_made_before_they_are_needed() -> None:
    """CASES 17: whoever asks first in an hour waits no longer; what is good for a while yet is not made anew."""
    shelf, clock = Shelf(), Clock()
    of = keys(shelf, clock)
    await of.make_ahead([LEEDS])
    [general, first] = [of.at_hand(None), of.at_hand(LEEDS)]
    assert general is not None
    assert first is not None
    clock.at += LIFE - AHEAD - 0.001
    await of.make_ahead([LEEDS])
    assert of.at_hand(LEEDS) is first
    clock.at += 0.001
    await of.make_ahead([LEEDS])
    second = of.at_hand(LEEDS)
    assert second is not None
    assert second is not first
    clock.at += LIFE - 0.001
    assert of.at_hand(LEEDS) is second
    assert len(shelf.kept) == 4


async def test_each_key_is_its_auditors() -> None:
    """The general one everybody's; an authority's its own auditors'; where it has none, the national ones'."""
    shelf, clock = Shelf(), Clock()
    of = keys(shelf, clock)
    made = await of.ready([None, LEEDS, YORK])
    opened_by = {None: {"national", "leeds"}, LEEDS: {"leeds"}, YORK: {"national"}}
    for kept, key in zip(shelf.kept, made, strict=True):
        assert set(kept.auditors) == opened_by[kept.authority]
        assert kept.name == data_key_name(kept.authority, kept.began_at, kept.auditors, kept.sealed)
        for name, private in PRIVATE.items():
            opens = []
            for sealed in kept.sealed:
                try:
                    opens.append(open_data_key(sealed, kept.authority, kept.began_at, private))
                except Unopened:
                    continue
            assert bool(opens) == (name in opened_by[kept.authority])
            for cipher in opens:
                assert cipher.decrypt(b"n" * 12, key.cipher.encrypt(b"n" * 12, b"x", None), None) == b"x"


def test_the_list_is_read_as_it_is_written() -> None:
    """Comments and empty lines aside."""
    text = "# who may open it\n\n" + "\n".join(auditor.line() + "  # kept in a safe" for auditor in AUDITORS.all)
    assert [auditor.line() for auditor in read_auditors(text).all] == [auditor.line() for auditor in AUDITORS.all]


@pytest.mark.parametrize(
    "text",
    [
        "",
        AUDITORS.all[1].line(),
        "national *",
        f"national * {base64.b64encode(b'short').decode()}",
        AUDITORS.all[0].line().replace("national", "National"),
        AUDITORS.all[0].line().replace("*", "Leeds"),
        f"{AUDITORS.all[0].line()}\n{AUDITORS.all[0].line()}",
    ],
)
def test_a_list_that_cannot_be_used_is_refused(text: str) -> None:
    """With no national auditor, too: what nobody can open would be no record."""
    with pytest.raises(AuditorsUnreadable):
        read_auditors(text)


def test_a_private_key_is_the_one_that_was_written() -> None:
    """And no other file is taken for one."""
    again = read_private(private_words(PRIVATE["leeds"]))
    assert again.private_bytes_raw() == PRIVATE["leeds"].private_bytes_raw()
    with pytest.raises(AuditorsUnreadable):
        read_private(b"not a key")
