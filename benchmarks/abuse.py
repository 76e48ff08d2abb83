"""Requests under 1 MB that cost as much as their limits let them: what each is, and its body. None is sent from here.

A body is made anew for every round, so that nothing kept of an earlier one helps.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from graphql import get_introspection_query

Body: TypeAlias = Callable[[int], bytes]

CAP: Final = 256 * 1024  # bytes that are read of a body, as settings have it
MEGABYTE: Final = 1_000_000
TOKENS: Final = 1_200  # of a document, as settings have it
CHARACTERS: Final = 32 * 1024


def sent(query: str, variables: Mapping[str, Any] | None = None) -> Body:
    """The query, each time with another comment in it: a text that nobody has seen."""

    def body(round_: int) -> bytes:
        return msgspec.json.encode({"query": f"#{round_}\n{query}", "variables": variables or {}})

    return body


def filled(size: int, before: bytes, piece: bytes, last: bytes, after: bytes) -> Body:
    """Bytes of that size at most, of one piece again and again."""
    times = (size - len(before) - len(last) - len(after)) // len(piece)
    text = before + piece * times + last + after
    return lambda _: text


def _times(count: int, field: Callable[[int], str]) -> str:
    return "{ " + " ".join(map(field, range(count))) + " }"


def _doubling(fragments: int) -> str:
    chain = " ".join(f"fragment f{n} on Child {{ ...f{n + 1} ...f{n + 1} }}" for n in range(fragments))
    return f"{{ child(number: 1) {{ ...f0 }} }} {chain} fragment f{fragments} on Child {{ number }}"


def _nested(beside: int, deep: int) -> str:
    one = "...on Child{" * deep + "number" + "}" * deep
    return "{ child(number: 1) { " + " ".join([one] * beside) + " } child(number: 2) { number } }"


def _conflicting(arguments: int) -> str:
    return _times(arguments, lambda n: f"child(number:{n}){{number}}")


# What stops each comes at once, or after all the work that there is.
DOCUMENTS: Final[Mapping[str, str]] = {
    "1,000 conflicting arguments": _conflicting(1_000),
    "49 conflicting arguments, as many as may be": _conflicting(49),
    "300 doubling fragments": _doubling(300),
    "18 doubling fragments": _doubling(18),
    "80 x 50 inline fragments": _nested(80, 50),
    "5 x 50 inline fragments": _nested(5, 50),
    "49 selections of one field, to be merged": _times(
        49, lambda _: "child(number:1){name{given}parents{name{given}}}"
    ),
    "1,190 fields that there are not": _times(TOKENS - 10, lambda n: f"x{n}"),
    "a literal of 390 members that there are not": (
        f"{{ findChildren(by: {_times(390, 'f{}:1'.format)}) {{ tooMany }} }}"
    ),
    "a literal list of 1,180 strings": "{ children(numbers: [%s]) { number } }" % ('"" ' * (TOKENS - 20)),
    "a literal of 390 members that anything may be": (
        f"{{ _entities(representations: [{_times(390, 'f{}:1'.format)}]) {{ __typename }} }}"
    ),
    "an enum of 1,180 words": '{ findChildren(by: {family: "", gender: [%s]}) { tooMany } }' % ("X " * (TOKENS - 20)),
    "170 variables, each used": (
        f"query({' '.join(f'$v{n}:ID!' for n in range(170))}) "
        f"{{ children(numbers: [{' '.join(f'$v{n}' for n in range(170))}]) {{ number }} }}"
    ),
    "16,000 comments": "#\n" * (CHARACTERS // 2 - 50) + "{ viewer { subject } }",
    "1,190 comments": "#\n" * (TOKENS - 10) + "{ viewer { subject } }",
    "32,000 commas": "," * (CHARACTERS - 50) + "{ viewer { subject } }",
    "a block text of 32,000 lines": '{ child(number: """%s""") { number } }' % ("\n" * (CHARACTERS - 100)),
    "a text of 16,000 escapes": '{ child(number: "%s") { number } }' % ("\\n" * (CHARACTERS // 2 - 50)),
    "200 levels of a literal": "{ _entities(representations: %s) { __typename } }"
    % ("[" * 190 + "1 " * 800 + "]" * 190),
    "18 fragments nobody spreads, each of 49 fields": "{ viewer { subject } } "
    + " ".join(f"fragment F{n} on Viewer {{ {'subject ' * 49} }}" for n in range(18)),
    "the whole schema": get_introspection_query(input_value_deprecation=True),
    "the schema's text": "{ _service { sdl } }",
}


def _bodies(size: int, named: str) -> Mapping[str, Body]:
    query = b'{"query":"{ viewer { subject } }","variables":'
    kinds: Sequence[tuple[str, bytes, bytes, bytes, bytes]] = (
        ("a query of blanks", b'{"query":"', b" ", b"", b'{ viewer { subject } }"}'),
        ("a query of escapes", b'{"query":"', b"\\u0020", b"", b'{ viewer { subject } }"}'),
        ("a variable of one text", query + b'{"x":"', b"x", b"", b'"}}'),
        ("empty objects", query + b'{"x":[', b"{},", b"{}", b"]}}"),
        ("empty lists", query + b'{"x":[', b"[],", b"[]", b"]}}"),
        ("numbers", query + b'{"x":[', b"1,", b"1", b"]}}"),
        ("numbers that are written otherwise", query + b'{"x":[', b"1e1,", b"1", b"]}}"),
        ("long fractions", query + b'{"x":[', b"0." + b"9" * 700 + b"1e-300,", b"1", b"]}}"),
        ("one number", query + b'{"x":', b"9", b"", b"}}"),
        ("a member again and again", query + b"{", b'"x":1,', b'"x":1', b"}}"),
        ("what nobody asks for", b'{"y":[', b'{"x":-0},', b"{}", b'],"query":"{ viewer { subject } }"}'),
        ("lists within lists", query + b'{"x":', b"[", b"", b""),
    )
    bodies = {f"{named} of {what}": filled(size, *parts) for what, *parts in kinds}
    members = b",".join(b'"x%d":1' % n for n in range(size // 12))
    return bodies | {f"{named} of members": lambda _: query + b"{" + members + b"}}"}


def _variables() -> Mapping[str, Body]:
    numbers = "query($n: [ID!]!) { children(numbers: $n) { number } }"
    criteria = "query($by: ChildCriteria!) { findChildren(by: $by) { tooMany } }"
    entities = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Child { number } } }"
    return {
        "2,000 variables that do not fit": sent(numbers, {"n": [1.5] * 1_998}),
        "a variable of 2,000 members that there are not": sent(criteria, {"by": {f"x{n}": n for n in range(1_998)}}),
        "100 representations of 18 members": sent(
            entities, {"r": [{f"x{n}": str(n) for n in range(18)} for _ in range(100)]}
        ),
        "1,999 texts of 120 characters": sent(numbers, {"n": ["x" * 120] * 1_999}),
    }


def abusive() -> Mapping[str, Body]:
    """All of them, by what they are."""
    return {
        **{what: sent(text) for what, text in DOCUMENTS.items()},
        **_variables(),
        **_bodies(CAP, "a body as large as is read,"),
        **_bodies(MEGABYTE, "a body of 1 MB,"),
    }
