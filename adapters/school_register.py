"""The register of schools (GIAS): establishments by URN from the DfE Academies API, or from the register's CSV file.

Everything here is public knowledge about places; no child's name or key ever comes near it.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping

import msgspec
from yarl import URL

from adapters.agency import AgencyBroken, AgencyMismatch
from adapters.client import JSON, AgencyClient, ApiKey, Call
from adapters.records import AddressStatus, PostalAddress, SchoolRecord

SYSTEM = "gias"
NOT_TOLD = frozenset({"", "Not applicable", "Not recorded"})

_URN = re.compile(r"[1-9][0-9]{4,5}")
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}")
_C1 = re.compile("[\x80-\x9f]")


class _Named(msgspec.Struct):
    name: str | None = None


class _Address(msgspec.Struct):
    street: str | None = None
    locality: str | None = None
    additional: str | None = None
    town: str | None = None
    county: str | None = None
    postcode: str | None = None


class _Establishment(msgspec.Struct, rename="camel"):
    """What we read of `EstablishmentDto`; its specification calls every member optional, and some are."""

    urn: str | None = None
    name: str | None = None
    main_phone: str | None = None
    phase_of_education: _Named | None = None
    address: _Address | None = None


class SchoolRegister:
    """Asks the Academies API, version 4, for many schools in one call."""

    def __init__(self, client: AgencyClient, *, url: str, key: str) -> None:
        self._client = client
        self._url = URL(url) / "v4/establishments/bulk/urns"
        self._credential = ApiKey("ApiKey", key)
        self._decoder = msgspec.json.Decoder(list[_Establishment])

    async def schools(self, urns: Collection[str], deadline: float) -> Mapping[str, SchoolRecord]:
        """Give the schools that the register has, by URN; raises AgencyFailure.

        A text that is no URN is in no register, and is not asked for.
        """
        asked = {urn for urn in urns if _URN.fullmatch(urn)}
        if not asked:
            return {}
        call = Call(
            system=SYSTEM,
            url=self._url,
            method="POST",
            headers={"Content-Type": JSON},
            body=msgspec.json.encode({"urns": sorted(map(int, asked))}),
            media_types=(JSON, "application/problem+json"),
            credential=self._credential,
            judged=frozenset({404}),
        )
        response = await self._client.ask(call, deadline)
        if response.status == 404:  # the register's way to say that it has none of them
            return {}
        schools = {}
        for establishment in response.decoded(self._decoder):
            if not establishment.urn or not establishment.name:
                continue
            if establishment.urn not in asked:
                raise AgencyMismatch(f"`{SYSTEM}` answered about a school that was not asked for")
            schools[establishment.urn] = _school(establishment.urn, establishment.name, establishment)
        return schools


def _school(urn: str, name: str, establishment: _Establishment) -> SchoolRecord:
    address = establishment.address or _Address()
    lines = (address.street, address.locality, address.additional, address.town, address.county)
    phase = establishment.phase_of_education
    return SchoolRecord(
        urn=urn,
        name=name,
        phase=told(phase.name if phase else None),
        phone=whole_phone(establishment.main_phone),
        address=_address(lines, address.postcode, None),
    )


def told(text: str | None) -> str | None:
    """Give the text, or None where the register only says that it has nothing to say."""
    stripped = (text or "").strip()
    return None if stripped in NOT_TOLD else stripped


def whole_phone(text: str | None) -> str | None:
    """Give a British phone number its leading nought back, which spreadsheets take away; None where there is none."""
    digits = re.sub(r"[^0-9]", "", (text or "").replace("+44", "0", 1))
    if not digits:
        return None
    return digits if digits.startswith("0") else f"0{digits}"


def _address(lines: tuple[str | None, ...], postcode: str | None, uprn: str | None) -> PostalAddress | None:
    kept = tuple(line for line in map(told, lines) if line is not None)
    code = re.sub(r"\s", "", told(postcode) or "").upper()
    if not kept and not code:
        return None
    # A UPRN that a spreadsheet has rounded (`5.00E+06`) is some other building's: left out.
    building = uprn if uprn and uprn.isascii() and uprn.isdigit() and int(uprn) else None
    return PostalAddress(AddressStatus.CURRENT, kept, f"{code[:-3]} {code[-3:]}" if code else None, building)


class BadRow(AgencyBroken):
    """A row of the register's file cannot be trusted; the text names its line and the column that does not fit."""


# What a column may hold when it holds anything. A row that was shifted by a column or two fails one of these, and then
# nothing in it can be believed, however plausible the rest looks.
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "URN": _URN,
    "LA (code)": re.compile(r"[0-9]{3}"),
    "EstablishmentStatus (code)": re.compile(r"[1-4]"),
    "OpenDate": re.compile(r"[0-9]{2}[-/][0-9]{2}[-/][0-9]{4}"),
    "CloseDate": re.compile(r"[0-9]{2}[-/][0-9]{2}[-/][0-9]{4}"),
    "LastChangedDate": re.compile(r"[0-9]{2}[-/][0-9]{2}[-/][0-9]{4}"),
    "Postcode": _POSTCODE,
    "TelephoneNum": re.compile(r"[0-9 ]+"),
    "GSSLACode (name)": re.compile(r"[EWSN][0-9]{8}|999999999"),
}
_NEVER_EMPTY = ("URN", "EstablishmentName", "EstablishmentStatus (code)")
_LINES = ("Street", "Locality", "Address3", "Town", "County (name)")
_READ = {*_SHAPES, *_NEVER_EMPTY, *_LINES, "PhaseOfEducation (name)", "UPRN"}


def read_register(data: bytes) -> Iterator[SchoolRecord | BadRow]:
    """Read the register's CSV file by its column names, each row by itself, in the file's order.

    Raises AgencyBroken, naming a column that is missing, where the file is not the register of establishments.
    """
    rows = csv.reader(io.StringIO(_text(data), newline=""))
    columns = next(rows, [])
    missing = sorted(_READ.difference(columns))
    if missing:
        raise AgencyBroken(f"this is not the register of establishments: it has no column `{missing[0]}`")
    for cells in rows:
        if len(cells) != len(columns):
            yield BadRow(f"line {rows.line_num} has {len(cells)} columns where the heading has {len(columns)}")
            continue
        row = dict(zip(columns, cells, strict=True))
        bad = _unfit_column(row)
        if bad is not None:
            yield BadRow(f"line {rows.line_num} does not fit column `{bad}`: its columns may have slid")
            continue
        yield SchoolRecord(
            urn=row["URN"],
            name=row["EstablishmentName"],
            phase=told(row["PhaseOfEducation (name)"]),
            phone=whole_phone(row["TelephoneNum"]),
            address=_address(tuple(row[line] for line in _LINES), row["Postcode"], row["UPRN"]),
        )


def _unfit_column(row: Mapping[str, str]) -> str | None:
    for column in _NEVER_EMPTY:
        if not row[column]:
            return column
    return next((column for column, shape in _SHAPES.items() if row[column] and not shape.fullmatch(row[column])), None)


def _text(data: bytes) -> str:
    """Decode the file: cp1252 at its source, often passed through UTF-8, which made C1 controls of its quotes."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return _C1.sub(lambda control: control[0].encode("latin-1").decode("cp1252", "replace"), text)
