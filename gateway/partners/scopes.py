"""What a published operation would give away, and whether its partner may ask for that. Pure."""

from collections.abc import Mapping

from adapters.store.entries import Organisation
from adapters.store.registry_records import Partner
from gateway.operations.documents import Operation
from gateway.purpose import Purpose, purposes_of
from gateway.shield.policy import NEEDED
from gateway.shield.shape import Shape
from gateway.viewer import Role
from resolvers.disclosure import Category


def disclosed(operation: Operation) -> Mapping[str, frozenset[Category]]:
    """The categories that each part of an answer may give away, by its path; what lies below is of the same."""
    found: dict[str, frozenset[Category]] = {}
    _walk(operation.shape, "", frozenset(), found)
    return found


def beyond(operation: Operation, partner: Partner, organisation: Organisation) -> tuple[str, ...]:
    """What the operation asks for that the partner is not registered for, or that no purpose of its own needs."""
    needed = frozenset[Category]().union(*(NEEDED[purpose] for purpose in purposes_for(partner, organisation)))
    reasons = [
        f"`{root}` is none of the root fields that the partner is registered for"
        for root in sorted(operation.roots - partner.roots)
    ]
    for path, categories in disclosed(operation).items():
        for category in sorted(categories, key=lambda one: one.value):
            if category.value not in partner.categories:
                reasons.append(f"`{path}` gives away {category.value}, which the partner is not registered for")
            elif category not in needed:
                reasons.append(f"`{path}` gives away {category.value}, which no purpose of the partner needs")
    return tuple(reasons)


def purposes_for(partner: Partner, organisation: Organisation) -> frozenset[Purpose]:
    """Why the partner may ask: for the purpose that is fixed at its registration, else for any of its own."""
    own = purposes_of(Role.PARTNER, organisation)
    return own if partner.purpose is None else frozenset(one for one in own if one.value == partner.purpose)


def _walk(shape: Shape, path: str, inherited: frozenset[Category], found: dict[str, frozenset[Category]]) -> None:
    for key, level in shape.fields.items():
        here, categories = f"{path}.{key}" if path else key, frozenset(level.categories)
        if categories and categories != inherited:
            found[here] = categories
        _walk(level, here, categories or inherited, found)
