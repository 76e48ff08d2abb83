"""Whether the registry lets a bearer in, and as whom: pure, by one snapshot of what is registered.

What a token says is narrowed by what its client may, never widened. Nothing here asks, keeps or records anything.
"""

from typing import Final

from adapters.store.entries import Organisation
from adapters.store.registry_records import Client, Partner, RegistrySnapshot
from gateway.errors import Forbidden, Unauthenticated
from gateway.viewer import Bearer, Role, Standing, Viewer
from resolvers.disclosure import Category

# Of a person whom neither token nor employer tells apart nobody can say whose parent they are: the ledger says so.
NO_PERSON: Final = frozenset({"NO_PERSON"})
NO_FLAG: Final[frozenset[str]] = frozenset()


def admit(
    bearer: Bearer, snapshot: RegistrySnapshot, organisation: Organisation | None, print_: bytes | None
) -> Standing:
    """The bearer's standing; with a refusal, the same for every cause, where the client may not come in as it does.

    `organisation` is the bearer's own, as registered, and `print_` whom it says the bearer is. Raises `Unauthenticated`
    for a token called back, or one that is bound to no certificate where its client's must be.
    """
    if (bearer.issuer, bearer.jti) in snapshot.denied:
        raise Unauthenticated
    client = snapshot.clients.get((bearer.issuer, bearer.client))
    partner = snapshot.partners.get(bearer.organisation) if bearer.role is Role.PARTNER else None
    if client is not None and client.bound and bearer.thumbprint is None:
        raise Unauthenticated
    let_in = client is not None and _may_come(bearer, client, organisation, partner)
    return Standing(
        viewer=_viewer(bearer, client, partner, print_),
        organisation=organisation,
        client=client,
        partner=partner,
        epoch=snapshot.epoch,
        refusal=None if let_in else Forbidden("this client may not come in here"),
    )


def flags_of(viewer: Viewer) -> frozenset[str]:
    """What the ledger is to note of every request of theirs. A system is nobody's parent."""
    return NO_FLAG if viewer.prints or viewer.role is Role.PARTNER else NO_PERSON


def _may_come(bearer: Bearer, client: Client, organisation: Organisation | None, partner: Partner | None) -> bool:
    return (
        not client.suspended
        and bearer.role.value in client.roles
        and organisation is not None
        and (client.organisations is None or organisation.id in client.organisations)
        and (client.authorities is None or _are_its_own(client.authorities, bearer.authority, organisation.authority))
        and (bearer.role is not Role.PARTNER or partner is not None)
    )


def _are_its_own(own: frozenset[str], *named: str | None) -> bool:
    """Whether token and registry name an authority of the client's, and neither of them another's."""
    authorities = {authority for authority in named if authority is not None}
    return bool(authorities) and authorities <= own


def _viewer(bearer: Bearer, client: Client | None, partner: Partner | None, print_: bytes | None) -> Viewer:
    return Viewer(
        subject=bearer.subject,
        client=bearer.client,
        token=bearer.token,
        role=bearer.role,
        organisation=bearer.organisation,
        authority=bearer.authority,
        scopes=bearer.scopes & client.scopes if client else frozenset(),
        prints=tuple(one for one in (bearer.own_print, print_) if one),
        categories=None if partner is None else _registered(partner),
    )


def _registered(partner: Partner) -> frozenset[Category]:
    return frozenset(category for category in Category if category.value in partner.categories)
