"""What introspection, SDL and validation tell is the asker's class's own schema, and the same for all of the class."""

import json
from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, lexicographic_sort_schema, print_schema

from adapters.sandbox.personas import PERSONAS
from gateway.classes import CLASSES
from gateway.viewer import Role
from schema.masks import FEDERATION, printed
from tests.running import Reply, RunningGateway

INTROSPECTION = get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, schema_description=True, one_of=True
)
BY_PERSONA = pytest.mark.parametrize("persona", sorted(PERSONAS))


async def introspected(gateway: RunningGateway, viewer: str, **how: Any) -> Reply:
    reply = await gateway.ask(INTROSPECTION, viewer=viewer, **how)
    assert reply.status == 200
    assert "errors" not in reply.body
    return reply


def role_of(persona: str) -> Role:
    return Role(PERSONAS[persona].acting_role)


def told(reply: Reply) -> str:
    return print_schema(lexicographic_sort_schema(build_client_schema(reply.data)))


@BY_PERSONA
async def test_everybody_is_told_their_classs_schema(gateway: RunningGateway, persona: str) -> None:
    """CASES 21: types, fields, arguments and descriptions of the class, and of nothing else."""
    reply = await introspected(gateway, persona, headers={"Contactpoint-Reason": "a look at the types"})
    text = printed(CLASSES[role_of(persona)]).removeprefix(f"{FEDERATION}\n\n").replace(' @key(fields: "number")', "")
    assert told(reply) + "\n" == text


async def test_analyst_practitioner_and_partner_are_told_three_schemas(gateway: RunningGateway) -> None:
    """CASES 21: what one may use is not in what another is shown."""
    analyst, practitioner, partner = [
        told(await introspected(gateway, viewer)) for viewer in ("analyst", "teacher", "partner-cms")
    ]
    assert "statistics" in analyst
    assert "type Child " not in analyst
    assert "overrideShield" in practitioner
    assert "statistics" not in practitioner
    assert "type Child " in partner
    assert "Mutation" not in partner


@pytest.mark.parametrize(
    ("one", "another"),
    [("teacher", "social-worker"), ("gp", "teacher"), ("shield-officer", "shield-officer-elsewhere")],
)
async def test_it_is_the_same_bytes_for_all_of_a_class(gateway: RunningGateway, one: str, another: str) -> None:
    """CASES 21: neither scopes, nor organisation, nor purpose, nor authority can be read from a schema."""
    first, second = await introspected(gateway, one), await introspected(gateway, another)
    assert json.dumps(first.body) == json.dumps(second.body)


async def test_scopes_and_purposes_change_nothing_in_it(gateway: RunningGateway) -> None:
    """CASES 21: the same person with a poorer token, and for another reason."""
    whole = await introspected(gateway, "shield-officer")
    poorer = gateway.issuer.mint("shield-officer", scope="")
    bare = await introspected(
        gateway, "shield-officer", purpose="SAFEGUARDING", headers={"Authorization": f"Bearer {poorer}"}
    )
    assert json.dumps(whole.body) == json.dumps(bare.body)


@pytest.mark.parametrize("persona", ["teacher", "gp", "shield-officer"])
async def test_a_federated_gateways_schema_is_its_classs(gateway: RunningGateway, persona: str) -> None:
    """CASES 21: `_service` is no way round introspection."""
    reply = await gateway.ask("{ _service { sdl } }", viewer=persona)
    assert reply.data["_service"]["sdl"] == printed(CLASSES[role_of(persona)])


@pytest.mark.parametrize(
    ("persona", "query", "unknown"),
    [
        ("teacher", "{ shields { hasNextPage } }", "shields"),
        ("teacher", "{ shield { hasNextPage } }", "shield"),
        ("analyst", '{ child(number: "x") { number } }', "child"),
        ("auditor", "{ _service { sdl } }", "_service"),
        ("steward", '{ child(number: "x") { address { postcode } } }', "address"),
        ("teacher", '{ __type(name: "ShieldCase") { name } viewer { role } }', "role"),
    ],
)
async def test_what_is_hidden_is_as_what_never_was(
    gateway: RunningGateway, persona: str, query: str, unknown: str
) -> None:
    """CASES 21 and 39: one message for a hidden word and for one that nobody wrote, with nothing suggested."""
    reply = await gateway.ask(query, viewer=persona, headers={"Contactpoint-Reason": "a look at the types"})
    [error] = reply.body["errors"]
    assert error["message"].startswith(f"Cannot query field '{unknown}' on type '")
    assert "Did you mean" not in error["message"]
    assert gateway.calls == dict.fromkeys(gateway.calls, 0)


@pytest.mark.parametrize("name", ["ShieldCase", "Category", "Nothing"])
async def test_a_hidden_type_is_null_as_an_unknown_one(gateway: RunningGateway, name: str) -> None:
    """CASES 21: asked for by name, a type that others may use is no type."""
    reply = await gateway.ask("query($name: String!) { __type(name: $name) { name } }", {"name": name})
    assert reply.body == {"data": {"__type": None}}
