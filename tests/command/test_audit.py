"""`contactpoint audit`: what auditors and operators type, read, and are refused."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.store.roles import Role
from gateway.audit.checkpoints import Checkpoints
from gateway.audit.key_files import AUDITOR_KEY, FOLDER, checkpoint_key_of
from gateway.events import Observer
from tests.command.running import contactpoint
from tests.running import RunningGateway


@pytest.fixture
def auditor(gateway: RunningGateway) -> Mapping[str, str]:
    """The environment of whoever audits the test's gateway: its keys, and the address of the audit role alone."""
    return {
        "CONTACTPOINT_AUDIT_DSN": gateway.database.dsn(Role.AUDIT),
        "CONTACTPOINT_DATA": str(gateway.gateway.settings.data),
    }


@pytest.fixture
def key(gateway: RunningGateway) -> Path:
    return gateway.gateway.settings.data / FOLDER / AUDITOR_KEY


async def checkpoint(gateway: RunningGateway) -> None:
    """A turn of the gateway's, now."""
    key = checkpoint_key_of(gateway.gateway.settings)
    assert await Checkpoints(gateway.gateway.store, key, Observer(), every=60).take_turn()


async def test_a_ledger_is_verified_against_what_was_kept(
    gateway: RunningGateway, auditor: Mapping[str, str], tmp_path: Path
) -> None:
    """Nothing wrong is exit code 0; what was taken back is named, with exit code 1."""
    await gateway.ask_child("open", "number")
    await checkpoint(gateway)
    printed = await contactpoint("audit", "checkpoint", **auditor)
    kept = tmp_path / "kept.txt"
    kept.write_text(printed.out)
    good = await contactpoint("audit", "verify", "--checkpoint", kept, **auditor)
    assert (good.code, good.out) == (0, "1 records, 1 checkpoints: nothing is wrong\n"), good.err
    await gateway.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
    await gateway.execute("ALTER TABLE ledger_checkpoints DISABLE TRIGGER USER")
    await gateway.execute("DELETE FROM ledger")
    await gateway.execute("DELETE FROM ledger_checkpoints")
    await gateway.execute("UPDATE ledger_chains SET position = 0, link = sha256('')")
    assert (await contactpoint("audit", "verify", **auditor)).code == 0, "whole in itself"
    bad = await contactpoint("audit", "verify", "--checkpoint", kept, "--json", **auditor)
    assert bad.code == 1
    told = json.loads(bad.out)
    assert {finding["kind"] for finding in told["findings"]} == {"rolled back", "truncated"}


async def test_another_key_than_ours_is_told(
    gateway: RunningGateway, auditor: Mapping[str, str], tmp_path: Path
) -> None:
    """Whoever kept our public key trusts no other."""
    await gateway.ask_child("open", "number")
    await checkpoint(gateway)
    ours = await contactpoint("audit", "public-key", **auditor)
    (tmp_path / "ours.pem").write_text(ours.out)
    assert (await contactpoint("audit", "verify", "--public-key", tmp_path / "ours.pem", **auditor)).code == 0
    other = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "other.pem").write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    wrong = await contactpoint("audit", "verify", "--public-key", tmp_path / "other.pem", **auditor)
    assert wrong.code == 1
    assert "foreign key" in wrong.out


@pytest.mark.parametrize("words", [("public-key",), ("verify",), ("retain", "--months", "84")])
async def test_a_key_that_is_not_there_is_not_made(data: Path, words: tuple[str, ...]) -> None:
    """By a new one everything would be somebody else's; whoever mistypes the folder is told, and it stays as it was."""
    ended = await contactpoint("audit", *words, "--data", data)
    assert (ended.code, ended.out) == (1, "")
    [line] = ended.err.splitlines()
    assert "CONTACTPOINT_CHECKPOINT_KEY_FILE" in line
    assert not data.exists()


async def test_records_are_opened_by_an_auditors_key(
    gateway: RunningGateway, auditor: Mapping[str, str], key: Path
) -> None:
    """Of one child or of all, in a line each; nothing of it is a value."""
    await gateway.ask_child("open", "name { family }", headers={"Contactpoint-Reason": "absent since Monday"})
    await gateway.ask_child("twin", "number")
    everything = await contactpoint("audit", "open", "--key", key, "--json", **auditor)
    records = [json.loads(line) for line in everything.out.splitlines()]
    assert [record["children"][0]["number"] for record in records] == [
        gateway.child("open").number,
        gateway.child("twin").number,
    ]
    assert records[0]["reason"] == "absent since Monday"
    of_one = await contactpoint("audit", "open", "--key", key, "--number", gateway.child("twin").number, **auditor)
    assert len(of_one.out.splitlines()) == 1
    assert gateway.child("twin").number in of_one.out


async def test_the_subject_is_told_who_looked_and_nothing_that_locates(
    gateway: RunningGateway, auditor: Mapping[str, str], key: Path
) -> None:
    """One line for each look: no organisation, no act, nothing withheld, no officer at work."""
    child = gateway.child("shielded")
    for _ in range(2):
        await gateway.ask_child("shielded", "name { family } address { postcode }", purpose="SAFEGUARDING")
    await gateway.ask_child("shielded", "number", viewer="shield-officer", purpose="SHIELD_MANAGEMENT")
    told = await contactpoint("audit", "subject", child.number, "--key", key, **auditor)
    assert told.code == 0, told.err
    lines = set(told.out.splitlines())
    assert len(lines) in (1, 2), "one look within one minute is one line, and a minute may have ended"
    for line in lines:
        assert line.endswith(
            "somebody who works with children saw your name, birth date and gender, to keep a child safe."
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "--checkpoint", "nowhere.txt"), "cannot read `nowhere.txt`"),
        (("verify", "--public-key", __file__), "holds no public key in PEM"),
        (("open", "--key", __file__), "holds no auditor's private key"),
        (("subject", "123", "--key", "{key}"), "`123` is no number of a child"),
        (("checkpoint",), "there is no checkpoint yet"),
    ],
)
async def test_what_cannot_be_used_is_told_in_a_line(
    auditor: Mapping[str, str], key: Path, words: tuple[str, ...], said: str
) -> None:
    """With exit code 1 and nothing else."""
    ended = await contactpoint("audit", *(word.format(key=key) for word in words), **auditor)
    assert ended.code == 1
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_a_key_is_made_once(tmp_path: Path) -> None:
    """Its line is for the list of auditors; a file that is there is never written over."""
    words = ("audit", "keygen", "leeds", "--authority", "E08000035", "--file", tmp_path / "leeds.key")
    made = await contactpoint(*words)
    assert made.out.startswith("leeds E08000035 ")
    assert (tmp_path / "leeds.key").stat().st_mode & 0o777 == 0o600
    again = await contactpoint(*words)
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "authority", "file", "said"),
    [
        ("Leeds", "E08000035", "leeds.key", "names in lower case"),
        ("leeds", "Leeds", "leeds.key", "a GSS code such as E08000035"),
        ("leeds", "E08000035", "nowhere/leeds.key", "(No such file or directory)"),
    ],
)
async def test_a_key_that_no_list_takes_is_not_made(
    tmp_path: Path, name: str, authority: str, file: str, said: str
) -> None:
    """Nor one that cannot be written: in a line, and with no file left."""
    ended = await contactpoint("audit", "keygen", name, "--authority", authority, "--file", tmp_path / file)
    assert (ended.code, ended.out) == (1, "")
    [line] = ended.err.splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


async def test_a_key_that_opens_nothing_is_told_so(auditor: Mapping[str, str], key: Path, tmp_path: Path) -> None:
    """On the error output: whoever reads the records of a stranger's key, or of a child nobody asked of, is told."""
    await contactpoint("audit", "keygen", "leeds", "--file", tmp_path / "leeds.key")
    opened = await contactpoint("audit", "open", "--key", tmp_path / "leeds.key", **auditor)
    assert (opened.code, opened.out, opened.err) == (0, "", "there is no such record that this key opens\n")
    told = await contactpoint("audit", "subject", "F12R0749SBD38", "--key", key, **auditor)
    assert (told.code, told.out, told.err) == (0, "", "there is nothing to tell\n")
