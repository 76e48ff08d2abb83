"""What holds of the policy whatever the viewer, the purpose and the child: protection never widens what is seen."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.records import ChildRecord, CircleMember, Override, Protection, Tier
from gateway.capability import capability
from gateway.purpose import Purpose
from gateway.shield.policy import NEEDED, at_most, decide, explain
from gateway.viewer import Role, Viewer
from resolvers.disclosure import Category
from tests.builders import ELSEWHERE, HERE, a_child, a_viewer

AUTHORITY = st.sampled_from([HERE, ELSEWHERE, None])
ORGANISATION = st.sampled_from(["school-1", "school-2"])
SCOPES = st.lists(st.sampled_from(["override", "sealed", "sensitive"]), unique=True).map(" ".join)

PRINTS = st.lists(st.sampled_from([b"a" * 16, b"b" * 16, b"c" * 16]), unique=True, max_size=2).map(tuple)

VIEWERS = st.builds(
    a_viewer,
    st.sampled_from(Role),
    scopes=SCOPES,
    organisation=ORGANISATION,
    authority=AUTHORITY,
    prints=PRINTS,
    categories=st.none() | st.frozensets(st.sampled_from(Category)),
)
PURPOSES = st.sampled_from(Purpose)
PROTECTIONS = st.builds(
    Protection,
    tier=st.sampled_from(Tier),
    held=st.booleans(),
    withheld=st.frozensets(st.sampled_from(["KEY", "PARENT_NAMES"])),
    circle=st.lists(
        st.builds(CircleMember, ORGANISATION, st.frozensets(st.sampled_from([c.value for c in Category])))
    ).map(tuple),
    overrides=st.lists(
        st.builds(Override, st.sampled_from(["viewer-1", "viewer-2"]), st.sampled_from(["token-1", "token-2"]))
    ).map(tuple),
    unconfirmed_by=st.sampled_from([None, "viewer-1", "viewer-2"]),
)
CHILDREN = st.builds(
    lambda protection, authority, kin: replace(a_child().of(authority).related_to(*kin).build(), protection=protection),
    PROTECTIONS,
    AUTHORITY,
    PRINTS,
)

STRICTNESS = list(Tier)


def shown(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> frozenset[Category]:
    decided = decide(viewer, purpose, child)
    return frozenset() if decided is None else decided.shown


def protected_by(child: ChildRecord, **changes: object) -> ChildRecord:
    return replace(child, protection=replace(child.protection, **changes))


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_stricter_tier_never_shows_more(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """Raising a shield only ever takes away.

    A hold stands apart: an authority that takes one up by a shield makes circles and overrides possible.
    """
    child = protected_by(child, held=False)
    tier = STRICTNESS.index(child.protection.tier)
    for stricter in STRICTNESS[tier:]:
        assert shown(viewer, purpose, protected_by(child, tier=stricter)) <= shown(viewer, purpose, child)


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_hold_never_shows_more(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """What an agency's mark adds is protection."""
    assert shown(viewer, purpose, protected_by(child, held=True)) <= shown(
        viewer, purpose, protected_by(child, held=False)
    )


@given(VIEWERS, PURPOSES, CHILDREN)
def test_nothing_is_shown_that_the_purpose_does_not_need(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """Purpose bounds every role and every tier."""
    assert shown(viewer, purpose, child) <= NEEDED[purpose]


@given(VIEWERS, PURPOSES, CHILDREN)
def test_nothing_is_shown_beyond_what_holds_of_any_child(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """What searches may reach is found before a child is looked at, and the decision stays within it."""
    assert Category.IDENTITY in (at_most(viewer, purpose) or {Category.IDENTITY})
    assert shown(viewer, purpose, child) <= at_most(viewer, purpose)


@given(VIEWERS, PURPOSES, CHILDREN)
def test_every_category_is_shown_or_has_a_reason(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """The reasons are of the decision itself: what has none is shown, and what is shown has none."""
    reasons = explain(viewer, purpose, child)
    assert {category for category, reason in reasons.items() if reason is None} == shown(viewer, purpose, child)


@given(VIEWERS, PURPOSES, CHILDREN)
def test_fewer_words_for_a_partner_never_show_more(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """What is struck from a registration is not shown, and nothing comes in its place."""
    for category in viewer.categories or ():
        narrower = replace(viewer, categories=(viewer.categories or frozenset()) - {category})
        assert shown(narrower, purpose, child) <= shown(viewer, purpose, child) - {category}


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_child_is_shown_with_its_identity_or_not_at_all(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """There is no child without a number."""
    seen = shown(viewer, purpose, child)
    assert not seen or Category.IDENTITY in seen


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_sealed_child_exists_for_its_custodians_alone(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """Role, purpose, authority and scope: all four, or there is no such child; nor for who raised it, or is its kin."""
    sealed = protected_by(child, tier=Tier.SEALED)
    custodian = (
        viewer.role is Role.SHIELD_OFFICER
        and purpose is Purpose.SHIELD_MANAGEMENT
        and "sealed" in viewer.scopes
        and viewer.authority is not None
        and viewer.authority == child.authority
        and viewer.subject != child.protection.unconfirmed_by
        and Category.IDENTITY in at_most(viewer, purpose)
        and not any(print_ in child.kin for print_ in viewer.prints)
    )
    assert (decide(viewer, purpose, sealed) is not None) == custodian


@given(VIEWERS, CHILDREN)
def test_a_raiser_reads_nothing_by_a_shield_that_nobody_has_confirmed(viewer: Viewer, child: ChildRecord) -> None:
    """Law 1: or an officer could raise a shield over any child in order to read what it then hides from others."""
    raised = protected_by(child, unconfirmed_by=viewer.subject)
    assert decide(viewer, Purpose.SHIELD_MANAGEMENT, raised) is None


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_shield_that_waits_to_be_confirmed_shows_nobody_more(
    viewer: Viewer, purpose: Purpose, child: ChildRecord
) -> None:
    """It stands from the first moment, and to everybody but its raiser as any other."""
    raised = protected_by(child, unconfirmed_by="viewer-1")
    assert shown(viewer, purpose, raised) <= shown(viewer, purpose, protected_by(child, unconfirmed_by=None))


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_sensitive_service_needs_its_scope(viewer: Viewer, purpose: Purpose, child: ChildRecord) -> None:
    """Nobody but a shield officer with the scope `sensitive`, managing the shield, is shown one."""
    if Category.SENSITIVE_SERVICE in shown(viewer, purpose, child):
        assert viewer.role is Role.SHIELD_OFFICER
        assert "sensitive" in viewer.scopes
        assert purpose is Purpose.SHIELD_MANAGEMENT


@given(VIEWERS, PURPOSES, CHILDREN)
def test_an_override_counts_for_its_viewer_and_token_alone(
    viewer: Viewer, purpose: Purpose, child: ChildRecord
) -> None:
    """Everybody else's decision is as if there were none."""
    mine = tuple(
        override
        for override in child.protection.overrides
        if (override.viewer, override.token) == (viewer.subject, viewer.token)
    )
    assert decide(viewer, purpose, child) == decide(viewer, purpose, protected_by(child, overrides=mine))


@given(VIEWERS, PURPOSES, CHILDREN)
def test_what_a_viewer_may_not_ask_for_is_never_decided_in_their_favour(
    viewer: Viewer, purpose: Purpose, child: ChildRecord
) -> None:
    """Without a capability nobody is even looked for, and nobody would have been shown."""
    if capability(viewer, purpose) is None:
        assert decide(viewer, purpose, child) is None


@given(VIEWERS, PURPOSES, CHILDREN)
def test_a_search_by_address_reaches_no_further_than_the_decision(
    viewer: Viewer, purpose: Purpose, child: ChildRecord
) -> None:
    """Whoever is shown a protected child's address manages the shield, is in its circle, or overrides it."""
    if child.protection.protected and Category.ADDRESS in shown(viewer, purpose, child):
        given_scope = capability(viewer, purpose)
        assert given_scope is not None
        scope = given_scope.scope
        assert (
            scope.manages == child.authority
            or any(m.organisation == scope.organisation and "ADDRESS" in m.categories for m in child.protection.circle)
            or Override(scope.viewer, scope.token) in child.protection.overrides
        )


def test_a_search_reaches_sealed_children_for_their_custodians_alone() -> None:
    """A sealed child that nobody is told of must not be counted first and left out after (law 5)."""
    for scopes in ("", "sealed", "override sensitive", "override sealed sensitive"):
        officer = a_viewer(Role.SHIELD_OFFICER, scopes=scopes, authority=HERE)
        for purpose in (Purpose.SAFEGUARDING, Purpose.SHIELD_MANAGEMENT):
            given_scope = capability(officer, purpose)
            assert given_scope is not None
            custodian = purpose is Purpose.SHIELD_MANAGEMENT and "sealed" in officer.scopes
            assert given_scope.scope.sealed == custodian
            assert (given_scope.scope.manages == HERE) == (purpose is Purpose.SHIELD_MANAGEMENT)


@given(VIEWERS, PURPOSES)
def test_a_search_is_told_whose_children_to_leave_out(viewer: Viewer, purpose: Purpose) -> None:
    """What is decided of a child one by one, a search must know before it counts."""
    given_scope = capability(viewer, purpose)
    assert given_scope is None or given_scope.scope.prints == viewer.prints
