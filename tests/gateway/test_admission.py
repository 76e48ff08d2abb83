"""Who is let in, as whom and for what: the registry narrows what a token says, and nothing widens it."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.records import ChildRecord
from adapters.store.entries import Organisation
from adapters.store.registry_records import Client, Partner, RegistrySnapshot
from gateway.admission import admit, flags_of
from gateway.classes import categories_of
from gateway.errors import BadRequest, Forbidden, PurposeRequired, ReasonRequired, Refusal, Unauthenticated
from gateway.purpose import Ground, Purpose, ground_of, reasons_demanded
from gateway.shield.policy import decide
from gateway.viewer import Bearer, Role, Standing
from resolvers.disclosure import Category
from tests.builders import ELSEWHERE, HERE, a_viewer
from tests.shield.test_policy import CHILDREN

ISSUER = "https://issuer.example.org"
SCOPE_WORDS = ["override", "sealed", "sensitive", "admin", "*"]
KINDS = ["SCHOOL", "HEALTH", "SOCIAL_CARE", "LOCAL_AUTHORITY", "PARTNER", "STATISTICS"]


def a_client(**changes: Any) -> Client:
    """A client that narrows nothing."""
    everything = {
        "issuer": ISSUER,
        "id": "front-end",
        "name": "A front end",
        "roles": frozenset(role.value for role in Role),
        "purposes": None,
        "scopes": frozenset({"override", "sealed", "sensitive"}),
        "doors": frozenset({"AD_HOC", "DOCUMENTS"}),
        "organisations": None,
        "authorities": None,
    }
    return Client(**(everything | changes))


def a_partner(**changes: Any) -> Partner:
    words = frozenset(category.value for category in Category)
    return replace(Partner("org-1", categories=words, roots=frozenset({"child"})), **changes)


def a_snapshot(client: Client | None, partner: Partner | None, denied: tuple[str, ...] = ()) -> RegistrySnapshot:
    return RegistrySnapshot(
        epoch=7,
        clients={(client.issuer, client.id): client} if client else {},
        partners={partner.organisation: partner} if partner else {},
        documents={},
        denied=frozenset((ISSUER, jti) for jti in denied),
    )


def a_bearer(role: Role = Role.PRACTITIONER, **changes: Any) -> Bearer:
    said: dict[str, Any] = {
        "issuer": ISSUER,
        "subject": "viewer-1",
        "client": "front-end",
        "token": "token-1",
        "jti": "token-1",
        "role": role,
        "organisation": "org-1",
        "authority": HERE,
        "scopes": frozenset(),
    }
    return Bearer(**(said | changes))


def an_organisation(kind: str = "SCHOOL", authority: str | None = HERE, *purposes: str) -> Organisation:
    return Organisation("org-1", "An organisation", kind, authority, frozenset(purposes))


EVERY_PURPOSE = [purpose.value for purpose in Purpose]
SOME_WORDS = st.frozensets(st.sampled_from(SCOPE_WORDS))
CLIENTS = st.builds(
    a_client,
    roles=st.frozensets(st.sampled_from([role.value for role in Role])),
    purposes=st.none() | st.frozensets(st.sampled_from(EVERY_PURPOSE)),
    scopes=SOME_WORDS,
    organisations=st.none() | st.just(frozenset({"org-1"})),
    authorities=st.none() | st.frozensets(st.sampled_from([HERE, ELSEWHERE])),
)
PARTNERS = st.builds(a_partner, categories=st.frozensets(st.sampled_from([one.value for one in Category])))
ORGANISATIONS = st.builds(
    an_organisation, st.sampled_from(KINDS), st.sampled_from([HERE, ELSEWHERE, None]), *map(st.just, EVERY_PURPOSE)
)
BEARERS = st.builds(
    a_bearer,
    st.sampled_from(Role),
    scopes=SOME_WORDS,
    authority=st.sampled_from([HERE, ELSEWHERE, None]),
    own_print=st.sampled_from([None, b"a" * 16]),
    thumbprint=st.sampled_from([None, b"t" * 32]),
)
PRINTS = st.sampled_from([None, b"b" * 16])
ALL_OF_IT = (BEARERS, CLIENTS, PARTNERS, ORGANISATIONS, PRINTS, CHILDREN)


def told(
    bearer: Bearer,
    snapshot: RegistrySnapshot,
    organisation: Organisation | None,
    print_: bytes | None,
    child: ChildRecord,
) -> dict[Purpose, frozenset[Category]]:
    """What this bearer is told of this child, for each purpose that they may state."""
    shown: dict[Purpose, frozenset[Category]] = {}
    for purpose in Purpose:
        try:
            standing = admit(bearer, snapshot, organisation, print_)
            if standing.refusal is not None:
                raise standing.refusal
            ground = ground_of(standing, purpose.value, None)
        except Refusal:
            continue
        decided = decide(standing.viewer, ground.purpose, child)
        shown[purpose] = frozenset() if decided is None else decided.shown
    return shown


def within(narrower: Mapping[Purpose, frozenset[Category]], wider: Mapping[Purpose, frozenset[Category]]) -> bool:
    return all(purpose in wider and shown <= wider[purpose] for purpose, shown in narrower.items())


@given(*ALL_OF_IT, st.data())
def test_what_is_taken_out_of_the_registry_shows_nobody_more(
    bearer: Bearer,
    client: Client,
    partner: Partner,
    organisation: Organisation,
    print_: bytes | None,
    child: ChildRecord,
    data: st.DataObject,
) -> None:
    """Whatever word is struck from client or partner, and whatever is suspended or unregistered with them."""
    narrower = data.draw(
        st.sampled_from(
            [
                (replace(client, suspended=True), partner, organisation),
                (replace(client, bound=True), partner, organisation),
                (replace(client, organisations=frozenset()), partner, organisation),
                (replace(client, purposes=frozenset()), partner, organisation),
                *((replace(client, roles=client.roles - {word}), partner, organisation) for word in client.roles),
                *((replace(client, scopes=client.scopes - {word}), partner, organisation) for word in client.scopes),
                *(
                    (replace(client, purposes=client.purposes - {word}), partner, organisation)
                    for word in client.purposes or ()
                    if client.purposes
                ),
                *(
                    (
                        replace(client, authorities=(client.authorities or {HERE, ELSEWHERE}) - {word}),
                        partner,
                        organisation,
                    )
                    for word in (HERE, ELSEWHERE)
                ),
                *(
                    (client, replace(partner, categories=partner.categories - {one}), organisation)
                    for one in partner.categories
                ),
                (client, None, organisation),
                (None, partner, organisation),
                (client, partner, None),
            ]
        )
    )
    less = told(bearer, a_snapshot(*narrower[:2]), narrower[2], print_, child)
    assert within(less, told(bearer, a_snapshot(client, partner), organisation, print_, child))


@given(*ALL_OF_IT, SOME_WORDS)
def test_no_word_in_a_token_widens_what_its_client_may(
    bearer: Bearer,
    client: Client,
    partner: Partner,
    organisation: Organisation,
    print_: bytes | None,
    child: ChildRecord,
    words: frozenset[str],
) -> None:
    """CASES 30: a token that names every scope there is shows what one shows that names its client's."""
    snapshot = a_snapshot(client, partner)
    named = replace(bearer, scopes=bearer.scopes | words)
    own = replace(bearer, scopes=client.scopes)
    assert within(told(named, snapshot, organisation, print_, child), told(own, snapshot, organisation, print_, child))


@given(*ALL_OF_IT)
def test_nobody_is_told_more_than_their_acting_role_may(
    bearer: Bearer,
    client: Client,
    partner: Partner,
    organisation: Organisation,
    print_: bytes | None,
    child: ChildRecord,
) -> None:
    """CASES 30: whatever other roles the client may bring, and whoever stands behind it, one role acts."""
    shown = told(bearer, a_snapshot(client, partner), organisation, print_, child)
    assert not shown or bearer.role.value in client.roles
    assert all(categories <= categories_of(bearer.role) for categories in shown.values())


@given(*ALL_OF_IT)
def test_who_somebody_is_only_ever_takes_away(
    bearer: Bearer,
    client: Client,
    partner: Partner,
    organisation: Organisation,
    print_: bytes | None,
    child: ChildRecord,
) -> None:
    """Both fingerprints count, the token's and the employer's."""
    snapshot = a_snapshot(client, partner)
    nobody = told(replace(bearer, own_print=None), snapshot, organisation, None, child)
    shown = told(bearer, snapshot, organisation, print_, child)
    assert within(shown, nobody)
    if any(one and one in child.kin for one in (bearer.own_print, print_)):
        assert not any(shown.values())


REFUSED = {
    "a client nobody registered": {"client": None},
    "a suspended client": {"client": a_client(suspended=True)},
    "a role that is not the client's": {"client": a_client(roles=frozenset({"STEWARD"}))},
    "an organisation that is not the client's": {"client": a_client(organisations=frozenset({"org-2"}))},
    "an authority that is not the client's": {"client": a_client(authorities=frozenset({ELSEWHERE}))},
    "an organisation nobody registered": {"organisation": None},
    "a client of another issuer": {"client": a_client(issuer="https://other.example.org")},
    "a partner nobody registered": {"bearer": a_bearer(Role.PARTNER), "partner": None},
}


@pytest.mark.parametrize("given_", REFUSED.values(), ids=REFUSED.keys())
def test_who_may_not_come_in_is_known_and_refused_in_the_same_words(given_: dict[str, Any]) -> None:
    """CASES 29: the token is good, so that the refusal is recorded under its bearer; it names no cause."""
    stands = {"bearer": a_bearer(), "client": a_client(), "partner": None, "organisation": an_organisation()} | given_
    standing = admit(stands["bearer"], a_snapshot(stands["client"], stands["partner"]), stands["organisation"], None)
    assert standing.viewer.subject == "viewer-1"
    assert standing.refusal is not None
    assert (standing.refusal.status, standing.refusal.code) == (403, "FORBIDDEN")
    assert standing.refusal.message == "this client may not come in here"


def test_who_may_come_in_stands_under_the_registrys_epoch() -> None:
    """What follows from the standing is recorded on condition that the registry has not moved."""
    client, organisation = a_client(), an_organisation()
    standing = admit(
        a_bearer(scopes=frozenset({"override", "admin"}), own_print=b"a" * 16),
        a_snapshot(client, None),
        organisation,
        b"b" * 16,
    )
    assert standing == Standing(
        a_viewer(scopes="override", organisation="org-1", prints=(b"a" * 16, b"b" * 16)), organisation, client, None, 7
    )


def test_a_partner_stands_with_what_it_is_registered_for() -> None:
    """The policy reads it from the viewer; for anybody else nothing is narrowed, whatever is registered beside them."""
    snapshot = a_snapshot(a_client(), a_partner(categories=frozenset({"IDENTITY", "SCHOOL"})))
    partner = admit(a_bearer(Role.PARTNER), snapshot, an_organisation("PARTNER"), None)
    assert partner.viewer.categories == {Category.IDENTITY, Category.SCHOOL}
    assert admit(a_bearer(), snapshot, an_organisation("PARTNER"), None).viewer.categories is None


@pytest.mark.parametrize(
    ("said", "registered", "let_in"),
    [
        (HERE, HERE, True),
        (HERE, None, True),
        (None, HERE, True),
        (HERE, ELSEWHERE, False),
        (None, ELSEWHERE, False),
        (None, None, False),
        (ELSEWHERE, HERE, False),
    ],
)
def test_a_client_of_some_authorities_brings_nobody_elses(
    said: str | None, registered: str | None, let_in: bool
) -> None:
    """Neither by the authority that the token names, nor by that of its organisation: one of them at least is named."""
    snapshot = a_snapshot(a_client(authorities=frozenset({HERE})), None)
    standing = admit(a_bearer(authority=said), snapshot, an_organisation("SCHOOL", registered), None)
    assert (standing.refusal is None) == let_in


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_a_token_called_back_is_no_token(role: Role) -> None:
    """Whatever else is wrong with its bearer: the one answer to it is that it is not valid."""
    snapshot = a_snapshot(a_client(suspended=True), None, denied=("token-1",))
    with pytest.raises(Unauthenticated):
        admit(a_bearer(role, token="nhs:token-1"), snapshot, None, None)
    assert admit(a_bearer(role, jti="token-2"), snapshot, None, None).refusal is not None


def test_a_token_called_back_from_one_issuer_stands_with_another() -> None:
    """Two issuers may give the same id to two tokens."""
    elsewhere = "https://other.example.org"
    snapshot = a_snapshot(a_client(issuer=elsewhere), None, denied=("token-1",))
    assert admit(a_bearer(issuer=elsewhere), snapshot, an_organisation(), None).refusal is None


def test_a_bound_clients_token_names_its_certificate() -> None:
    """CASES 26: where the registry says so, a token that anybody could hand on is none."""
    snapshot = a_snapshot(a_client(bound=True), None)
    with pytest.raises(Unauthenticated):
        admit(a_bearer(), snapshot, an_organisation(), None)
    assert admit(a_bearer(thumbprint=b"t" * 32), snapshot, an_organisation(), None).refusal is None


def test_who_is_nobody_in_particular_is_flagged() -> None:
    """The own-record rule has nothing to go by, and the ledger says so; a partner's system has no children."""
    assert flags_of(a_viewer()) == {"NO_PERSON"}
    assert flags_of(a_viewer(prints=(b"a" * 16,))) == frozenset()
    assert flags_of(a_viewer(Role.PARTNER)) == frozenset()


def standing_of(role: Role = Role.PRACTITIONER, **changes: Any) -> Standing:
    kind = {Role.PARTNER: "PARTNER", Role.SHIELD_OFFICER: "LOCAL_AUTHORITY", Role.AUDITOR: "LOCAL_AUTHORITY"}
    purposes = ("EDUCATION", "CHILD_WELFARE") if role is Role.PARTNER else ()
    partner = changes.pop("partner", a_partner() if role is Role.PARTNER else None)
    organisation = an_organisation(kind.get(role, "SCHOOL"), changes.pop("of", HERE), *purposes)
    return admit(a_bearer(role), a_snapshot(a_client(**changes), partner), organisation, None)


@pytest.mark.parametrize(
    ("standing", "purpose", "reason", "expected"),
    [
        (standing_of(), None, None, PurposeRequired),
        (standing_of(), "", None, PurposeRequired),
        (standing_of(), "CURIOSITY", None, Forbidden),
        (standing_of(), "EDUCATION", None, Ground(Purpose.EDUCATION, None)),
        (standing_of(), "EDUCATION", "", Ground(Purpose.EDUCATION, None)),
        (standing_of(), "EDUCATION", "a child is absent", Ground(Purpose.EDUCATION, "a child is absent")),
        (standing_of(), "EDUCATION", "x" * 256, BadRequest),
        (standing_of(), "EDUCATION", "two\nlines of it", BadRequest),
        (standing_of(), "HEALTH", None, Forbidden),
        (standing_of(purposes=frozenset({"HEALTH"})), "EDUCATION", None, Forbidden),
        (standing_of(purposes=frozenset({"EDUCATION"})), "EDUCATION", None, Ground(Purpose.EDUCATION, None)),
        (standing_of(Role.SHIELD_OFFICER), "SHIELD_MANAGEMENT", None, Ground(Purpose.SHIELD_MANAGEMENT, None)),
        (standing_of(Role.SHIELD_OFFICER, of=ELSEWHERE), "SHIELD_MANAGEMENT", None, Forbidden),
        (standing_of(Role.AUDITOR), "AUDIT", None, ReasonRequired),
        (standing_of(Role.AUDITOR), "AUDIT", "too short", ReasonRequired),
        (standing_of(Role.AUDITOR), "AUDIT", " too short   ", ReasonRequired),
        (standing_of(Role.AUDITOR), "AUDIT", "a complaint", Ground(Purpose.AUDIT, "a complaint")),
        (standing_of(Role.AUDITOR, of=ELSEWHERE), "AUDIT", "a complaint", Forbidden),
        (standing_of(Role.PARTNER), None, None, PurposeRequired),
        (standing_of(Role.PARTNER), "EDUCATION", None, Ground(Purpose.EDUCATION, None)),
        (standing_of(Role.PARTNER), "HEALTH", None, Forbidden),
    ],
)
def test_a_ground_is_what_role_organisation_and_client_allow(
    standing: Standing, purpose: str | None, reason: str | None, expected: Ground | type[Refusal]
) -> None:
    """CASES 29: a purpose that nobody knows, or that this role may not state, is refused; so is a missing reason."""
    demanded = reasons_demanded("AUDITOR/*")
    if isinstance(expected, Ground):
        assert ground_of(standing, purpose, reason, demanded) == expected
    else:
        with pytest.raises(expected):
            ground_of(standing, purpose, reason, demanded)


def test_a_partners_fixed_purpose_need_not_be_stated_and_cannot_be_changed() -> None:
    """It was agreed at registration, with its reason."""
    fixed = standing_of(Role.PARTNER, partner=a_partner(purpose="EDUCATION", reason="agreed in March"))
    agreed = Ground(Purpose.EDUCATION, "agreed in March")
    assert ground_of(fixed, None, None) == agreed
    assert ground_of(fixed, "EDUCATION", None) == agreed
    assert ground_of(fixed, None, "this very child") == Ground(Purpose.EDUCATION, "this very child")
    with pytest.raises(Forbidden):
        ground_of(fixed, "CHILD_WELFARE", None)


def test_a_fixed_purpose_that_was_struck_is_none() -> None:
    """What the organisation may no longer state, its registration as a partner does not keep alive."""
    fixed = standing_of(Role.PARTNER, partner=a_partner(purpose="HEALTH"))
    with pytest.raises(Forbidden):
        ground_of(fixed, None, None)


def test_reasons_are_demanded_by_role_and_purpose() -> None:
    """As the setting has it: one purpose, or all of a role's."""
    demanded = reasons_demanded("SHIELD_OFFICER/SAFEGUARDING AUDITOR/*")
    assert (Role.SHIELD_OFFICER, Purpose.SAFEGUARDING) in demanded
    assert (Role.SHIELD_OFFICER, Purpose.SHIELD_MANAGEMENT) not in demanded
    assert (Role.AUDITOR, Purpose.AUDIT) in demanded
    assert not reasons_demanded("")
