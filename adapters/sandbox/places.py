"""Synthetic England: real authorities, and invented streets, schools and practices in them, by arithmetic.

Codes and names of authorities are real, and so is the shape of every other code; the schools, practices, telephone
numbers (Ofcom's ranges for drama) and addresses are nobody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from adapters.records import AddressStatus, PostalAddress
from adapters.sandbox.arithmetic import scramble
from adapters.sandbox.names import words


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority with children's services: GSS code, the Department for Education's number, where its letters go."""

    gss: str
    number: int
    name: str
    outward: tuple[str, ...]
    towns: tuple[str, ...]
    dialling: tuple[str, str]


@dataclass(frozen=True, slots=True)
class SyntheticSchool:
    """A school as the register has it. `number` is its establishment number; `dfe` is authority and establishment."""

    urn: str
    name: str
    phase: str
    authority: Authority
    number: int
    phone: str
    address: PostalAddress

    @property
    def dfe(self) -> str:
        return f"{self.authority.number:03d}/{self.number:04d}"


@dataclass(frozen=True, slots=True)
class SyntheticPractice:
    """A GP practice as ODS has it; `name` is in upper case, as there."""

    ods_code: str
    name: str
    authority: Authority
    phone: str
    address: PostalAddress


# GSS code · number · name · postcode area and districts · towns (none: the authority's own name) · weight
_AUTHORITIES = """
E08000035|383|Leeds|LS 1-28||4
E06000023|801|Bristol|BS 1-16||3
E08000025|330|Birmingham|B 1-38||6
E08000003|352|Manchester|M 1-23||4
E08000012|341|Liverpool|L 1-19||3
E08000019|373|Sheffield|S 1-14||3
E08000032|380|Bradford|BD 1-21|Bradford,Keighley,Shipley|3
E08000001|350|Bolton|BL 1-7||1
E08000002|351|Bury|BL 8-9|Bury,Ramsbottom|1
E08000004|353|Oldham|OL 1-9||1
E08000005|354|Rochdale|OL 10-16|Rochdale,Heywood|1
E08000006|355|Salford|M 27-30||1
E08000007|356|Stockport|SK 1-8||1
E08000008|357|Tameside|OL 5-7|Ashton-under-Lyne,Stalybridge|1
E08000009|358|Trafford|M 31-33|Stretford,Sale|1
E08000010|359|Wigan|WN 1-7|Wigan,Leigh|1
E08000011|340|Knowsley|L 32-36|Huyton,Kirkby|1
E08000013|342|St Helens|WA 9-11||1
E08000014|343|Sefton|PR 8-9|Southport|1
E08000015|344|Wirral|CH 41-49|Birkenhead,Wallasey|1
E08000016|370|Barnsley|S 70-75||1
E08000017|371|Doncaster|DN 1-12||1
E08000018|372|Rotherham|S 60-66||1
E08000021|391|Newcastle upon Tyne|NE 1-7||1
E08000022|392|North Tyneside|NE 25-30|North Shields,Whitley Bay|1
E08000023|393|South Tyneside|NE 31-36|South Shields,Jarrow|1
E08000024|394|Sunderland|SR 1-6||1
E08000026|331|Coventry|CV 1-6||1
E08000027|332|Dudley|DY 1-9|Dudley,Stourbridge|1
E08000028|333|Sandwell|B 64-71|West Bromwich,Smethwick|1
E08000029|334|Solihull|B 90-94||1
E08000030|335|Walsall|WS 1-9||1
E08000031|336|Wolverhampton|WV 1-11||1
E08000033|381|Calderdale|HX 1-7|Halifax,Sowerby Bridge|1
E08000034|382|Kirklees|HD 1-9|Huddersfield,Holmfirth|2
E08000036|384|Wakefield|WF 1-11|Wakefield,Pontefract|1
E08000037|390|Gateshead|NE 8-11||1
E09000002|301|Barking and Dagenham|RM 8-10|Dagenham|1
E09000003|302|Barnet|N 2-3|London|1
E09000004|303|Bexley|DA 5-8|Bexleyheath|1
E09000005|304|Brent|HA 9-9|Wembley|1
E09000006|305|Bromley|BR 1-7|Bromley,Orpington|1
E09000007|202|Camden|NW 1-6|London|1
E09000008|306|Croydon|CR 0-8||2
E09000009|307|Ealing|UB 1-6|Southall,Greenford|1
E09000010|308|Enfield|EN 1-4||1
E09000011|203|Greenwich|SE 9-10|London|1
E09000012|204|Hackney|E 5-9|London|1
E09000014|309|Haringey|N 15-17|London|1
E09000015|310|Harrow|HA 1-3||1
E09000016|311|Havering|RM 1-7|Romford|1
E09000017|312|Hillingdon|UB 7-11|Uxbridge,Hayes|1
E09000018|313|Hounslow|TW 3-8|Hounslow,Isleworth|1
E09000019|206|Islington|N 1-7|London|1
E09000021|314|Kingston upon Thames|KT 1-3||1
E09000022|208|Lambeth|SW 2-9|London|1
E09000023|209|Lewisham|SE 12-14|London|1
E09000024|315|Merton|SW 19-20|London|1
E09000025|316|Newham|E 12-16|London|1
E09000026|317|Redbridge|IG 1-8|Ilford|1
E09000027|318|Richmond upon Thames|TW 9-12|Richmond,Twickenham|1
E09000028|210|Southwark|SE 15-17|London|1
E09000029|319|Sutton|SM 1-6||1
E09000030|211|Tower Hamlets|E 1-3|London|1
E09000031|320|Waltham Forest|E 10-11|London|1
E09000032|212|Wandsworth|SW 11-18|London|1
E10000003|873|Cambridgeshire|CB 1-9|Cambridge,Ely|2
E10000007|830|Derbyshire|DE 4-7|Matlock,Belper|2
E10000008|878|Devon|EX 1-24|Exeter,Barnstaple,Tiverton|2
E10000011|845|East Sussex|TN 34-40|Hastings,Bexhill|1
E10000012|881|Essex|CM 1-9|Chelmsford,Braintree|4
E10000013|916|Gloucestershire|GL 1-20|Gloucester,Stroud|2
E10000014|850|Hampshire|SO 20-24|Winchester,Andover|4
E10000015|919|Hertfordshire|AL 1-10|St Albans,Hatfield|4
E10000016|886|Kent|ME 14-20|Maidstone,Aylesford|4
E10000017|888|Lancashire|PR 1-7|Preston,Chorley|3
E10000018|855|Leicestershire|LE 11-17|Loughborough,Market Harborough|2
E10000019|925|Lincolnshire|LN 1-13|Lincoln,Louth|2
E10000020|926|Norfolk|NR 1-20|Norwich,Dereham|2
E10000024|891|Nottinghamshire|NG 13-25|Newark,Mansfield|2
E10000025|931|Oxfordshire|OX 1-20|Oxford,Abingdon,Witney|2
E10000028|860|Staffordshire|ST 14-21|Stafford,Uttoxeter|2
E10000029|935|Suffolk|IP 1-20|Ipswich,Woodbridge|2
E10000030|936|Surrey|GU 1-10|Guildford,Woking|3
E10000031|937|Warwickshire|CV 31-37|Leamington Spa,Stratford-upon-Avon|1
E10000032|938|West Sussex|RH 10-20|Crawley,Horsham|2
E10000034|885|Worcestershire|WR 1-15|Worcester,Malvern|1
E06000001|805|Hartlepool|TS 24-27||1
E06000002|806|Middlesbrough|TS 1-8||1
E06000004|808|Stockton-on-Tees|TS 16-20||1
E06000005|841|Darlington|DL 1-3||1
E06000006|876|Halton|WA 7-8|Runcorn,Widnes|1
E06000007|877|Warrington|WA 1-5||1
E06000008|889|Blackburn with Darwen|BB 1-3|Blackburn,Darwen|1
E06000009|890|Blackpool|FY 1-4||1
E06000010|810|Kingston upon Hull|HU 1-9|Hull|1
E06000011|811|East Riding of Yorkshire|YO 15-25|Bridlington,Driffield|1
E06000014|816|York|YO 1-32||1
E06000015|831|Derby|DE 21-24||1
E06000016|856|Leicester|LE 1-5||2
E06000018|892|Nottingham|NG 1-11||1
E06000019|884|Herefordshire|HR 1-9|Hereford,Leominster|1
E06000020|894|Telford and Wrekin|TF 1-7|Telford|1
E06000021|861|Stoke-on-Trent|ST 1-6||1
E06000022|800|Bath and North East Somerset|BA 1-3|Bath|1
E06000026|879|Plymouth|PL 1-9||1
E06000027|880|Torbay|TQ 1-5|Torquay,Paignton|1
E06000030|866|Swindon|SN 1-6||1
E06000031|874|Peterborough|PE 1-7||1
E06000032|821|Luton|LU 1-4||1
E06000033|882|Southend-on-Sea|SS 1-3||1
E06000035|887|Medway|ME 1-8|Rochester,Gillingham|1
E06000038|870|Reading|RG 1-6||1
E06000039|871|Slough|SL 1-3||1
E06000042|826|Milton Keynes|MK 1-15||1
E06000043|846|Brighton and Hove|BN 1-3|Brighton,Hove|1
E06000044|851|Portsmouth|PO 1-6||1
E06000045|852|Southampton|SO 14-19||1
E06000046|921|Isle of Wight|PO 30-41|Newport,Ryde|1
E06000047|840|Durham|DH 1-9|Durham,Chester-le-Street|2
E06000052|908|Cornwall|TR 1-20|Truro,Falmouth,Penzance|2
E06000054|865|Wiltshire|SN 8-16|Chippenham,Devizes|2
"""

# Ofcom sets these aside for drama: the dialling code, and what the subscriber's number starts with.
_DIALLING = {
    "Leeds": ("0113", "496"),
    "Sheffield": ("0114", "496"),
    "Nottingham": ("0115", "496"),
    "Leicester": ("0116", "496"),
    "Bristol": ("0117", "496"),
    "Reading": ("0118", "496"),
    "Birmingham": ("0121", "496"),
    "Liverpool": ("0151", "496"),
    "Manchester": ("0161", "496"),
}
_LONDON, _ANYWHERE = ("020", "7946"), ("01632", "960")


def _authorities() -> Iterator[tuple[Authority, int]]:
    for line in _AUTHORITIES.split("\n")[1:-1]:
        gss, number, name, districts, towns, weight = line.split("|")
        area, span = districts.split()
        first, last = map(int, span.split("-"))
        dialling = _LONDON if gss.startswith("E09") else _DIALLING.get(name, _ANYWHERE)
        outward = tuple(f"{area}{district}" for district in range(first, last + 1))
        yield (
            Authority(gss, int(number), name, outward, tuple(towns.split(",")) if towns else (name,), dialling),
            int(weight),
        )


AUTHORITIES: tuple[Authority, ...] = tuple(authority for authority, _ in _authorities())
AUTHORITY_BY_GSS = {authority.gss: authority for authority in AUTHORITIES}
# One entry for each unit of weight, so that a place drawn evenly from here is drawn by weight.
WEIGHTED_AUTHORITIES: tuple[int, ...] = tuple(
    position for position, (_, weight) in enumerate(_authorities()) for _ in range(weight)
)

_STEMS = words("""
    Acacia Alder Ashfield Beech Birch Bridge Brook Castle Cedar Chapel Cherry Church Clarence Clifton Cromwell Elm
    Fairfield Garden George Grange Green Greenhill Hawthorn Highfield Holly Kings Laburnum Larch Manor Maple Meadow
    Mill New Northfield Oak Orchard Park Poplar Priory Queens Regent Rosemary Rowan School Southfield Spring Station
    Stanley Sycamore Vicarage Victoria Walnut Waverley Wellington West Willow Windmill Windsor Woodland York
""")
_KINDS = words("Road Street Avenue Close Lane Drive Gardens Grove Terrace Crescent Way Court")
_STREETS = tuple(f"{stem} {kind}" for stem in _STEMS for kind in _KINDS)
_INWARD = "ABDEFGHJLNPQRSTUWXYZ"
_INWARD_PAIRS = tuple(a + b for a in _INWARD for b in _INWARD)


def address_in(authority: Authority, bits: int, status: AddressStatus = AddressStatus.CURRENT) -> PostalAddress:
    """An invented address there, from 64 even bits. Its UPRN starts with 999, where no real one has come to yet."""
    outward = authority.outward[(bits & 0xFF) % len(authority.outward)]
    inward = _INWARD_PAIRS[(bits >> 8 & 0xFFFF) % 400]
    street = _STREETS[(bits >> 24 & 0xFFFF) % len(_STREETS)]
    house = 1 + (bits >> 40 & 0xFF) % 180
    town = authority.towns[(bits >> 48 & 0xFF) % len(authority.towns)]
    first = f"{house} {street}" if bits >> 59 else f"Flat {1 + house % 24}, {house} {street}"
    return PostalAddress(status, (first, town), f"{outward} {bits >> 56 & 7}{inward}", f"999{bits % 1_000_000_000:09d}")


def landline_in(authority: Authority, bits: int) -> str:
    """A telephone number kept for drama: the area's own where Ofcom gives it one."""
    code, start = authority.dialling
    return f"{code} {start} 0{bits % 1000:03d}" if start != "960" else f"{code} 960{bits % 1000:03d}"


def mobile(bits: int) -> str:
    """A mobile number kept for drama."""
    return f"07700 900{bits % 1000:03d}"


# --- Schools and practices: forty and thirty in each authority.

SCHOOLS_PER_AUTHORITY = 40
PRIMARIES = 28  # places 0-27 of the forty; then the secondaries, then two that take all ages
SECONDARIES = 10
PRACTICES_PER_AUTHORITY = 30

_FIRST_URN, _URN_STEP = 100_129, 7
_ODS_LETTERS = "ABCDEFGHJKLMNPWY"  # never V: V81997-V81999 say that there is no practice
_SCHOOL_NAMES = words("""
    Alderbrook Ashdown Beacon Beechwood Birchfield Bluebell Bridgewater Brookside Castleton Cedar Chestnut
    Copperfield Eastbourne Elmhurst Fairview Fernhill Foxglove Greenbank Harbour Hawthorn Hazelwood Highcliffe
    Holmewood Kingfisher Larkspur Lavender Longmeadow Marlborough Meadowside Millbrook Moorland Northgate Oakfield
    Orchard Parklands Pinewood Primrose Queensway Ravenscroft Redwood Ridgeway Riverside Rookwood Rowan Sandringham
    Silverdale Skylark Springfield Stonebridge Summerfield Sunnyside Thornfield Valley Waterside Westfield Whitehall
    Willowbrook Woodlands
""")
_SAINTS = (
    "St Mary's",
    "St John's",
    "St Peter's",
    "St Anne's",
    "Holy Trinity",
    "St Joseph's",
    "All Saints'",
    "St Cuthbert's",
)
_SURGERIES = words("""
    ABBEY ALBION BRIDGE CANAL CASTLE CHAPEL CHURCH CLIFTON CRESCENT ELMS FOUNTAIN GATEWAY GRANGE HIGHFIELD HOLLIES
    LIMES LISTER MANOR MARKET MEADOW MILL NIGHTINGALE OAKS ORCHARD PARK PRIORY QUEENS RIVERSIDE STATION VALLEY
    VICTORIA WILLOWS
""")
_SURGERY_KINDS = ("SURGERY", "MEDICAL CENTRE", "HEALTH CENTRE", "FAMILY PRACTICE", "MEDICAL PRACTICE")


@cache
def school_of(authority: int, place: int) -> SyntheticSchool:
    """The school at a place (below `SCHOOLS_PER_AUTHORITY`) in an authority, by its position in `AUTHORITIES`."""
    home = AUTHORITIES[authority]
    ordinal = authority * SCHOOLS_PER_AUTHORITY + place
    bits = scramble(0x5C4001 << 32 | ordinal)
    stem = _SCHOOL_NAMES[(bits >> 7) % len(_SCHOOL_NAMES)]
    saint = _SAINTS[(bits >> 17) % len(_SAINTS)]
    if place < PRIMARIES:
        phase, number = "Primary", 2001 + place * 13
        name = f"{saint} Church of England Primary School" if bits % 4 == 0 else f"{stem} Primary School"
    elif place < PRIMARIES + SECONDARIES:
        phase, number = "Secondary", 4001 + place * 11
        name = (
            f"{saint} Catholic High School"
            if bits % 5 == 0
            else f"{stem} {('Academy', 'High School', 'School')[bits % 3]}"
        )
    else:
        phase, number, name = "All-through", 7001 + place * 3, f"{stem} School"
    urn = str(_FIRST_URN + ordinal * _URN_STEP)
    address = address_in(home, scramble(bits))
    return SyntheticSchool(urn, name, phase, home, number, landline_in(home, bits >> 24), address)


@cache
def practice_of(authority: int, place: int) -> SyntheticPractice:
    """The practice at a place (below `PRACTICES_PER_AUTHORITY`) in an authority, by its position in `AUTHORITIES`."""
    home = AUTHORITIES[authority]
    ordinal = authority * PRACTICES_PER_AUTHORITY + place
    bits = scramble(0x9AC71C << 32 | ordinal)
    name = f"{_SURGERIES[(bits >> 9) % len(_SURGERIES)]} {_SURGERY_KINDS[(bits >> 19) % len(_SURGERY_KINDS)]}"
    code = f"{_ODS_LETTERS[authority % len(_ODS_LETTERS)]}{81001 + ordinal}"
    address = address_in(home, scramble(bits))
    return SyntheticPractice(code, name, home, landline_in(home, bits >> 29), address)


def school_at(urn: str) -> SyntheticSchool | None:
    """The school with this URN; None where there is none."""
    if not urn.isascii() or not urn.isdigit():
        return None
    ordinal, between = divmod(int(urn) - _FIRST_URN, _URN_STEP)
    if between or not 0 <= ordinal < len(AUTHORITIES) * SCHOOLS_PER_AUTHORITY:
        return None
    school = school_of(*divmod(ordinal, SCHOOLS_PER_AUTHORITY))
    return school if school.urn == urn else None


def practice_at(ods: str) -> SyntheticPractice | None:
    """The practice with this ODS code; None where there is none."""
    digits = ods[1:]
    if len(ods) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    ordinal = int(digits) - 81001
    if not 0 <= ordinal < len(AUTHORITIES) * PRACTICES_PER_AUTHORITY:
        return None
    practice = practice_of(*divmod(ordinal, PRACTICES_PER_AUTHORITY))
    return practice if practice.ods_code == ods else None


def schools() -> Iterator[SyntheticSchool]:
    """Every school, by URN."""
    for authority in range(len(AUTHORITIES)):
        for place in range(SCHOOLS_PER_AUTHORITY):
            yield school_of(authority, place)


def practices() -> Iterator[SyntheticPractice]:
    """Every practice, by authority."""
    for authority in range(len(AUTHORITIES)):
        for place in range(PRACTICES_PER_AUTHORITY):
            yield practice_of(authority, place)
