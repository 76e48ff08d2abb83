"""What a registration file may say; every word of it is checked before any is written."""

from pathlib import Path

import pytest

from adapters.store.entries import Organisation
from adapters.store.registry_records import Client, Partner
from gateway.registration import RegistrationError, read_registration
from tests.partners.texts import REGISTRATION


def test_a_file_is_read(tmp_path: Path) -> None:
    """What it leaves out is as the store has it by default: few root fields, nothing narrowed, nothing suspended."""
    file = tmp_path / "registry.toml"
    file.write_text(REGISTRATION)
    read = read_registration(file)
    assert read.organisations == (
        Organisation("partner-1", "Case Management", "PARTNER", None, frozenset({"CHILD_WELFARE"})),
    )
    assert read.partners == (
        Partner(
            "partner-1", frozenset({"IDENTITY", "SCHOOL"}), frozenset({"viewer", "child", "childByKey", "children"})
        ),
    )
    assert read.clients == (
        Client(
            issuer="https://issuer.example.org",
            id="partner-1",
            name="Case Management",
            roles=frozenset({"PARTNER"}),
            purposes=None,
            scopes=frozenset(),
            doors=frozenset({"DOCUMENTS"}),
            organisations=frozenset({"partner-1"}),
            authorities=None,
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('kind = "PARTNER"', 'kind = "FRIEND"', "FRIEND"),
        ("purposes =", "purpose =", "purpose"),
        ('["IDENTITY", "SCHOOL"]', '["EVERYTHING"]', "EVERYTHING"),
        ('["IDENTITY", "SCHOOL"]', '["SENSITIVE_SERVICE"]', "SENSITIVE_SERVICE"),
        ('["IDENTITY", "SCHOOL"]', '["IDENTITY"]\nroots = ["shields"]', "shields"),
        ('["IDENTITY", "SCHOOL"]', '["IDENTITY"]\nreason = "because it must"', "reason"),
        ('["PARTNER"]', '["PARTNER", "STEWARD"]', "no role but PARTNER"),
        ('["DOCUMENTS"]', '["DOCUMENTS", "AD_HOC"]', "no door but DOCUMENTS"),
        ('organisations = ["partner-1"]\n', "", "`organisations`"),
        ('roles = ["PARTNER"]', "roles = []", "at least one"),
        ("[[client]]", "[[clients]]", "clients"),
        ("[[client]]", "[[client", "correct it"),
        ('"partner-1"\nname', "7\nname", "organisation[0].id"),
        ('"https://issuer.example.org"', '"https://issuer.example.org "', "what nobody sees"),
        ('"https://issuer.example.org"', '""', "is empty"),
        ('"Case Management"', '"Case\\u0000Management"', "what nobody sees"),
        ('kind = "PARTNER"', 'kind = "PARTNER"\nauthority = "Leeds"', "GSS code"),
        ('doors = ["DOCUMENTS"]', 'doors = ["DOCUMENTS"]\nauthorities = ["E0800003"]', "GSS code"),
        ("[[partner]]", '[[organisation]]\nid = "partner-1"\nname = "B"\nkind = "OTHER"\n[[partner]]', "twice"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    """In one line that says where."""
    assert before in REGISTRATION
    file = tmp_path / "registry.toml"
    file.write_text(REGISTRATION.replace(before, after, 1))
    with pytest.raises(RegistrationError) as refused:
        read_registration(file)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(RegistrationError, match="cannot read"):
        read_registration(tmp_path / "nothing.toml")
