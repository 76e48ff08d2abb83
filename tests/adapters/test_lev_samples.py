"""Every published LEV sample, read in place, in both versions: the right record, or the mark that holds the child."""

import pytest

from adapters.agency import Mark
from adapters.lev_birth import BirthRegistration, read_entry
from adapters.records import Name
from tests.adapters.loopback import answered
from tests.shared_samples import needs_samples, sample, samples_in

pytestmark = needs_samples

JOAN, JOHN = Name(("Joan", "Narcissus", "Ouroboros"), "BLACK"), Name(("John", "Narcissus", "Ouroboros"), "SMITH")
HOWARDS = ((Name(("Annabelle",), "HOWARD"), "Mother"), (Name(("Arron",), "HOWARD"), "Father"))
PARENTS = {
    "123456789": ((JOAN, "Mother"), (JOHN, "Parent")),
    "999999901": ((Name(("Mum", "One"), "Multiple"), "Mother"), (Name(("Dad", "One"), "Multiple"), "Father")),
    "999999902": ((Name(("Mum", "Two"), "Multiple"), "Mother"), (Name(("Dad", "Two"), "Multiple"), "Father")),
    "999999903": ((Name(("Mum", "Three"), "Multiple"), "Mother"), (Name(("Dad", "Three"), "Multiple"), "Father")),
    "999999910": ((Name(("Mum",), "Solo"), "Mother"), (Name(("Dad",), "Solo"), "Father")),
    "999999930": HOWARDS,  # the later entry's: by then the mother was called Howard
    "999999931": HOWARDS,
}


def entry(version: str, number: str) -> BirthRegistration:
    read = read_entry(answered(sample(f"lev/birth-{version}/{number}.json"), system="lev"))
    assert read is not None
    assert str(read.id) == number
    return read


@pytest.mark.parametrize("number", PARENTS)
def test_version_1_gives_the_newest_entrys_parents(number: str) -> None:
    """Parents in the entry's order, given names apart, and nothing held back."""
    read = entry("v1", number)
    assert read.mark is None
    assert not read.newest.status.cancelled
    assert read.newest.parents == PARENTS[number]
    assert read.as_of is not None


@pytest.mark.parametrize("number", [number for number in PARENTS if number not in ("999999930", "999999931")])
def test_version_0_gives_the_same_parents(number: str) -> None:
    """The other shape of the same entry."""
    read = entry("v0", number)
    assert read.mark is None
    assert read.parents == PARENTS[number]
    assert read.child.date_of_birth == entry("v1", number).child.date_of_birth


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_blocked_entry_is_marked_and_names_nobody(version: str) -> None:
    """Every field is null but the number and the flag."""
    read = entry(version, "999999920")
    assert read.mark is Mark.BIRTH_BLOCKED
    assert read.parents == ()


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_cancelled_entry_says_so(version: str) -> None:
    """A cancelled entry is read, and is known for one."""
    assert entry(version, "999999921").newest.status.cancelled is True


@pytest.mark.parametrize("number", ["999999923", "999999924", "999999930", "999999931"])
def test_version_0_cautions(number: str) -> None:
    """A court order, a birth that may be fictitious, and a chain that this version names but does not show."""
    assert entry("v0", number).mark is Mark.BIRTH_CAUTION


def test_version_0_shows_no_trace_of_a_blocked_later_entry() -> None:
    """Which is why version 1 is the one we ask."""
    assert entry("v0", "999999922").mark is None


def test_no_sample_is_left_out() -> None:
    """A sample that is added to the folders is read here, or this fails."""
    held = {"999999920", "999999921"}
    assert {path[-14:-5] for path in samples_in("lev/birth-v1")} == {*PARENTS, *held}
    assert {path[-14:-5] for path in samples_in("lev/birth-v0")} == {
        *PARENTS,
        *held,
        "999999922",
        "999999923",
        "999999924",
    }
