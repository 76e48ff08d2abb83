"""How names sound: what is misheard meets, and no name of an older store is left without a sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.backfill import backfill_sounds
from adapters.store.roles import Role
from adapters.store.search import name_key
from adapters.store.sounds import LENGTH, sound
from tests.databases import Database
from tests.store.rows import Rows


@pytest.mark.parametrize(
    "names",
    [
        ("Muhammad", "Mohammed", "MOHAMED", "Muhammed"),
        ("Catherine", "Kathryn", "Katherine"),
        ("O'Brien", "OBrian", "o brien"),
        ("Stephen", "Steven"),
        ("Łukasz", "Lukasz"),
        ("Philips", "Phillips", "Filips"),
    ],
)
def test_misheard_names_sound_alike(names: tuple[str, ...]) -> None:
    """However they are spelt, accented or put together."""
    assert len({sound(name) for name in names}) == 1


def test_unlike_names_sound_otherwise() -> None:
    """A sound is not so coarse that everybody is brought before whoever judges."""
    assert len({sound(name) for name in ("Ada", "Bob", "Smith", "Jones", "Khan", "Nguyen", "李", "Иван")}) == 8


@given(st.text())
def test_only_a_name_without_letters_has_no_sound(name: str) -> None:
    """Else a child would be in no block and found by no likeness: law `blocks-complete` counts on it."""
    assert (sound(name) == "") is (name_key(name) == "")
    assert len(sound(name)) <= LENGTH


@pytest.mark.parametrize("portion", [1, 2, 100])
async def test_names_of_an_older_store_are_given_sounds(database: Database, rows: Rows, portion: int) -> None:
    """Children and former names alike, in whatever portions; run again, nothing is left to do."""
    child = await rows.child(given=["Bob", "Ada"], family="O'Brien")
    nameless = await rows.child(given=["Ada"], family=None)
    await rows.connection.execute("INSERT INTO former_names VALUES ($1, 0, '{Robert}', 'Smith')", child)
    await rows.connection.execute("INSERT INTO former_names VALUES ($1, 0, '{-}', NULL)", nameless)
    await rows.connection.execute("UPDATE children SET family_sound = '', given_sound = ''")
    assert await backfill_sounds(database.dsn(Role.OWNER), portion) == 2
    assert await backfill_sounds(database.dsn(Role.OWNER)) == 0
    sounds = await rows.connection.fetch(
        "SELECT family_sound, given_sound FROM children UNION ALL SELECT family_sound, given_sound FROM former_names"
    )
    assert {tuple(row) for row in sounds} == {
        (sound("O'Brien"), sound("Bob")),
        ("", sound("Ada")),
        (sound("Smith"), sound("Robert")),
        ("", ""),
    }
