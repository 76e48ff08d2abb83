"""Every scenario that people from the field wrote down, held against the policy."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.purpose import Purpose
from gateway.shield.policy import decide
from gateway.viewer import Role
from resolvers.disclosure import Category
from tests.builders import ELSEWHERE, HERE, a_child, a_viewer

SCENARIOS = [
    pytest.param(scenario, id=scenario["because"])
    for file in sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))
    for scenario in yaml.safe_load(file.read_text())
]

AUTHORITIES = {"here": HERE, "elsewhere": ELSEWHERE, "unknown": None}
VIEWERS_PRINT, ANOTHERS_PRINT = b"v" * 16, b"a" * 16


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_viewer_sees_exactly_what_the_scenario_says(scenario: dict[str, Any]) -> None:
    """The categories shown are those written down: none more, none fewer."""
    viewer = _viewer(**scenario["viewer"])
    decided = decide(viewer, Purpose(scenario["purpose"]), _child(**scenario["child"]))
    expected = {"none": None, "everything": set(Category)}.get(str(scenario["sees"]))
    if isinstance(scenario["sees"], list):
        expected = {Category(name) for name in scenario["sees"]}
    assert (None if decided is None else set(decided.shown)) == expected


def _viewer(role: str, authority: str = "here", categories: list[str] | None = None, **given: str) -> Any:
    registered = None if categories is None else frozenset(map(Category, categories))
    return a_viewer(
        Role(role), authority=AUTHORITIES[authority], prints=(VIEWERS_PRINT,), categories=registered, **given
    )


def _child(
    tier: str,
    withheld: tuple[str, ...] = (),
    circle: dict[str, list[str]] | None = None,
    authority: str = "here",
    held: bool = False,
    overridden: bool = False,
    unconfirmed: str | None = None,
    own: bool = False,
) -> Any:
    child = a_child().related_to(ANOTHERS_PRINT, *([VIEWERS_PRINT] if own else [])).of(AUTHORITIES[authority])
    child = {"OPEN": child, "SHIELDED": child.shielded(*withheld), "SEALED": child.sealed()}[tier]
    child = child.held() if held else child
    for organisation, categories in (circle or {}).items():
        child = child.with_circle(organisation, *categories)
    if unconfirmed is not None:
        child = child.raised_by(a_viewer(subject=unconfirmed))
    return (child.overridden_by(a_viewer()) if overridden else child).build()
