"""Schemathesis: hundreds of operations, right ones and wrong ones, made from the schema that a role is shown."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import GraphQLError, build_schema, parse, validate

from adapters.sandbox.personas import PERSONAS
from adapters.sandbox.population import NOTABLE, child_at
from gateway.classes import CLASSES
from gateway.viewer import Role
from tests.running import RunningGateway
from tests.scanners.conforming import misfits
from tests.scanners.installed import needs_scanners, run

EXAMPLES = int(os.environ.get("SCAN_EXAMPLES", "15"))  # of every root field
JSON = "application/json; charset=utf-8"

# What a caller's mistake is called, and an agency's slowness. That we failed is none of these.
MISTAKES = {"BAD_ACT", "BAD_CRITERIA", "BAD_CURSOR", "BAD_NUMBER", "BAD_REASON", "FORBIDDEN", "AGENCY_UNAVAILABLE"}


class Exchange(NamedTuple):
    """One operation as it was sent, and what came back."""

    text: str
    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def codes(self) -> set[str]:
        return {error["extensions"]["code"] for error in self.body.get("errors", []) if "extensions" in error}


async def scanned(gateway: RunningGateway, persona: str, folder: Path) -> list[Exchange]:
    """All that it sent as the persona, and what came back. To it any error is a failure: its judgement is not read."""
    said = {
        "Authorization": f"Bearer {gateway.token(persona)}",
        "Contactpoint-Purpose": PERSONAS[persona].purposes[0],
        "Contactpoint-Reason": "an audit of the protocol",
    }
    headers = [argument for name, value in said.items() for argument in ("-H", f"{name}: {value}")]
    report = folder / "exchanges.har"
    printed = await run(
        folder,
        "st",
        *("run", f"{gateway.url}/graphql", *headers),
        *("--max-examples", str(EXAMPLES), "--seed", "1", "--no-shrink", "--continue-on-failure"),
        *("--report", "har", "--report-har-path", report),
        PYTHONPATH=str(Path(__file__).parent),
        SCHEMATHESIS_HOOKS="aims",
        NUMBERS=" ".join(child_at(place).number for place in NOTABLE.values()),
    )
    assert report.exists(), printed
    return [exchange(entry) for entry in json.loads(report.read_text())["log"]["entries"]]


def exchange(entry: dict[str, Any]) -> Exchange:
    answer = entry["response"]
    return Exchange(
        json.loads(entry["request"]["postData"]["text"])["query"],
        answer["status"],
        {header["name"].lower(): header["value"] for header in answer["headers"]},
        json.loads(answer["content"]["text"]),
    )


@needs_scanners
@pytest.mark.parametrize("persona", ["teacher", "social-worker", "shield-officer", "steward", "analyst", "auditor"])
async def test_whatever_is_asked_is_answered_as_the_schema_says(
    gateway: RunningGateway, tmp_path: Path, persona: str
) -> None:
    """No 5xx, JSON that says so and is kept by nobody, a record of each, data of the types asked for, known codes."""
    schema = CLASSES[Role(PERSONAS[persona].acting_role)]
    seen = await scanned(gateway, persona, tmp_path)
    for one in seen:
        assert one.status == (400 if any(code.startswith("LIMIT_") for code in one.codes) else 200), one
        assert (one.headers["content-type"], one.headers["cache-control"]) == (JSON, "no-store"), one
        assert one.headers["contactpoint-record"], one
        assert {code for code in one.codes if not code.startswith("LIMIT_")} <= MISTAKES, one
        assert one.body.get("data") or one.body["errors"], one
        assert misfits(schema, parse(one.text), one.body.get("data")) == [], one
    assert len(seen) >= EXAMPLES
    assert [one for one in seen if one.body.get("data")], "nothing was answered: it has asked of nobody"


@needs_scanners
async def test_a_partner_is_refused_whatever_it_has_not_published(gateway: RunningGateway, tmp_path: Path) -> None:
    """Not one text of hundreds runs: a wrong one is told what is wrong with it, and a right one is forbidden."""
    seen = await scanned(gateway, "partner-cms", tmp_path)
    assert len(seen) >= EXAMPLES
    assert [one for one in seen if "data" in one.body] == []
    for one in seen:
        mistaken = validate(CLASSES[Role.PARTNER], parse(one.text))
        assert (one.status, one.codes) == ((200, set()) if mistaken else (403, {"FORBIDDEN"})), one


@pytest.mark.parametrize(
    ("text", "data", "wrong"),
    [
        ("{ a b }", {"a": "x", "b": None}, []),
        ("{ a }", {"a": None}, ["data.a"]),
        ("{ a }", {"a": "x", "b": 1}, ["data"]),
        ("{ a b }", {"b": 1, "a": "x"}, ["data"]),
        ("{ b }", {"b": True}, ["data.b"]),
        ("{ many { a } }", {"many": [{"a": "x"}, None, {"a": 1}]}, ["data.many.2.a"]),
        ("{ one: many { a } }", {"many": []}, ["data"]),
        ("{ kind __typename }", {"kind": "OTHER", "__typename": "Query"}, ["data.kind"]),
    ],
)
def test_what_does_not_fit_is_found(text: str, data: dict[str, Any], wrong: list[str]) -> None:
    """The reader of answers: nulls where there may be none, other types, fields too many, too few or out of order."""
    schema = build_schema("enum Kind { ONE } type Query { a: ID! b: Int many: [Query] kind: Kind }")
    assert validate(schema, parse(text)) == list[GraphQLError]()
    assert misfits(schema, parse(text), data) == wrong
