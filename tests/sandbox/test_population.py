"""The synthetic population: the same children always, real shapes, exact shares, a way back from each identifier."""

import hashlib
import re
from collections import Counter
from datetime import date
from itertools import pairwise

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.gb import nhs, upn

from adapters.number import parse_number
from adapters.records import AddressStatus, BirthEntry, NhsNumber, Tier, Upn
from adapters.sandbox.arithmetic import NHS_NUMBERS, UPN_SERIALS, birth_entry_from, nhs_number_from, number_from
from adapters.sandbox.households import (
    FIRSTS,
    HOUSEHOLDS,
    NHS_BLOCKS,
    SIZES,
    authority_of,
    household_at,
    nhs_number_of_parent,
    shielded_households,
)
from adapters.sandbox.names import HERITAGES
from adapters.sandbox.notable import NOTABLE_INDEXES
from adapters.sandbox.places import AUTHORITIES, AUTHORITY_BY_GSS
from adapters.sandbox.population import (
    CAPACITY,
    NOTABLE,
    REFERENCE_DATE,
    SyntheticChild,
    born_on,
    child_at,
    identity_at,
    index_of_birth_entry,
    index_of_nhs_number,
    index_of_number,
    index_of_upn,
    parent_of_nhs_number,
    practice_at,
    practices,
    school_at,
    schools,
)

indexes = st.integers(0, CAPACITY - 1)
digits = st.text("0123456789", min_size=8, max_size=14)

ENGLISH_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}")
DRAMA = re.compile(
    r"07700 900\d{3}|020 7946 0\d{3}|0(113|114|115|116|117|118|121|131|141|151|161) 496 0\d{3}|01632 960\d{3}"
)


@pytest.fixture(scope="module")
def many() -> list[SyntheticChild]:
    """Eight thousand children: four stretches of two thousand."""
    return [child_at(index) for index in range(8000)]


# --- The same always.


def test_never_change() -> None:
    """The first thousand children are these, on every machine; a change of any is a change to every sandbox."""
    encoder = msgspec.json.Encoder(order="deterministic")
    digest = hashlib.sha256(b"\n".join(encoder.encode(child_at(index)) for index in range(1000))).hexdigest()
    assert digest == "734294eeea88380a4d36d51daf452d36333ed1217c481a0e43725ec652b4f0bb"


@given(indexes)
def test_core_agrees(index: int) -> None:
    """What the core store would hold of a child is what the agencies know too."""
    core, child = identity_at(index), child_at(index)
    assert [getattr(child, name) for name in core.__slots__] == [getattr(core, name) for name in core.__slots__]


@pytest.mark.parametrize("index", [-1, CAPACITY])
def test_nobody_beyond(index: int) -> None:
    """There is no child before the first or after the last."""
    with pytest.raises(IndexError, match="no synthetic child has index"):
        child_at(index)


# --- Identifiers and the way back.


@given(indexes)
def test_identifiers_are_valid(index: int) -> None:
    """Each passes its published check: number, NHS number, pupil number with its letter and authority."""
    child = identity_at(index)
    assert parse_number(child.number) == child.number
    if child.keys.nhs_number is not None:
        assert nhs.is_valid(child.keys.nhs_number.value)
        assert child.keys.nhs_number.value.startswith("999")
    if child.keys.upn is not None:
        assert upn.is_valid(child.keys.upn.value)
    if child.keys.birth_entry is not None:
        assert re.fullmatch(r"[1-9]\d{8}", child.keys.birth_entry.value)


@given(indexes)
def test_identifiers_lead_back(index: int) -> None:
    """Every identifier a child has leads to that child."""
    child = child_at(index)
    assert index_of_number(child.number) == index
    if child.keys.nhs_number is not None:
        assert index_of_nhs_number(child.keys.nhs_number.value) == index
        assert parent_of_nhs_number(child.keys.nhs_number.value) is None
    if child.keys.upn is not None:
        assert index_of_upn(child.keys.upn.value) == index
    if child.birth_entry is not None:
        assert index_of_birth_entry(child.birth_entry.value) == index
    for position, parent in enumerate(child.parents):
        if parent.nhs_number is not None:
            assert index_of_nhs_number(parent.nhs_number.value) is None
            found = parent_of_nhs_number(parent.nhs_number.value)
            assert found is not None
            assert found[1] == position
            assert child_at(found[0]).parents[position] == parent


@given(st.one_of(digits, st.text(max_size=14), st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=13, max_size=13)))
def test_others_lead_nowhere(text: str) -> None:
    """Whatever text is tried, an index found is one whose child has that very identifier."""
    index = index_of_number(text)
    assert index is None or child_at(index).number == text
    index = index_of_nhs_number(text)
    assert index is None or child_at(index).keys.nhs_number == NhsNumber(text)
    index = index_of_upn(text)
    assert index is None or child_at(index).keys.upn == Upn(text)
    index = index_of_birth_entry(text)
    assert index is None or child_at(index).birth_entry == BirthEntry(text)


@given(indexes, st.integers(0, 12), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_mistyped_number(index: int, place: int, typed: str) -> None:
    """A number with one character wrong is nobody's."""
    number = number_from(index)
    assume(number[place] != typed)
    assert index_of_number(number[:place] + typed + number[place + 1 :]) is None


@given(st.integers(0, NHS_NUMBERS - 1), st.integers(3, 9), st.sampled_from("0123456789"))
def test_mistyped_nhs_number(ordinal: int, place: int, typed: str) -> None:
    """An NHS number with one digit wrong is nobody's, child or parent."""
    number = nhs_number_from(ordinal)
    assume(number[place] != typed)
    mistyped = number[:place] + typed + number[place + 1 :]
    assert index_of_nhs_number(mistyped) is None
    assert parent_of_nhs_number(mistyped) is None


def test_kept_but_nobodys() -> None:
    """An entry number kept for a child born abroad, an NHS number kept for a second parent: nobody has them."""
    assert index_of_birth_entry(birth_entry_from(NOTABLE["no-birth-entry"])) is None
    block, slot = divmod(NOTABLE["one-parent"], 50)
    household = block * HOUSEHOLDS + FIRSTS.index(slot)
    first, second = nhs_number_of_parent(household, 0), nhs_number_of_parent(household, 1)
    assert first is not None
    assert second is not None
    assert parent_of_nhs_number(first.value) == (NOTABLE["one-parent"], 0)
    assert parent_of_nhs_number(second.value) is None


def test_nhs_numbers_unique(many: list[SyntheticChild]) -> None:
    """No NHS number belongs to two people, children and parents together."""
    holders: dict[NhsNumber, set[object]] = {}
    for child in many:
        assert child.keys.nhs_number is not None
        holders.setdefault(child.keys.nhs_number, set()).add(child.index)
        for parent in child.parents:
            assert parent.nhs_number is not None
            holders.setdefault(parent.nhs_number, set()).add((child.index // 50, parent.name, parent.birth_date))
    assert all(len(people) == 1 for people in holders.values())


def test_nhs_numbers_run_out() -> None:
    """The test range serves the first 454,500 children and their parents; later ones join by other keys alone."""
    last = NHS_BLOCKS * 50 - 1
    assert last == 454_499
    assert child_at(last).keys.nhs_number is not None
    after = child_at(last + 1)
    assert after.keys.nhs_number is None
    assert all(parent.nhs_number is None for parent in after.parents)


def test_upns_unique_to_capacity() -> None:
    """The ten millions that share serials differ in authority, so no pupil number is given out twice."""
    apart = UPN_SERIALS // 50 * HOUSEHOLDS
    assert CAPACITY == 2 * UPN_SERIALS
    numbers = [AUTHORITIES[authority_of(household)].number for household in range(2000)]
    again = [AUTHORITIES[authority_of(household + apart)].number for household in range(2000)]
    assert all(first != second for first, second in zip(numbers, again, strict=True))


def test_number_says_nothing(many: list[SyntheticChild]) -> None:
    """Neighbours' numbers have no more in common than strangers': a place matches by chance, once in thirty-two."""
    pairs = [zip(a.number[:12], b.number[:12], strict=True) for a, b in pairwise(many)]
    alike = sum(x == y for pair in pairs for x, y in pair)
    assert abs(alike / (12 * len(pairs)) - 1 / 32) < 0.002


# --- Shares.


def test_shielded_exactly(many: list[SyntheticChild]) -> None:
    """Ten of every two thousand are shielded, one shielded child in twenty is sealed."""
    for start in range(0, 8000, 2000):
        assert sum(child.tier is not Tier.OPEN for child in many[start : start + 2000]) == 10
    assert sum(child.tier is Tier.SEALED for child in many) == 2


def test_shielded_live_somewhere() -> None:
    """A shielded household has an address, and so a responsible authority, however many are looked at."""
    for stretch in range(500):
        households = shielded_households(stretch)
        assert {SIZES[household % HOUSEHOLDS] for household in households} == {1, 2, 3, 4}
        assert {household_at(household).address.status for household in households} == {AddressStatus.CURRENT}


@pytest.mark.parametrize(
    ("what", "share"),
    [
        ("former_names", 0.03),
        ("no_practice", 0.01),
        ("home_educated", 0.01),
        ("no_fixed", 0.005),
        ("left_england", 0.01),
        ("birth_unlinked", 0.02),
    ],
)
def test_shares(many: list[SyntheticChild], what: str, share: float) -> None:
    """Rare things are about as rare as promised."""
    holds = {
        "former_names": lambda child: bool(child.former_names),
        "no_practice": lambda child: child.practice_ods is None,
        "home_educated": lambda child: child.school_urn is None and age(child) >= 5,
        "no_fixed": lambda child: child.address.status is AddressStatus.NO_FIXED,
        "left_england": lambda child: child.address.status is AddressStatus.LEFT_ENGLAND,
        "birth_unlinked": lambda child: child.birth_entry is not None and child.keys.birth_entry is None,
    }[what]
    ordinary = many[len(NOTABLE_INDEXES) :]
    assert share / 2 < sum(map(holds, ordinary)) / len(ordinary) < share * 2


def age(child: SyntheticChild) -> int:
    born = child.birth_date
    return REFERENCE_DATE.year - born.year - ((REFERENCE_DATE.month, REFERENCE_DATE.day) < (born.month, born.day))


# --- Families, homes and schools.


def test_families(many: list[SyntheticChild]) -> None:
    """Brothers and sisters share parents, address, family name and shield, and are a year apart or twins."""
    for household in range(4000):
        block, slot = divmod(household, HOUSEHOLDS)
        first = block * 50 + sum(SIZES[:slot])
        family = many[first : first + SIZES[slot]]
        assert len({(c.parents, c.address, c.tier) for c in family}) == 1
        assert {c.name.family for c in family} <= {household_at(household).family, None}
        born = sorted(child.birth_date for child in family)
        gaps = [(later - earlier).days for earlier, later in pairwise(born)]
        assert all(gap >= 300 or household_at(household).fate.twins for gap in gaps)
        for parent in family[0].parents:
            assert (born[0] - parent.birth_date).days > 6500
            assert (born[-1] - parent.birth_date).days < 18_500


def test_ages_and_schools(many: list[SyntheticChild]) -> None:
    """All are under eighteen on the reference date; the under-fives have neither school nor pupil number."""
    for child in many:
        assert 0 <= age(child) <= 17
        assert child.birth_date < REFERENCE_DATE
        if age(child) < 5:
            assert (child.school_urn, child.enrolled_from, child.keys.upn) == (None, None, None)
        if child.school_urn is not None:
            school = school_at(child.school_urn)
            assert school is not None
            assert school.phase == ("Primary" if age(child) < 11 else "Secondary")
            assert child.enrolled_from is not None
            assert child.birth_date < child.enrolled_from
            assert child.authority in {None, school.authority.gss}
        if child.practice_ods is not None:
            assert practice_at(child.practice_ods) is not None


def test_addresses(many: list[SyntheticChild]) -> None:
    """Postcodes are English in shape, of the authority's own area; nobody's whereabouts have no lines and no UPRN."""
    for child in many:
        address = child.address
        if address.status in {AddressStatus.CURRENT, AddressStatus.LAST_KNOWN}:
            assert address.postcode is not None
            assert ENGLISH_POSTCODE.fullmatch(address.postcode)
            assert child.authority is not None
            assert address.postcode.split()[0] in AUTHORITY_BY_GSS[child.authority].outward
            assert re.fullmatch(r"999\d{9}", address.uprn or "")
            assert len(address.lines) == 2
            assert all(re.fullmatch(r"[A-Za-z0-9 ,-]+", line) for line in address.lines)
        else:
            assert address.lines == ()
            assert address.uprn is None
            assert child.tier is Tier.OPEN  # a shield has a responsible authority


def test_telephones_and_mailboxes(many: list[SyntheticChild]) -> None:
    """Every telephone number is kept for drama, every mailbox under a name reserved for examples."""
    people = [parent for child in many for parent in child.parents]
    services = [service for child in many for service in child.services]
    phones = [parent.phone for parent in people if parent.phone] + [service.phone for service in services]
    phones += [school.phone for school in schools()] + [practice.phone for practice in practices()]
    assert [phone for phone in phones if not DRAMA.fullmatch(phone)] == []
    emails = [parent.email for parent in people if parent.email] + [service.email for service in services]
    assert [email for email in emails if not re.fullmatch(r"[a-z]+\.[a-z0-9]+@example\.org", email)] == []
    assert len(phones) > 10_000
    assert len(emails) > 10_000


def test_names_as_registers_have_them() -> None:
    """Apostrophes, hyphens, accents and given names of two words are there, and nothing a file could stumble over."""
    names = {name for heritage in HERITAGES for name in (*heritage.female, *heritage.male, *heritage.family)}
    assert {"John Paul", "O'Brien", "Smith-Jones", "Zoë", "van der Berg"} <= names
    assert [name for name in names if not re.fullmatch(r"[^\W\d_]+([ '.-]+[^\W\d_]+)*", name)] == []


def test_services(many: list[SyntheticChild]) -> None:
    """Of a child's services one leads; sensitive ones are for those of eleven years and more, some with consent."""
    busy = [child for child in many if child.services]
    assert all(sum(service.lead for service in child.services) == 1 for child in busy)
    sensitive = [(child, service) for child in busy for service in child.services if service.sensitive]
    assert all(age(child) >= 11 for child, _ in sensitive)
    assert Counter(service.consented for _, service in sensitive).keys() == {True, False}
    assert not any(service.consented for child in busy for service in child.services if not service.sensitive)


@given(st.integers(0, 30_000))
def test_born_on(index: int) -> None:
    """Who was born on a day is found without reading everybody: twins and the notable ones too."""
    day = child_at(index).birth_date
    found = list(born_on(day, 30_001))
    assert index in found
    assert {child_at(other).birth_date for other in found} == {day}


def test_born_on_is_complete(many: list[SyntheticChild]) -> None:
    """Nobody is missed."""
    by_day: dict[date, list[int]] = {}
    for child in many:
        by_day.setdefault(child.birth_date, []).append(child.index)
    assert all(list(born_on(day, 8000)) == found for day, found in by_day.items())
    assert list(born_on(date(1990, 1, 1), 8000)) == []


# --- Schools and practices.


def test_schools() -> None:
    """A few thousand, each found by its URN, each establishment number once in its authority."""
    everyone = list(schools())
    assert len(everyone) > 4000
    assert all(school_at(school.urn) is school and re.fullmatch(r"[1-9]\d{5}", school.urn) for school in everyone)
    assert len({school.dfe for school in everyone}) == len(everyone)


def test_practices() -> None:
    """A few thousand, each found by its ODS code, none of which says that there is no practice."""
    everyone = list(practices())
    assert len(everyone) > 3000
    assert all(practice_at(practice.ods_code) is practice for practice in everyone)
    assert all(re.fullmatch(r"[A-UW-Z]\d{5}", practice.ods_code) for practice in everyone)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "100128",
        "100130",
        "999999",
        "A81000",
        "V81999",
        "B81001",
        "A8\uff11001",
        "\u0661\u0660\u0660\u0661\u0662\u0669",
    ],
)
def test_unknown_places(code: str) -> None:
    """A code that nobody has, or that is no code, finds nothing."""
    assert school_at(code) is None
    assert practice_at(code) is None
