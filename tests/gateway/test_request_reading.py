"""What is read of a body is what any reader would read, or nothing: against a plainer twin."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.reading import DEEPEST, object_in

NAMES = st.sampled_from(["a", "b", "\u00e9", "", '"', "\\", "\u2028", "\U0001f600"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object as its pairs, some of which may have one name."""
    return st.lists(st.tuples(NAMES, values), max_size=4).map(lambda some: ("object", some))


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(pairs(inner), st.lists(inner, max_size=4)), max_leaves=12)


def written(value: Any, dice: st.DataObject) -> str:
    """JSON of it, spelt in one of the ways there are."""
    space = dice.draw(st.sampled_from(["", "", " ", "\n\t"]))
    match value:
        case ("object", some):
            members = (f"{space}{written(name, dice)}{space}:{written(one, dice)}" for name, one in some)
            return f"{{{','.join(members)}{space}}}"
        case list():
            return f"[{','.join(written(one, dice) for one in value)}{space}]"
        case str():
            return json.dumps(value, ensure_ascii=dice.draw(st.booleans()))
        case _:
            return json.dumps(value)


def twice(value: Any) -> bool:
    match value:
        case ("object", some):
            names = [name for name, _ in some]
            return len(set(names)) < len(names) or any(twice(one) for _, one in some)
        case list():
            return any(map(twice, value))
        case _:
            return False


@given(pairs(VALUES), st.data())
def test_an_object_is_read_unless_it_names_a_member_twice(value: Any, dice: st.DataObject) -> None:
    """P: at any depth, however it is spelt; and as Python's own reader reads it."""
    text = written(value, dice)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which no text of UTF-8 holds
        return
    if "\\ud" in text and _unpaired(text):
        return
    if twice(value):
        with pytest.raises(BadRequest):
            object_in(text.encode(), "")
    else:
        assert object_in(text.encode(), "") == json.loads(text)


def _unpaired(text: str) -> bool:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


@given(st.binary())
def test_whatever_bytes_come_they_are_read_or_refused(text: bytes) -> None:
    """P: and nothing else happens."""
    with suppress(BadRequest):
        assert object_in(text, "") == json.loads(text.decode())


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_it_is_read_to_a_depth(opened: str, closed: str) -> None:
    """The last that is allowed, and one more."""
    for levels in (DEEPEST - 1, DEEPEST):
        inner = "1" if opened != "[" else ""
        text = f'{{"x":{opened * levels}{inner}{closed * levels}}}'.encode()
        if levels < DEEPEST:
            assert object_in(text, "")
        else:
            with pytest.raises(BadRequest):
                object_in(text, "")
