"""Clairvoyance, which reads a schema out of what a server suggests to those who mistype: here, and where it can."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from graphql import (
    GraphQLSchema,
    build_schema,
    graphql_sync,
    is_input_object_type,
    is_introspection_type,
    is_object_type,
    print_schema,
)

from adapters.sandbox.personas import PERSONAS
from gateway.classes import CLASSES
from gateway.operations.documents import MOST_ERRORS  # two of which may be of something else than a word
from gateway.viewer import Role
from schema.built import graphql_schema
from tests.running import RunningGateway
from tests.scanners.installed import needs_scanners, run

pytestmark = needs_scanners

HERE = Path(__file__).parent

# What it writes as the one field of a type of which it knows none.
NOTHING = "dummy"

Fields = dict[str, set[str]]


def fields_of(schema: GraphQLSchema) -> Fields:
    """The names of every object's fields."""
    return {
        name: set(type_.fields)
        for name, type_ in schema.type_map.items()
        if is_object_type(type_) and not is_introspection_type(type_)
    }


def names_of(schema: GraphQLSchema) -> set[str]:
    """Whatever a document may call something by: fields, their arguments, and fields of what is handed in."""
    types = [type_ for type_ in schema.type_map.values() if not is_introspection_type(type_)]
    fields = {name: field for type_ in types if is_object_type(type_) for name, field in type_.fields.items()}
    inputs = {name for type_ in types if is_input_object_type(type_) for name in type_.fields}
    return {*fields, *inputs, *(argument for field in fields.values() for argument in field.args)}


def misspelt(names: set[str]) -> Iterator[str]:
    """Each name without one of its letters, and none that is a name itself: whoever makes a name of it was told."""
    for name in sorted(names):
        shortened = (name[:place] + name[place + 1 :] for place in range(len(name) // 2, len(name)))
        yield from [word for word in shortened if word and word not in names][:1]


async def recovered(url: str, words: set[str], folder: Path, at_once: int = 64, **headers: str) -> Fields:
    """The fields that it believes in after it has tried these words on the server, so many at once."""
    wordlist, found = folder / "words.txt", folder / "found.json"
    wordlist.write_text("\n".join(sorted(words)))
    said = [argument for name, value in headers.items() for argument in ("-H", f"{name.replace('_', '-')}: {value}")]
    arguments = ("-w", wordlist, "-o", found, "-c", "8", *said, url)
    printed = await run(folder, "python", HERE / "few_at_once.py", *arguments, WORDS_AT_ONCE=str(at_once))
    assert found.exists(), printed
    types = json.loads(found.read_text())["data"]["__schema"]["types"]
    believed = {one["name"]: {field["name"] for field in one.get("fields") or ()} - {NOTHING} for one in types}
    return {name: fields for name, fields in believed.items() if fields}


async def recovered_here(gateway: RunningGateway, persona: str, words: set[str], folder: Path) -> Fields:
    """The same of our gateway, as a persona with a good token."""
    return await recovered(
        f"{gateway.url}/graphql",
        words,
        folder,
        MOST_ERRORS - 2,
        Authorization=f"Bearer {gateway.token(persona)}",
        Contactpoint_Purpose=PERSONAS[persona].purposes[0],
        Contactpoint_Reason="a look for names",
    )


@pytest.fixture
async def suggesting() -> AsyncIterator[str]:
    """Where the practitioners' schema is served without data, and with suggestions, as graphql-core has them."""
    schema = build_schema(print_schema(CLASSES[Role.PRACTITIONER]))

    async def answer(request: web.Request) -> web.Response:
        text = (await request.json())["query"]
        return web.json_response((graphql_sync(schema, text)).formatted)

    app = web.Application()
    app.router.add_post("/graphql", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    finally:
        await runner.cleanup()


async def test_where_a_server_suggests_it_recovers_the_whole_schema(suggesting: str, tmp_path: Path) -> None:
    """CASES 39: its positive control: of words that are all misspelt it makes every field of every object."""
    words = set(misspelt(names_of(graphql_schema)))
    assert await recovered(suggesting, words, tmp_path) == fields_of(CLASSES[Role.PRACTITIONER])


@pytest.mark.parametrize("persona", ["teacher", "shield-officer"])
async def test_here_it_recovers_nothing(gateway: RunningGateway, tmp_path: Path, persona: str) -> None:
    """CASES 39: the same words, and not one field."""
    words = set(misspelt(names_of(graphql_schema)))
    assert await recovered_here(gateway, persona, words, tmp_path) == {}


@pytest.mark.parametrize("persona", ["analyst", "auditor"])
async def test_who_tries_the_very_names_is_told_of_their_own_classs(
    gateway: RunningGateway, tmp_path: Path, persona: str
) -> None:
    """CASES 21 and 39: of all the names that we have, those that introspection shows the role, and none besides."""
    [role] = [role for role in Role if role.value == PERSONAS[persona].acting_role]
    assert await recovered_here(gateway, persona, names_of(graphql_schema), tmp_path) == fields_of(CLASSES[role])
