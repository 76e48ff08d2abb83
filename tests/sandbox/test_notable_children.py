"""The notable children: each is what its name says, and the first fifty hold them all."""

from adapters.records import AddressStatus, Tier
from adapters.sandbox.notable import NOTABLE_INDEXES
from adapters.sandbox.population import NOTABLE, REFERENCE_DATE, SyntheticChild, child_at


def notable(name: str) -> SyntheticChild:
    return child_at(NOTABLE[name])


def school_age(child: SyntheticChild) -> bool:
    return child.birth_date <= REFERENCE_DATE.replace(year=REFERENCE_DATE.year - 5)


def test_notable_come_first() -> None:
    """However small the population, fifty children hold all the notable ones, each its own."""
    assert set(NOTABLE.values()) <= set(NOTABLE_INDEXES)
    assert len(set(NOTABLE.values())) == len(NOTABLE)


def test_open_is_a_nice_example() -> None:
    """School, practice, two parents who can be reached, services with a lead; no past and no shield."""
    child = notable("open")
    assert child.tier is Tier.OPEN
    assert child.school_urn
    assert child.practice_ods
    assert child.former_names == ()
    assert [bool(parent.phone and parent.email and parent.address) for parent in child.parents] == [True, True]
    assert len(child.services) == 2
    assert child.keys.nhs_number
    assert child.keys.upn
    assert child.keys.birth_entry


def test_shielded_has_everything_to_withhold() -> None:
    """The agencies hold a school, a practice and parents' telephones for `shielded` and `sealed`: that is the point."""
    for name, tier in (("shielded", Tier.SHIELDED), ("sealed", Tier.SEALED)):
        child = notable(name)
        assert child.tier is tier
        assert child.school_urn
        assert child.practice_ods
        assert all(parent.phone for parent in child.parents)
        assert child.services
        assert child.authority == notable("open").authority
        assert child.pds_code == "U"
        assert not child.birth_blocked


def test_household_of_the_shielded() -> None:
    """`shielded-sibling` lives with `shielded` under its own shield; `shielded-elsewhere` is another authority's."""
    assert notable("shielded-sibling").tier is Tier.SHIELDED
    assert notable("shielded-sibling").address == notable("shielded").address
    assert notable("shielded-elsewhere").tier is Tier.SHIELDED
    assert notable("shielded-elsewhere").authority != notable("shielded").authority
    assert notable("key-withheld").withheld == {"KEY"}
    assert notable("parents-withheld").withheld == {"PARENT_NAMES"}


def test_the_other_notable_children() -> None:
    """Each is what its name says."""
    assert notable("gp-restricted").pds_code == "R"
    assert notable("gp-very-restricted").pds_code == "V"
    assert notable("birth-blocked").birth_blocked
    assert notable("birth-link-blocked").birth_link_blocked
    assert notable("birth-caution").birth_caution
    assert notable("home-educated").school_urn is None
    assert school_age(notable("home-educated"))
    assert notable("no-practice").practice_ods is None
    assert notable("renamed").former_names
    assert notable("no-fixed-address").address.status is AddressStatus.NO_FIXED
    assert notable("last-known-address").address.status is AddressStatus.LAST_KNOWN
    assert notable("unknown-address").authority is None
    assert notable("left-england").address.status is AddressStatus.LEFT_ENGLAND
    assert len({child_at(NOTABLE["large-family"] + place).address for place in range(6)}) == 1
    assert notable("one-parent").parents[1:] == ()
    assert [parent.relationship for parent in notable("two-mothers").parents] == ["Mother", "Parent"]
    assert len({parent.address for parent in notable("parted-parents").parents}) == 2
    assert notable("twin").birth_date == notable("other-twin").birth_date
    assert notable("namesake").name == notable("other-namesake").name
    assert notable("namesake").birth_date == notable("other-namesake").birth_date
    assert notable("namesake").address != notable("other-namesake").address
    assert not school_age(notable("under-five"))
    assert [service.sensitive for service in notable("sensitive-service").services] == [False, True]
    assert not any(service.consented for service in notable("sensitive-service").services)
    assert [service.consented for service in notable("sensitive-consented").services] == [False, True]
    assert notable("moved-school").former_school_urn not in {None, notable("moved-school").school_urn}
    assert notable("compound-name").name.given[0] == "John Paul"
    assert notable("no-birth-entry").birth_entry is None
    assert notable("birth-unlinked").birth_entry
    assert notable("birth-unlinked").keys.birth_entry is None
    assert notable("mononym").name.family is None
    assert notable("elsewhere").authority == notable("shielded-elsewhere").authority
