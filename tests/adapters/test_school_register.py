"""The register of schools: the right school or a named error, from its API and from its file."""

import pytest
from aiohttp import web
from msgspec.structs import replace

from adapters.agency import AgencyBroken, AgencyMismatch, AgencyName, AgencyRefused
from adapters.client import AgencyClient
from adapters.records import AddressStatus, PostalAddress, SchoolRecord
from adapters.sandbox.agencies import Sandbox
from adapters.sandbox.faults import Fault
from adapters.sandbox.places import schools
from adapters.sandbox.tokens import SANDBOX_API_KEY
from adapters.school_register import BadRow, SchoolRegister, read_register, whole_phone
from tests.adapters.conftest import Serve
from tests.shared_samples import needs_samples, sample

HEADING = (
    "URN,LA (code),EstablishmentName,EstablishmentStatus (code),OpenDate,CloseDate,PhaseOfEducation (name),"
    "LastChangedDate,Street,Locality,Address3,Town,County (name),Postcode,TelephoneNum,GSSLACode (name),UPRN\r\n"
)
ROW = {
    "urn": "123456",
    "authority": "383",
    "name": "St Anne\u2019s",
    "status": "1",
    "open": "01-09-1990",
    "close": "",
    "phase": "Primary",
    "changed": "02/03/2026",
    "street": "1 Mill Lane",
    "locality": "",
    "third": "Not recorded",
    "town": "Leeds",
    "county": "",
    "postcode": "ls1 4ap".upper(),
    "phone": "1134960123",
    "gss": "E08000035",
    "uprn": "72000001",
}


def a_file(*rows: dict[str, str], encoding: str = "cp1252") -> bytes:
    return (HEADING + "".join(",".join((ROW | row).values()) + "\r\n" for row in rows)).encode(encoding)


def read(*rows: dict[str, str], encoding: str = "cp1252") -> list[SchoolRecord | BadRow]:
    return list(read_register(a_file(*rows, encoding=encoding)))


async def test_a_school_is_what_the_register_says(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """Name, phase, whole telephone number and present address, by URN; a URN nobody has is simply absent."""
    [first, second, *_] = schools()
    register = SchoolRegister(client, url=sandbox.urls.gias, key=SANDBOX_API_KEY)
    found = await register.schools([first.urn, second.urn, "999999"], soon)
    assert set(found) == {first.urn, second.urn}
    address = replace(first.address, uprn=None)  # which the API does not give
    phone = first.phone.replace(" ", "")
    assert found[first.urn] == SchoolRecord(first.urn, first.name, first.phase, phone, address)
    assert sandbox.calls[AgencyName.SCHOOL] == 1


async def test_a_register_that_has_none_of_them_says_so(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """Its 404 is an answer: no such schools."""
    register = SchoolRegister(client, url=sandbox.urls.gias, key=SANDBOX_API_KEY)
    assert await register.schools(["999999", "888888"], soon) == {}


async def test_what_is_no_urn_is_not_asked_for(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """An organisation's free text never reaches the register."""
    register = SchoolRegister(client, url=sandbox.urls.gias, key=SANDBOX_API_KEY)
    assert await register.schools(["England Academy", "", "0123456", "12"], soon) == {}
    assert sandbox.calls[AgencyName.SCHOOL] == 0


async def test_a_wrong_key_is_refused(sandbox: Sandbox, client: AgencyClient, soon: float) -> None:
    """The register's key is demanded, and a wrong one is a refusal."""
    with pytest.raises(AgencyRefused):
        await SchoolRegister(client, url=sandbox.urls.gias, key="wrong").schools(["100000"], soon)


async def test_a_school_that_was_not_asked_for_is_a_mismatch(
    sandbox: Sandbox, client: AgencyClient, soon: float
) -> None:
    """A register that answers about another school is not believed about any."""
    sandbox.fault(AgencyName.SCHOOL, Fault.MISMATCH)
    with pytest.raises(AgencyMismatch):
        await SchoolRegister(client, url=sandbox.urls.gias, key=SANDBOX_API_KEY).schools(["999999"], soon)


async def test_what_the_register_does_not_tell_is_none(client: AgencyClient, serve: Serve, soon: float) -> None:
    """Members that are null, absent or `Not recorded` are None; an establishment without a name is no school."""

    async def sparse(request: web.Request) -> web.Response:
        phase = {"name": "Not applicable", "code": "0"}
        address = {"street": None, "town": "", "postcode": None}
        bare = {"urn": "100000", "name": "Bare", "mainPhone": "", "phaseOfEducation": phase, "address": address}
        return web.json_response([bare, {"urn": "100001", "name": None}, {"urn": "100002", "name": "Barer"}])

    register = SchoolRegister(client, url=await serve(sparse), key="k")
    found = await register.schools(["100000", "100001", "100002"], soon)
    assert found == {
        "100000": SchoolRecord("100000", "Bare"),
        "100002": SchoolRecord("100002", "Barer"),
    }


def test_a_row_of_the_file_is_a_school() -> None:
    """Read by column name, with the telephone's nought back, the address in order and the apostrophe whole."""
    address = PostalAddress(AddressStatus.CURRENT, ("1 Mill Lane", "Leeds"), "LS1 4AP", "72000001")
    school = SchoolRecord("123456", "St Anne\u2019s", "Primary", "01134960123", address)
    assert read({}) == [school]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_the_file_is_read_in_any_encoding_it_has_come_in(encoding: str) -> None:
    """At its source it is cp1252; on the way it is often made UTF-8."""
    [school] = read({}, encoding=encoding)
    assert isinstance(school, SchoolRecord)
    assert school.name == "St Anne\u2019s"


def test_a_quote_that_became_a_control_character_is_mended() -> None:
    """cp1252 read as Latin-1 and written as UTF-8 leaves U+0092 where the apostrophe was."""
    [school] = read({"name": "St Anne\x92s"}, encoding="utf-8")
    assert isinstance(school, SchoolRecord)
    assert school.name == "St Anne\u2019s"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"urn": "Leeds"}, "URN"),
        ({"urn": ""}, "URN"),
        ({"name": ""}, "EstablishmentName"),
        ({"status": "Open"}, "EstablishmentStatus (code)"),
        ({"changed": "Priestly House"}, "LastChangedDate"),
        ({"postcode": "London"}, "Postcode"),
        ({"phone": "www.example.org"}, "TelephoneNum"),
        ({"gss": "Camden 007"}, "GSSLACode (name)"),
    ],
)
def test_a_row_that_has_slid_is_named_and_costs_no_other(change: dict[str, str], column: str) -> None:
    """One column that cannot be itself discredits its row, and its row alone."""
    bad, good = read(change, {})
    assert isinstance(bad, BadRow)
    assert f"line 2 does not fit column `{column}`" in str(bad)
    assert isinstance(good, SchoolRecord)


def test_a_row_of_another_width_is_named() -> None:
    """A row with a column too few says so."""
    [bad] = read_register(HEADING.encode() + b"123456,383\r\n")
    assert isinstance(bad, BadRow)
    assert "line 2 has 2 columns where the heading has 17" in str(bad)


@pytest.mark.parametrize(("uprn", "kept"), [("5.00E+06", None), ("0", None), ("", None), ("72000001", "72000001")])
def test_a_uprn_that_a_spreadsheet_rounded_is_left_out(uprn: str, kept: str | None) -> None:
    """A rounded number is some other building's."""
    [school] = read({"uprn": uprn})
    assert isinstance(school, SchoolRecord)
    assert school.address is not None
    assert school.address.uprn == kept


def test_another_file_is_no_register() -> None:
    """A file without the register's columns is refused by the name of one."""
    with pytest.raises(AgencyBroken, match="no column `"):
        list(read_register(b"URN,LinkURN,LinkName\r\n100000,100004,Successor\r\n"))


@pytest.mark.parametrize(
    ("told", "whole"),
    [
        ("1134960123", "01134960123"),
        ("0113 496 0123", "01134960123"),
        ("+44 113 496 0123", "01134960123"),
        ("", None),
        (None, None),
    ],
)
def test_a_telephone_number_gets_its_nought_back(told: str | None, whole: str | None) -> None:
    """Whatever a spreadsheet did to it, it can be dialled."""
    assert whole_phone(told) == whole


@needs_samples
def test_the_published_extract_is_read() -> None:
    """Four real schools as they are, and the fifth row, which slid three columns upstream, named."""
    *found, slid = read_register(sample("gias/edubasealldata-real-extract-5-schools.csv"))
    assert [school.urn for school in found if isinstance(school, SchoolRecord)] == [
        "100000",
        "100001",
        "100002",
        "100003",
    ]
    assert isinstance(slid, BadRow)
    first = found[0]
    assert isinstance(first, SchoolRecord)
    assert (first.name, first.phase, first.phone) == ("The Aldgate School", "Primary", "02072831147")
    assert first.address is not None
    assert (first.address.postcode, first.address.uprn) == ("EC3A 5DE", "200000071925")


@needs_samples
def test_the_published_sixty_schools_are_read() -> None:
    """Every row of the file with 140 columns and slashed dates is a school, without its rounded UPRN."""
    found = list(read_register(sample("gias/gias-test-60-schools.csv")))
    assert len(found) == 60
    for number, school in enumerate(found, 1):
        assert isinstance(school, SchoolRecord)
        assert (school.urn, school.name, school.phase) == (str(129999 + number), f"school {number}", "Secondary")
        assert school.address is not None
        assert school.address.uprn is None


@needs_samples
@pytest.mark.parametrize("name", ["gias-test-group-links.csv", "links_edubasealldata-real-extract.csv"])
def test_the_published_links_are_no_register(name: str) -> None:
    """The files of trusts and successors are refused by name, never half read."""
    with pytest.raises(AgencyBroken, match="not the register of establishments"):
        list(read_register(sample(f"gias/{name}")))
