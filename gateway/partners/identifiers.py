"""Finds what a published text must not hold: an identifier of a child, written into it where a variable belongs.

A published text is kept, listed and shown; an identifier in it would be looked up by everybody who sends it. Found are
accidents. Whoever wants to hide a number from us in a text of their own can.
"""

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLSchema,
    IntValueNode,
    Node,
    ObjectValueNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    VisitorAction,
    get_named_type,
    visit,
)
from graphql.language import get_location
from stdnum.gb import nhs, upn

from adapters.number import BadNumber, parse_number

# Literals of these types say how much, or whether; those of an enum, which of a few.
HARMLESS: Final = frozenset({"Boolean", "Int", "Float"})

# What is written into these says who, whatever its type: a birth year, a gender.
WHO: Final = frozenset({"ChildKey", "ChildCriteria", "_Any"})

NUMBER: Final = 13  # characters of a ContactPoint number, and of a UPN
NHS_NUMBER: Final = 10

_WORD: Final = re.compile("[0-9A-Za-z]+")
_PARTED: Final = re.compile(r"[ \t_\u2010-\u2015\u2212-]+")  # how people part what is hard to read
_UPN: Final = re.compile("[A-Z][0-9]{11}[0-9A-Z]")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text holds what it must not, from 1 on, and what that is; never the identifier itself."""

    line: int
    column: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.what}"


def literal_identifiers(document: DocumentNode, schema: GraphQLSchema) -> tuple[Found, ...]:
    """What a parsed text holds that a variable must bring, or that looks like an identifier; none as a rule."""
    type_info = TypeInfo(schema)
    saying_who = _SayingWho(type_info)
    visit(document, TypeInfoVisitor(type_info, saying_who))
    literals = _Literals(type_info, saying_who.variables)
    visit(document, TypeInfoVisitor(type_info, literals))
    text = document.loc.source.body if document.loc else ""
    found = {*literals.found, *_alike(text)}
    return tuple(sorted(found, key=lambda one: (one.line, one.column, one.what)))


class _Within(Visitor):
    """Knows whether the value it is at is part of one that says who."""

    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self.types = type_info
        self.who: list[Node] = []  # the nodes we are in that say so

    def leave(self, node: Node, *_: Any) -> VisitorAction:
        if self.who and self.who[-1] is node:
            self.who.pop()
        return None

    def type_name(self) -> str | None:
        """The name of the type that stands here."""
        type_ = get_named_type(self.types.get_input_type())
        return type_.name if type_ else None


class _SayingWho(_Within):
    """Finds the variables that bring a part of who is asked for: a default of theirs would be written into the text."""

    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__(type_info)
        self.variables: set[str] = set()

    def enter(self, node: Node, *_: Any) -> VisitorAction:
        match node:
            case ObjectValueNode() if self.type_name() in WHO:
                self.who.append(node)
            case VariableNode(name=name) if self.who:
                self.variables.add(name.value)
            case _:
                pass
        return None


class _Literals(_Within):
    """Finds values written into the text, by the type they stand for: defaults and directives' arguments too."""

    def __init__(self, type_info: TypeInfo, saying_who: AbstractSet[str]) -> None:
        super().__init__(type_info)
        self._saying_who = saying_who
        self.found: list[Found] = []

    def enter(self, node: Node, key: str | int | None, *_: Any) -> VisitorAction:
        match node:
            case VariableDefinitionNode(variable=variable) if variable.name.value in self._saying_who:
                self.who.append(node)
            case StringValueNode(value=text) if key == "description":
                for one in _alike(text):
                    self._find(node, one.what)
            case ObjectValueNode() if self.type_name() in WHO:
                self.who.append(node)
            case IntValueNode() | FloatValueNode() | StringValueNode() | BooleanValueNode() | EnumValueNode():
                if self.who:
                    self._find(node, "who is asked for is written into the text: bring it in a variable")
                elif not self._is_harmless():
                    self._find(node, "a value is written into the text: bring it in a variable")
            case _:
                pass
        return None

    def _is_harmless(self) -> bool:
        type_ = get_named_type(self.types.get_input_type())
        return isinstance(type_, GraphQLEnumType) or (type_ is not None and type_.name in HARMLESS)

    def _find(self, node: Node, what: str) -> None:
        assert node.loc is not None  # noqa: S101 - what is parsed has its place
        place = get_location(node.loc.source, node.loc.start)
        self.found.append(Found(place.line, place.column, what))


def _alike(text: str) -> Iterator[Found]:
    """What looks like an identifier anywhere in the text: values, names, comments."""
    for line, written in enumerate(re.split("\r\n|\n|\r", text), start=1):
        for chain in _chains(unicodedata.normalize("NFKC", written)):
            for column, what in chain.identifiers():
                yield Found(line, column, f"this looks like {what}: take it out, or call it otherwise")


@dataclass(slots=True)
class _Chain:
    """Words of a line that nothing but spaces, hyphens and underscores part: together they may spell a number.

    Places are counted without what parts them.
    """

    column: list[int]  # of each character
    joined: str = ""
    parted: dict[int, str] = field(default_factory=dict)  # by what, where a word begins

    def add(self, match: re.Match[str], parted_by: str) -> None:
        if self.joined:
            self.parted[len(self.joined)] = parted_by
        self.joined += match.group()
        self.column += range(match.start() + 1, match.end() + 1)

    def identifiers(self) -> Iterator[tuple[int, str]]:
        """Each with its column."""
        for place in range(len(self.joined)):
            part = self.joined[place : place + NHS_NUMBER]
            if len(part) == NHS_NUMBER and part.isdigit() and len(set(part)) > 1 and nhs.is_valid(part):
                yield self.column[place], "an NHS number"
            part = self.joined[place : place + NUMBER].upper()
            if len(part) < NUMBER:
                continue
            if _UPN.fullmatch(part) and _check_letter_fits(part):
                yield self.column[place], "a unique pupil number"
            elif self._might_be_number(place) and _is_number(part):
                yield self.column[place], "a ContactPoint number"

    def _might_be_number(self, place: int) -> bool:
        """Every thirty-sixth word that could be one is one by chance: so what is plainly words is none."""
        end = place + NUMBER
        begins = place == 0 or place in self.parted
        ends = end == len(self.joined) or end in self.parted
        inner = [by for at, by in self.parted.items() if place < at < end]
        part = self.joined[place:end]
        if not part.isalpha():
            return begins or ends or not inner
        return begins and ends and (part.isupper() or not any(by.isspace() for by in inner))


def _chains(line: str) -> Iterator[_Chain]:
    chain, end = _Chain([]), 0
    for match in _WORD.finditer(line):
        if chain.joined and not _PARTED.fullmatch(line, end, match.start()):
            yield chain
            chain = _Chain([])
        chain.add(match, line[end : match.start()])
        end = match.end()
    yield chain


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except BadNumber:
        return False
    return True


def _check_letter_fits(text: str) -> bool:
    # Not `upn.is_valid`: it knows the authorities of 2011 alone.
    try:
        return bool(upn.calc_check_digit(text[1:]) == text[0])
    except ValueError:
        return False  # a letter that no UPN has
