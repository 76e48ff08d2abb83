"""A document's text becomes an operation once: validated, measured, kept boundedly, and never made to cost much."""

import contextlib
import hashlib

import pytest
from graphql import get_introspection_query

from gateway.errors import LimitExceeded
from gateway.operations import documents
from gateway.operations.documents import Documents, InvalidDocument
from gateway.operations.limits import Limits
from tests.operations.whole import ANYBODY, whole_documents

TWO = "query A { viewer { subject } } query B { child(number: 1) { number } }"


@pytest.fixture
def library() -> Documents:
    return whole_documents()


def test_a_text_is_prepared_once(library: Documents) -> None:
    """The same text and name give the very same operation; its hash names the text and nothing else."""
    first = library.operation("{ viewer { subject } }", None, ANYBODY)
    assert library.operation("{ viewer { subject } }", None, ANYBODY) is first
    assert first.hash == "sha256:" + hashlib.sha256(b"{ viewer { subject } }").hexdigest()
    assert library.operation("{ viewer { subject }}", None, ANYBODY).hash != first.hash


def test_the_operation_named_is_the_one_prepared(library: Documents) -> None:
    """Of several, one must be named, and only it decides what the request touches."""
    assert library.operation(TWO, "A", ANYBODY).touches_no_child
    assert not library.operation(TWO, "B", ANYBODY).touches_no_child
    for name in (None, "C"):
        with pytest.raises(InvalidDocument):
            library.operation(TWO, name, ANYBODY)


@pytest.mark.parametrize(
    ("query", "introspection", "childless"),
    [
        ("{ __typename }", True, True),
        (get_introspection_query(), True, True),
        ("{ __typename viewer { subject } }", False, True),
        ("{ _service { sdl } }", False, True),
        ("{ viewer { subject } ...f } fragment f on Query { child(number: 1) { __typename } }", False, False),
        ("{ ... @include(if: false) { child(number: 1) { number } } }", False, False),
        ("{ viewer: child(number: 1) { number } }", False, False),
    ],
)
def test_what_an_operation_touches_is_read_from_its_fields(
    library: Documents, query: str, introspection: bool, childless: bool
) -> None:
    """Aliases, fragments and directives hide no field."""
    operation = library.operation(query, None, ANYBODY)
    assert (operation.is_introspection, operation.touches_no_child) == (introspection, childless)


@pytest.mark.parametrize(
    "query",
    [
        "{ " + " ".join(f"child(number: {n}) {{ number }}" for n in range(120)) + " }",
        "{ child(number: 1) { ...f0 } } "
        + " ".join(f"fragment f{n} on Child {{ ...f{n + 1} ...f{n + 1} }}" for n in range(18))
        + " fragment f18 on Child { ...f18 }",
    ],
)
def test_documents_made_to_cost_are_refused(query: str) -> None:
    """CASES 35: conflicting arguments and doubling fragments end at a budget, even where no limit stops them."""
    with pytest.raises(LimitExceeded):
        whole_documents().operation(query, None, ANYBODY)
    with pytest.raises(InvalidDocument):
        whole_documents(limits=Limits(repeats=2**20, depth=2**60)).operation(query, None, ANYBODY)


def test_depth_is_bounded() -> None:
    """CASES 36: by name, before anything is resolved."""
    library = whole_documents(limits=Limits(depth=2))
    with pytest.raises(LimitExceeded) as refused:
        library.operation("{ child(number: 1) { name { family } } }", None, ANYBODY)
    assert refused.value.code == "LIMIT_DEPTH"


@pytest.mark.parametrize("below", range(0, 900, 50))
@pytest.mark.parametrize(
    "text",
    [
        "{ viewer { " + "... { " * 190 + "subject" + " }" * 190 + " } }",
        "{ children(numbers: " + "[" * 190 + "]" * 190 + ") { number } }",
    ],
)
def test_whatever_stack_is_left_a_deep_document_is_refused_or_run(library: Documents, below: int, text: str) -> None:
    """CASES 40: it stands wherever it is asked for, and an error of Python's own is nobody's answer."""

    def further_down(levels: int) -> None:
        if levels:
            further_down(levels - 1)
        else:
            with contextlib.suppress(InvalidDocument, LimitExceeded):
                library.operation(text, None, ANYBODY)

    further_down(below)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who sends ever new texts fills no memory."""
    monkeypatch.setattr(documents, "MOST_OBJECTS_KEPT", 250)
    library = whole_documents()
    for number in range(10):
        kept = library.operation(f"{{ a{number}: viewer {{ subject }} }}", None, ANYBODY)
        assert kept.objects == 3 * 8 + 20 * 2
    assert len(library._operations) == 3
    spread = "{ viewer { ...F } } fragment F on Viewer { subject organisation actingRole purpose }"
    assert library.operation(spread, None, ANYBODY).objects > 2 * kept.objects
    assert len(library._operations) == 2


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("{ viewer { subject } } #" + "x" * 33_000, "LIMIT_DOCUMENT"),
        (" ".join(f"query Q{n} {{ viewer {{ subject }} }}" for n in range(21)), "LIMIT_DEFINITIONS"),
        ("{ a: __schema { types { name } } b: __schema { types { name } } }", "LIMIT_INTROSPECTION"),
        ("{ __schema { a: types { name } b: types { name } } }", "LIMIT_INTROSPECTION"),
        ("{ __schema { ...f } } fragment f on __Schema { x: types { name } }", "LIMIT_INTROSPECTION"),
        ("{ a: _service { sdl } b: _service { sdl } }", "LIMIT_INTROSPECTION"),
    ],
)
def test_what_would_be_answered_many_times_over_is_refused(library: Documents, query: str, limit: str) -> None:
    """CASES 35, 36: long texts, many definitions, the whole schema again and again."""
    with pytest.raises(LimitExceeded) as refused:
        library.operation(query, "Q0" if "Q0" in query else None, ANYBODY)
    assert refused.value.code == limit
