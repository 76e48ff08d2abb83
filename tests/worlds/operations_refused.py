"""What is refused, for every reason that there is, and what asks of the schema alone.

Even of these answers nothing may depend on what is hidden.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import GraphQLObjectType, GraphQLSchema, get_introspection_query

from gateway.operations.limits import Limits
from schema.built import graphql_schema
from tests.worlds.vocabulary import Vocabulary

LIMITS: Final = Limits()


class Refused(NamedTuple):
    """An operation that is to be refused; its name is what the request says."""

    text: str
    variables: Mapping[str, Any] = {}
    operation_name: str | None = None


def introspection(rng: random.Random) -> str:
    """A question about the schema alone: also about types and fields that the role has not."""
    if rng.random() < 0.1:
        return get_introspection_query(descriptions=rng.random() < 0.5)
    name = rng.choice(sorted(graphql_schema.type_map))
    return rng.choice(
        (
            f'{{ __type(name: "{name}") {{ name kind fields {{ name type {{ name ofType {{ name }} }} }} }} }}',
            f'{{ __type(name: "{name}") {{ enumValues {{ name }} inputFields {{ name }} possibleTypes {{ name }} }} }}',
            "{ __schema { queryType { name fields { name args { name } } } mutationType { fields { name } } } }",
            "{ __schema { types { name } directives { name locations } } }",
            "{ __typename }",
            "{}",
        )
    )


def unknown_id(rng: random.Random) -> str:
    """Of a document that nobody has published."""
    return rng.choice((f"sha256:{rng.randbytes(32).hex()}", rng.randbytes(32).hex(), "", "sha256:", "x"))


_Maker: TypeAlias = Callable[[GraphQLSchema, str, random.Random], Refused]


def refused(schema: GraphQLSchema, vocabulary: Vocabulary, rng: random.Random) -> Refused:
    """One of them, about somebody of these worlds where it is about anybody."""
    number = rng.choice(tuple(vocabulary)).number
    return rng.choice(_MAKERS)(schema, number, rng)


def _another_roles_field(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    """A root field that other roles have; on the schema of a role that has all, one that nobody has."""
    assert schema.query_type is not None
    assert graphql_schema.query_type is not None
    others = sorted(graphql_schema.query_type.fields.keys() - schema.query_type.fields.keys())
    return Refused(f"{{ {rng.choice(others or ['childs'])} {{ __typename }} }}")


def _unknown_field(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    """A field that no type of ours has, or that this role's has not."""
    types = [one for one in schema.type_map.values() if isinstance(one, GraphQLObjectType)]
    assert schema.query_type is not None
    name = rng.choice(("formerName", "adress", "school", "nhsNumber", "secret", rng.choice(types).name))
    return Refused(_about(schema, number, name))


def _number_of_another_type(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    wrong = rng.choice((None, True, 1.5, [number], {"number": number}))
    return Refused("query($n: ID!) { " + _root(schema, "$n") + " }", {"n": wrong})


def _variable_left_out(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused("query($n: ID!) { " + _root(schema, "$n") + " }", {"m": number})


def _variable_unknown(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused("{ " + _root(schema, "$n") + " }", {"n": number})


def _argument_unknown(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused(f'{{ viewer(number: "{number}") {{ subject }} }}')


def _no_such_operation(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused("query One { __typename } query Two { __typename }", {}, rng.choice((None, "Three", number)))


def _no_operation(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused(rng.choice(("", "{", "# nothing", "query {", f'{{ child(number: "{number}) {{ number }} }}')))


def _mutation_unknown(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused(f'mutation {{ unseal(number: "{number}") {{ state }} }}')


def _subscription(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused(f'subscription {{ child(number: "{number}") {{ number }} }}')


def _fragment_round(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")


def _too_deep(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    below = "{ __typename }"
    for _ in range(LIMITS.depth + 1):
        below = f"{{ viewer {below} }}"
    return Refused(below)


def _too_many_aliases(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    aliases = " ".join(f"n{serial}: {_root(schema, _quoted(number))}" for serial in range(LIMITS.aliases + 1))
    return Refused(f"{{ {aliases} }}")


def _too_many_repeats(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused(f"{{ viewer {{ {'subject ' * (LIMITS.repeats + 1)}}} }}")


def _too_many_directives(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    return Refused("{ viewer { subject " + "@include(if: true) " * (LIMITS.directives + 1) + "} }")


def _too_many_children(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    variables = {"numbers": [number] * (LIMITS.children + 1)}
    return Refused("query($numbers: [ID!]!) { children(numbers: $numbers) { number } }", variables)


def _conflicting(schema: GraphQLSchema, number: str, rng: random.Random) -> Refused:
    """One response key for two children."""
    return Refused(f"{{ {_root(schema, _quoted(number))} {_root(schema, _quoted('ZZZZZZZZZ000P'))} }}")


def _about(schema: GraphQLSchema, number: str, field: str) -> str:
    root = _root(schema, _quoted(number))
    return f"{{ {root.replace('__typename', field)} }}"


def _root(schema: GraphQLSchema, number: str) -> str:
    """A field by number that the role has, or the one that all of them have."""
    assert schema.query_type is not None
    for root in ("child", "accesses"):
        if root in schema.query_type.fields:
            return f"{root}(number: {number}) {{ __typename }}"
    return f"statistics(by: [], month: {number}) {{ __typename }}"


def _quoted(text: str) -> str:
    return f'"{text}"'


_MAKERS: Final[Sequence[_Maker]] = (
    _another_roles_field,
    _unknown_field,
    _number_of_another_type,
    _variable_left_out,
    _variable_unknown,
    _argument_unknown,
    _no_such_operation,
    _no_operation,
    _mutation_unknown,
    _subscription,
    _fragment_round,
    _too_deep,
    _too_many_aliases,
    _too_many_repeats,
    _too_many_directives,
    _too_many_children,
    _conflicting,
)
