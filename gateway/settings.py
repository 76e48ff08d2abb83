"""The environment, read once into one frozen value. `docs/settings.md` lists every setting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

PREFIX = "CONTACTPOINT_"

Value = TypeVar("Value")


class SettingError(ValueError):
    """A setting cannot be read; the text names it and what it should hold."""


def setting(default: Value, about: str, *, secret: bool = False) -> Value:
    """Give a field its default and the sentence that documents it."""
    return field(default=default, repr=not secret, metadata={"about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that may differ between two gateways. Times are seconds, sizes bytes."""

    data: Path = setting(
        Path(".contactpoint"), "folder of the embedded store, its passwords and the demonstration's keys"
    )
    dsn: str = setting("", "owner's address of a PostgreSQL 15 or newer; empty: the embedded store", secret=True)
    gateway_dsn: str = setting("", "the gateway role's own address; empty: made from the owner's", secret=True)
    shield_dsn: str = setting(
        "", "the shield role's own address, for officers' acts; empty: made from the owner's", secret=True
    )
    feed_dsn: str = setting("", "the feed role's own address; empty: made from the owner's", secret=True)
    store_connections: int = setting(8, "most connections to the store, for each worker")

    sources: Path = setting(Path(), "folder of definitions of sources; empty: `sources` in the data folder")
    fingerprint_key_file: Path = setting(
        Path(),
        "file with the key of parents' fingerprints; empty: `fingerprint-key` in the data folder, made if missing",
    )

    report_key_file: Path = setting(
        Path(), "file with our Ed25519 private key, PEM or JWK, that signs reports to authorities; empty: none are sent"
    )
    report_key_id: str = setting("", "the key's id (`kid`), as receivers find it on the admin port")
    peak_children_per_second: float = setting(
        0.0, "most children a second that are asked for at the busiest; empty: undeclared, and compared with no rate"
    )

    issuer: str = setting("", "address of the OpenID provider whose tokens are accepted")
    audience: str = setting("contactpoint", "the audience (`aud`) a token must name")

    deadline: float = setting(5.0, "longest time one request may take")
    connect_timeout: float = setting(1.0, "longest time to connect to an agency")
    read_timeout: float = setting(3.0, "longest silence of an agency while it answers")
    agency_body_cap: int = setting(2 * 1024 * 1024, "most bytes read of an agency's answer")
    request_body_cap: int = setting(1024 * 1024, "most bytes read of a request")
    log_level: str = setting("WARNING", "`DEBUG`, `INFO`, `WARNING` or `ERROR`")

    oneroster_url: str = setting("", "schools: OneRoster 1.2, up to `/ims/oneroster/rostering/v1p2`")
    oneroster_token_url: str = setting("", "schools: OAuth 2 token endpoint of the OneRoster server")
    oneroster_client_id: str = setting("", "schools: our client id there")
    oneroster_client_secret: str = setting("", "schools: our client secret there", secret=True)
    register_url: str = setting("", "schools: register of establishments (DfE Academies API)")
    register_key: str = setting("", "schools: our key for the register", secret=True)

    pds_url: str = setting("", "practice and parents' contacts: PDS FHIR R4, up to `/FHIR/R4`")
    pds_token_url: str = setting("", "PDS: OAuth 2 token endpoint")
    pds_client_id: str = setting("", "PDS: our application's key (`iss` and `sub` of the signed JWT)")
    pds_key_file: Path = setting(Path(), "PDS: file with our RSA private key, PEM or JWK")
    pds_key_id: str = setting("", "PDS: the key's id (`kid`), as registered")
    pds_rate: float = setting(5.0, "PDS: calls a second agreed with NHS England")
    ods_url: str = setting("", "practice: ODS FHIR R4, up to `/fhir`")
    ods_key: str = setting("", "practice: our key for ODS", secret=True)

    lev_url: str = setting("", "parents: Home Office LEV")
    lev_username: str = setting("", "parents: our user name there")
    lev_client: str = setting("", "parents: our client name there")
    lev_token_url: str = setting("", "parents: OAuth 2 token endpoint of LEV; empty: no token is sent")
    lev_client_id: str = setting("", "parents: our client id there")
    lev_client_secret: str = setting("", "parents: our client secret there", secret=True)
    lev_certificate_file: Path = setting(Path(), "parents: our TLS client certificate, PEM; empty: none is shown")
    lev_certificate_key_file: Path = setting(Path(), "parents: its private key, PEM")

    services_url: str = setting("", "services: the children's services subgraph")
    services_token_url: str = setting("", "services: OAuth 2 token endpoint of the subgraph")
    services_client_id: str = setting("", "services: our client id there")
    services_client_secret: str = setting("", "services: our client secret there", secret=True)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def read_settings(environment: Mapping[str, str], **given: Any) -> Settings:
    """Read the settings; `given` (from the command line) wins. Raises `SettingError`."""
    values: dict[str, Any] = {}
    for known in fields(Settings):
        text = environment.get(variable(known.name))
        if text is not None:
            values[known.name] = _parse(variable(known.name), text, type(known.default))
    unknown = {name for name in environment if name.startswith(PREFIX)} - {variable(f.name) for f in fields(Settings)}
    if unknown:
        # A misspelt setting must not silently leave its default in force.
        raise SettingError(f"`{min(unknown)}` is no setting: see `docs/settings.md`")
    return Settings(**(values | {name: value for name, value in given.items() if value is not None}))


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        value = kind(text)
    except ValueError:
        raise SettingError(f"`{name}` must be a {'whole number' if kind is int else 'number'}") from None
    if kind in (int, float) and not value > 0:
        raise SettingError(f"`{name}` must be more than zero")
    return value
