"""What a class of viewers may write is part of what anybody may, and means the same."""

import os
from collections.abc import Sequence
from typing import Any, Final

import pytest
from graphql import parse, print_schema, validate
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from adapters.shield_records import QuarantineRow
from gateway.classes import CLASSES, ROOTS
from gateway.operations.documents import Documents, InvalidDocument
from gateway.operations.limits import Limits
from gateway.purpose import PURPOSES
from gateway.viewer import Role
from resolvers.disclosure import Category
from schema.built import field_guards, graphql_schema
from tests.builders import a_viewer
from tests.operations.test_plan_and_twin_of_children import AGENCIES, CHILDREN, WAITING, agree
from tests.operations.whole import whole_documents

CASES = int(os.environ.get("PLAN_CASES", "60"))

DOCUMENTS: Final = Documents(graphql_schema, field_guards, CLASSES, Limits())
WHOLE: Final = whole_documents()

# Roots that hypothesis-graphql has no values for, or that another test runs.
_APART = {"_entities", "_service", "shields", "statistics"}


def texts(role: Role) -> st.SearchStrategy[str]:
    """Whatever somebody of the role may write, by the schema that they are shown."""
    return queries(
        print_schema(CLASSES[role]),
        fields=[name for name in ROOTS[role][0].split() if name not in _APART],
        custom_scalars={"Date": st.dates().map(lambda day: nodes.String(day.isoformat()))},
    )


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_what_a_class_may_write_runs_as_it_would_on_the_whole(role: Role) -> None:
    """Valid under the mask is valid without it; and plan and twin agree on it, for whoever of the role asks."""

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts(role), st.sampled_from(sorted(PURPOSES[role], key=lambda one: one.value)), CHILDREN, AGENCIES, WAITING)
    def each(text: str, purpose: Any, children: Any, agencies: Any, waiting: Sequence[QuarantineRow]) -> None:
        assume(not validate(CLASSES[role], parse(text)))  # whoever generates texts knows nothing of `@oneOf`
        assert not validate(graphql_schema, parse(text))
        registered = frozenset(Category) if role is Role.PARTNER else None
        viewer = a_viewer(role, scopes="sealed sensitive override", categories=registered)
        agree(text, {}, (viewer, purpose), children, agencies, waiting, DOCUMENTS)

    each()


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.STEWARD, Role.ANALYST], ids=lambda role: role.value)
def test_what_the_mask_hides_is_refused_before_it_is_planned(role: Role) -> None:
    """A text that another role may send is invalid in this one, however often that other has sent it."""
    text = "{ shields(first: 1) { hasNextPage } }"
    assert DOCUMENTS.operation(text, None, Role.SHIELD_OFFICER)
    with pytest.raises(InvalidDocument) as refused:
        DOCUMENTS.operation(text, None, role)
    assert [error.message for error in refused.value.errors] == ["Cannot query field 'shields' on type 'Query'."]


def test_a_class_plans_as_the_whole_does() -> None:
    """The plan is of the whole schema, of which the mask is a part."""
    text = "query($n: ID!) { child(number: $n) { number keys { nhsNumber } parents { name { family } } } }"
    plans = {str(DOCUMENTS.operation(text, None, role).plan) for role in (Role.PRACTITIONER, Role.STEWARD)}
    assert plans == {str(WHOLE.operation(text, None, Role.STEWARD).plan)}
