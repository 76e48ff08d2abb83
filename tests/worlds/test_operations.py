"""What is asked of two worlds: endless, the same for a seed, mostly to be answered, and everything at some time."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

import msgspec
import pytest

from gateway.classes import CLASSES
from gateway.errors import LimitExceeded
from gateway.partners.publishing import Accepted
from gateway.purpose import PURPOSES
from gateway.viewer import Role
from resolvers.disclosure import Category
from tests.partners.texts import CMS, REGISTERED, judged
from tests.worlds.asking import CHILDREN, WORDS, dice, read, runs
from tests.worlds.operations import FOR_MANAGING, SHARES, Sent, operations
from tests.worlds.operations_published import document_of, texts_to_publish
from tests.worlds.operations_refused import refused

POOL: Final = 8
OWN: Final = SHARES._replace(introspection=0, refused=0)

every_role = pytest.mark.parametrize("role", Role, ids=lambda role: role.value)


def some(role: Role, count: int, seed: int = 1, **how: object) -> list[Sent]:
    stream: Iterator[Sent] = operations(CLASSES[role], WORDS, dice(seed), pool=POOL, **how)  # type: ignore[arg-type]  # as each test says
    return list(islice(stream, count))


@every_role
def test_what_is_written_can_be_run(role: Role) -> None:
    """No text of ours is invalid on the role's own schema; and hardly any asks for more than an operation may."""
    beyond = 0
    for sent in some(role, 100, shares=OWN):
        try:
            read(sent, role)
        except LimitExceeded:
            beyond += 1
    assert beyond <= 5


@every_role
def test_every_root_field_is_asked(role: Role) -> None:
    """Each that the role has, acts included, within four hundred operations."""
    schema = CLASSES[role]
    sent = some(role, 400, shares=OWN._replace(acts=0.1))
    asked = {name for one in sent for name in re.findall(r"\w+", one.text or "")}
    wanted = set(schema.query_type.fields if schema.query_type else ())
    wanted |= set(schema.mutation_type.fields if schema.mutation_type else ())
    assert wanted <= asked


def test_the_same_for_the_same_seed() -> None:
    """The same operations, to the last variable; and others for another seed."""
    assert some(Role.SHIELD_OFFICER, 200) == some(Role.SHIELD_OFFICER, 200)
    assert some(Role.SHIELD_OFFICER, 20) != some(Role.SHIELD_OFFICER, 20, seed=2)


def test_the_same_in_another_process() -> None:
    """Whatever order a process keeps its sets in: a seed repeats what was found by another."""
    script = "from tests.worlds.test_operations import told; print(told())"
    other = {**os.environ, "PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"}
    ran = subprocess.run([sys.executable, "-c", script], env=other, capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == told()


def told() -> str:
    """Some operations, in a word."""
    return hashlib.sha256(repr(some(Role.SHIELD_OFFICER, 100)).encode()).hexdigest()


def test_every_manner_of_writing() -> None:
    """Several of one field, a response key twice, fragments, conditions, defaults, lists of numbers of every kind."""
    sent = some(Role.PRACTITIONER, 600)
    texts = " ".join(one.text or "" for one in sent)
    for manner in (
        r"\{ child\(",
        r"\w+: child\(",
        r"\.\.\.F\d+",
        r"\.\.\. on Child \{",
        r"on _Entity ",
        r"\.\.\. \{",
        r"\.\.\. @include\(if: \$",
        r"@skip\(if: true\)",
        r"@skip\(if: \$",
        r"= \"",
        "__typename",
        "query Other",
        "__schema",
        "__type\\(",
    ):
        assert re.search(manner, texts), manner
    assert any(one.by_get for one in sent)
    assert {one.accept for one in sent} > {"application/json"}
    assert any(len(one.targets) > 5 for one in sent)
    assert any(one.operation_name for one in sent)


def test_the_hidden_and_the_unknown_are_asked_about() -> None:
    """Everybody in the vocabulary, and nobody; by a number, a key, a family's former name, a postcode."""
    sent = some(Role.PRACTITIONER, 600)
    assert {number for one in sent for number in one.targets} == {child.number for child in WORDS}
    said = " ".join(f"{one.text} {one.variables}" for one in sent)
    assert all(word in said for word in ("Gordon", "B7 2BB", "9990000007", "B801200005007", "Niemand"))


def test_root_fields_that_a_purpose_is_refused_are_asked_seldom() -> None:
    """An officer who does not manage shields would be refused by every second of its operations."""
    usual = Counter("shields(" in (one.text or "") for one in some(Role.SHIELD_OFFICER, 200))
    seldom = Counter("shields(" in (one.text or "") for one in some(Role.SHIELD_OFFICER, 200, seldom=FOR_MANAGING))
    assert seldom[True] < usual[True] / 4


def test_no_act_where_none_is_wanted() -> None:
    """Where an act would show what is hidden, and rightly."""
    sent = some(Role.SHIELD_OFFICER, 300, shares=SHARES._replace(acts=0, refused=0))
    assert not any((one.text or "").startswith("mutation") for one in sent)


def test_acts_name_those_alone_who_may_be_acted_on() -> None:
    """And nobodies, who are in neither world."""
    words = replace(WORDS, acted_on=(CHILDREN[0].number,))
    stream = operations(CLASSES[Role.SHIELD_OFFICER], words, dice(), shares=OWN._replace(acts=1), pool=POOL)
    acts = [one for one in islice(stream, 400) if "mutation" in (one.text or "")]
    named = {number for one in acts for number in one.targets}
    assert named == {CHILDREN[0].number, *(nobody.number for nobody in words.nobodies)}


@every_role
def test_what_is_to_be_refused_is(role: Role) -> None:
    """For every reason that there is, whatever the role."""
    chance = dice()
    for _ in range(100):
        one = refused(CLASSES[role], WORDS, chance)
        assert not runs(Sent(*one), role), one


def test_a_partner_may_publish_what_is_written_for_it() -> None:
    """Every text, by one that is registered for everything; and most of what it sends is one of them, by its id."""
    schema = CLASSES[Role.PARTNER]
    assert schema.query_type is not None
    everything = msgspec.structs.replace(
        REGISTERED,
        categories=frozenset(category.value for category in Category),
        roots=frozenset(schema.query_type.fields),
    )
    needing_it_all = replace(CMS, purposes=frozenset(purpose.value for purpose in PURPOSES[Role.PARTNER]))
    texts = texts_to_publish(schema, dice())
    assert len(set(texts)) == 40
    for text in texts:
        judgement = judged(text, partner=everything, organisation=needing_it_all)
        assert isinstance(judgement, Accepted), judgement
    by_id = {document_of(text).id: text for text in texts}
    sent = [one for one in some(Role.PARTNER, 300, documents=texts) if one.document_id in by_id]
    assert len(sent) > 200
    assert sum(runs(one, Role.PARTNER, by_id[one.document_id or ""]) for one in sent) > 0.95 * len(sent)
