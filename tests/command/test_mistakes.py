"""What a person gets wrong: one line that names the fix, on the error output, and an exit code that is not zero."""

import os
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.command.running import Ended, contactpoint, free_ports


def one_line(ended: Ended, *words: str) -> None:
    """It failed, and said so in one line that holds these words."""
    assert ended.code == 1, ended
    lines = ended.err.strip().splitlines()
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("contactpoint: ")
    for word in words:
        assert word in lines[0]


async def test_help_names_every_command() -> None:
    """A stranger's first question."""
    ended = await contactpoint("--help")
    assert ended.code == 0
    for command in ("demo", "serve", "migrate", "populate", "token", "sandbox"):
        assert command in ended.out


async def test_an_unknown_word_is_exit_code_two() -> None:
    """The shell's own convention for wrong usage."""
    assert (await contactpoint("dance")).code == 2


async def test_an_unknown_persona_names_those_there_are(data: Path) -> None:
    """Whether or not a demonstration runs."""
    one_line(await contactpoint("token", "headmaster", "--data", data), "`headmaster`", "teacher", "shield-officer")


@pytest.mark.parametrize("words", [["token", "teacher"], ["sandbox", "calls"], ["sandbox", "fault", "school", "down"]])
async def test_without_a_demonstration_its_commands_say_how_to_start_one(data: Path, words: list[str]) -> None:
    """They speak to what runs on the data folder, and make none."""
    one_line(await contactpoint(*words, "--data", data), "contactpoint demo", str(data))
    assert not data.exists()


@pytest.mark.parametrize(
    "words", [["check"], ["feed", "status"], ["feed", "load", "FILE", "--source", "mavis-class"], ["serve"]]
)
async def test_no_store_is_made_by_mistake(
    data: Path, tmp_path: Path, surroundings: Mapping[str, str], words: list[str]
) -> None:
    """In an empty one every child would be new and none shielded: only `migrate`, `populate` and `demo` make one."""
    file = tmp_path / "class.csv"
    file.write_text(
        "CHILD_FIRST_NAME,CHILD_LAST_NAME,CHILD_DATE_OF_BIRTH,CHILD_POSTCODE\nAmara,Okafor,2015-07-09,LS17 3WY\n"
    )
    if words == ["serve"]:
        port, admin_port = map(str, free_ports(2))
        words = ["serve", "--port", port, "--admin-port", admin_port]
    embedded = {name: value for name, value in surroundings.items() if not name.endswith("GATEWAY_DSN")}
    elsewhere = data.parent / "elsewhere"
    asked = [str(file) if word == "FILE" else word for word in words]
    ended = await contactpoint(*asked, "--data", elsewhere, **embedded)
    one_line(ended, f"there is no store in `{elsewhere}`: choose `--data`, or make one with `contactpoint migrate`")
    assert not elsewhere.exists()


@pytest.mark.parametrize("words", [["check"], ["feed", "status"]])
async def test_a_folder_without_a_store_is_left_as_it_is(data: Path, words: list[str]) -> None:
    """As after a mistake in `--data`: nothing is put beside somebody else's files."""
    data.mkdir()
    (data / "letter.txt").write_text("dear all")
    one_line(await contactpoint(*words, "--data", data), "there is no store in", "contactpoint migrate")
    assert [path.name for path in data.iterdir()] == ["letter.txt"]


async def test_a_store_that_is_stopped_is_started(data: Path) -> None:
    """Whoever only asks needs nothing running."""
    assert (await contactpoint("migrate", "--data", data)).code == 0
    assert (await contactpoint("check", "--data", data)).code == 0
    status = await contactpoint("feed", "status", "--json", "--data", data)
    assert (status.code, status.out.strip()) == (0, "[]")


@pytest.mark.parametrize("command", ["demo", "serve"])
async def test_an_occupied_port_is_named(data: Path, command: str) -> None:
    """Before anything slower is begun."""
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        ended = await contactpoint(command, "--port", str(port), "--data", data)
    one_line(ended, f"127.0.0.1:{port}", "--port")
    assert not (data / "lock").exists()


async def test_a_demonstration_never_opens_a_store_that_others_fill(data: Path) -> None:
    """Its personas' tokens are for anybody."""
    ended = await contactpoint("demo", "--data", data, CONTACTPOINT_DSN="postgresql://owner@127.0.0.1:9/contactpoint")
    one_line(ended, "CONTACTPOINT_DSN")


async def test_a_database_that_does_not_answer_is_told_without_its_password(data: Path) -> None:
    """The line names the setting."""
    dsn = "postgresql://owner:very-secret@127.0.0.1:9/contactpoint"
    ended = await contactpoint("migrate", "--data", data, CONTACTPOINT_DSN=dsn)
    one_line(ended, "CONTACTPOINT_DSN")
    assert "very-secret" not in ended.err


async def test_a_database_address_that_is_none_is_told(data: Path) -> None:
    """Not every text is an address."""
    one_line(await contactpoint("migrate", "--data", data, CONTACTPOINT_DSN="mysql://h/d"), "CONTACTPOINT_DSN")


async def test_a_data_folder_that_is_a_file_is_told(data: Path) -> None:
    """The line names the folder and the option."""
    data.write_text("")
    one_line(await contactpoint("migrate", "--data", data), str(data), "--data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_folder_nobody_lets_us_write_is_told(data: Path) -> None:
    """As for a folder of somebody else's."""
    data.mkdir(mode=0o500)
    one_line(await contactpoint("migrate", "--data", data), str(data), "--data")


async def test_a_misspelt_setting_is_told(data: Path) -> None:
    """It would leave a default in force unseen."""
    one_line(await contactpoint("migrate", "--data", data, CONTACTPOINT_DEADLIN="1"), "CONTACTPOINT_DEADLIN")


async def test_a_log_level_there_is_none_of_is_told(data: Path) -> None:
    """With those there are."""
    one_line(await contactpoint("migrate", "--data", data, CONTACTPOINT_LOG_LEVEL="LOUD"), "DEBUG")


async def test_more_synthetic_children_than_there_are_is_a_wrong_word(data: Path) -> None:
    """The option says how many there may be."""
    ended = await contactpoint("populate", "--children", "0", "--data", data)
    assert ended.code == 2
