"""Whoever changes the ledger is found out by somebody who has nothing of theirs but the bytes and a checkpoint."""

from collections.abc import Iterable, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.checkpoint_format import (
    NO_CHECKPOINT,
    Checkpoint,
    CheckpointUnreadable,
    Head,
    Signed,
    read_checkpoint,
    sign,
)
from gateway.audit.record_format import NO_LINK, Record, link
from gateway.audit.verify import Finding, Kind, Verifier, heads_seen, verify_checkpoints
from tests.audit.chains import KEY, written

OURS = Ed25519PrivateKey.generate()
SOMEBODYS = Ed25519PrivateKey.generate()

Chains = list[list[Record]]


def chains(longest: int = 150) -> st.SearchStrategy[Chains]:
    """Several writers' chains, none empty."""
    lengths = st.lists(st.integers(1, longest), min_size=1, max_size=4)
    return lengths.map(lambda sizes: [written(n, [b"%d" % i for i in range(s)]) for n, s in enumerate(sizes, start=1)])


def heads(of: Chains) -> list[Head]:
    return [Head(chain[-1].chain, chain[-1].position, chain[-1].link) for chain in of]


def found(
    read: Iterable[Sequence[Record]], ends: Iterable[Head], seen: Iterable[Head] = (), at_once: int = 50
) -> list[Finding]:
    """What a verifier says of these chains, given so many records at a time."""
    verifier = Verifier(keys={KEY}, starts={}, ends=ends, seen=seen)
    everything = [record for chain in read for record in chain]
    findings = []
    for n in range(0, len(everything), at_once):
        findings += verifier.take(everything[n : n + at_once])
    return [*findings, *verifier.finish()]


@given(chains(), st.integers(1, 200))
def test_nothing_is_found_in_what_writers_wrote(of: Chains, at_once: int) -> None:
    """However many come at a time."""
    assert found(of, heads(of), heads(of), at_once) == []


@given(st.data())
def test_a_changed_record_is_named_by_its_place(data: st.DataObject) -> None:
    """Whichever part of it was changed, and nothing else is said to be wrong."""
    of = data.draw(chains())
    chain = data.draw(st.sampled_from(of))
    at = data.draw(st.integers(0, len(chain) - 1))
    part = data.draw(st.sampled_from(["at", "reference", "viewer", "children", "sealed"]))
    was = chain[at]
    chain[at] = was._replace(**{part: was.at + 1 if part == "at" else b"?" * 16})
    assert [(f.kind, f.chain, f.position) for f in found(of, heads(of))] == [(Kind.FLIPPED, was.chain, at + 1)]


@given(st.data())
def test_records_that_are_gone_are_named(data: st.DataObject) -> None:
    """From the first to the last of them."""
    of = data.draw(chains().filter(lambda of: len(of[0]) > 2))
    first = data.draw(st.integers(1, len(of[0]) - 2))
    last = data.draw(st.integers(first, len(of[0]) - 2))
    ends = heads(of)
    del of[0][first : last + 1]
    [finding] = found(of, ends)
    assert (finding.kind, finding.chain, finding.position) == (Kind.MISSING, 1, first + 1)
    assert f"{first + 1} to {last + 1}" in finding.words


@given(st.data())
def test_records_that_changed_places_are_named(data: st.DataObject) -> None:
    """Each with the place it was taken to."""
    of = data.draw(chains().filter(lambda of: len(of[0]) > 1))
    chain = of[0]
    one = data.draw(st.integers(0, len(chain) - 2))
    other = data.draw(st.integers(one + 1, min(len(chain) - 1, one + 60)))
    ends = heads(of)
    first, second = chain[one], chain[other]
    chain[one] = second._replace(position=first.position)
    chain[other] = first._replace(position=second.position)
    findings = [(f.kind, f.chain, f.position) for f in found(of, ends) if f.kind is not Kind.FORKED]
    assert findings == [(Kind.REORDERED, 1, one + 1), (Kind.REORDERED, 1, other + 1)]


@given(st.data())
def test_a_tail_that_is_cut_off_is_named(data: st.DataObject) -> None:
    """By the chain's own head, and by a checkpoint where the head was set back too."""
    of = data.draw(chains())
    knows = heads(of)
    left = data.draw(st.integers(0, len(of[0]) - 1))
    del of[0][left:]
    assert [(f.kind, f.chain) for f in found(of, knows)] == [(Kind.TRUNCATED, 1)]
    set_back = heads([chain for chain in of if chain])
    assert [(f.kind, f.chain) for f in found(of, set_back, knows)] == [(Kind.TRUNCATED, 1)]


@given(st.data())
def test_a_history_written_anew_is_named_by_a_checkpoint(data: st.DataObject) -> None:
    """Every link of it follows, and it is not what the checkpoint saw."""
    of = data.draw(chains().filter(lambda of: len(of[0]) > 1))
    seen = heads(of)
    at = data.draw(st.integers(0, len(of[0]) - 1))
    anew = written(1, [b"?" if n == at else record.sealed for n, record in enumerate(of[0])])
    of[0] = anew
    assert [(f.kind, f.chain, f.position) for f in found(of, heads(of), seen)] == [(Kind.FORKED, 1, len(anew))]


def test_two_records_of_one_place_are_a_fork() -> None:
    """The second is named, and the chain goes on from the first."""
    [chain] = [written(1, [b"a", b"b", b"c"])]
    twin = chain[1]._replace(sealed=b"other")
    twin = twin._replace(link=link(chain[0].link, twin))
    findings = found([[chain[0], chain[1], twin, chain[2]]], heads([chain]))
    assert [(f.kind, f.position) for f in findings] == [(Kind.FORKED, 2)]


def test_a_record_that_nobody_can_open_is_named() -> None:
    """Its data key is gone, or was exchanged: a key is called by all that is kept of it."""
    chain = written(1, [b"a"])
    verifier = Verifier(keys=set(), starts={}, ends=heads([chain]), seen=())
    assert [f.kind for f in (*verifier.take(chain), *verifier.finish())] == [Kind.KEY_LOST]


def test_a_chain_whose_months_were_dropped_begins_where_its_stub_says() -> None:
    """Nothing before the stub is missed, and everything behind it is."""
    chain = written(1, [b"%d" % n for n in range(10)])
    start = {1: Head(1, 4, chain[3].link)}
    for read, kinds in ((chain[4:], []), (chain[5:], [Kind.MISSING])):
        verifier = Verifier(keys={KEY}, starts=start, ends=heads([chain]), seen=heads([chain[:2]]))
        assert [f.kind for f in (*verifier.take(read), *verifier.finish())] == kinds


def checkpoints(count: int, key: Ed25519PrivateKey = OURS) -> list[Signed]:
    before, made = NO_CHECKPOINT, []
    for number in range(1, count + 1):
        made.append(sign(Checkpoint(number, number, before, (Head(1, number, NO_LINK),)), key))
        before = made[-1].digest()
    return made


def wrong(stored: Sequence[Signed], kept: Sequence[Signed] = ()) -> list[tuple[Kind, int]]:
    return [(f.kind, f.position) for f in verify_checkpoints(stored, kept, OURS.public_key())]


def test_checkpoints_follow_one_another() -> None:
    """Those of ours, all of them, in their order; and those that somebody kept are among them."""
    made = checkpoints(5)
    assert wrong(made, made[2:]) == []
    assert wrong([*made[:1], *made[3:]]) == [(Kind.MISSING, 2)]


def test_a_checkpoint_by_another_key_vouches_for_nothing() -> None:
    """It is named, and its heads are not believed."""
    forged = checkpoints(2, SOMEBODYS)
    assert wrong(forged) == [(Kind.FOREIGN_KEY, 1), (Kind.FOREIGN_KEY, 2)]
    assert wrong([], forged[:1]) == [(Kind.FOREIGN_KEY, 1)]
    assert list(heads_seen(forged, OURS.public_key())) == []
    renamed = Signed(forged[0].checkpoint, checkpoints(1)[0].key, forged[0].signature)
    assert wrong([renamed]) == [(Kind.FOREIGN_KEY, 1)]


def test_an_old_backup_is_named_by_a_checkpoint_that_was_kept() -> None:
    """The store that was put back knows less, or went another way from there."""
    made = checkpoints(5)
    assert wrong(made[:3], made[4:]) == [(Kind.ROLLED_BACK, 5)]
    anew = sign(Checkpoint(4, 4, made[2].digest(), ()), OURS)
    assert wrong([*made[:3], anew], made[3:4]) == [(Kind.FORKED, 4)]


@given(st.integers(1, 2**40), st.integers(0, 2**52), st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2**40))))
def test_a_checkpoint_is_the_text_it_was_kept_as(number: int, at: int, of: list[tuple[int, int]]) -> None:
    """Read back, it is the same, and so is its signature."""
    signed = sign(Checkpoint(number, at, NO_CHECKPOINT, tuple(Head(c, p, NO_LINK) for c, p in of)), OURS)
    again = read_checkpoint(signed.text())
    assert again == signed
    assert again.signed_by(OURS.public_key())


@pytest.mark.parametrize(
    "spoil", [str.lower, str.strip, lambda t: t.replace(" 1 ", " 01 "), lambda t: t + "x", lambda t: ""]
)
def test_what_is_no_checkpoint_is_refused(spoil: object) -> None:
    """A text that differs in a letter is another text."""
    assert callable(spoil)
    with pytest.raises(CheckpointUnreadable):
        read_checkpoint(spoil(sign(Checkpoint(1, 1, NO_CHECKPOINT, (Head(1, 1, NO_LINK),)), OURS).text()))
