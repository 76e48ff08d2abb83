"""The environment, read once into one frozen value. `docs/settings.md` lists every setting."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

from gateway.purpose import Purpose
from gateway.viewer import Role

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
    registry_dsn: str = setting(
        "", "the registry role's own address, for its commands; empty: made from the owner's", secret=True
    )
    audit_dsn: str = setting("", "the audit role's own address; empty: made from the owner's", secret=True)
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

    auditors_file: Path = setting(
        Path(), "file of the auditors whom the ledger is sealed to; empty: `audit/auditors` in the data folder"
    )
    auditor_key_files: str = setting(
        "",
        "files of auditors' private keys, as words, with which this gateway answers `accesses`; empty:"
        " `audit/auditor-key` in the data folder, if it is still there",
    )
    checkpoint_key_file: Path = setting(
        Path(),
        "file with our Ed25519 private key, PEM, that signs the ledger's checkpoints; empty: `audit/checkpoint-key` in"
        " the data folder",
    )
    checkpoint_seconds: float = setting(60.0, "from one checkpoint of the ledger to the next")

    issuer: str = setting(
        "", "address of the OpenID provider whose tokens are accepted; where there are several, words `name=address`"
    )
    audience: str = setting("contactpoint", "the audience (`aud`) a token must name")
    longest_token_life: float = setting(3600.0, "longest life of a token that is accepted, from `iat` to `exp`")
    strong_roles: str = setting(
        "SHIELD_OFFICER STEWARD AUDITOR", "roles whose tokens must tell of strong authentication"
    )
    strong_acr: str = setting(
        "urn:contactpoint:assurance:high", "values of `acr`, any one of which tells of strong authentication"
    )
    strong_amr: str = setting("mfa", "values of `amr`, any one of which tells of strong authentication")
    reasons_required: str = setting(
        "AUDITOR/*", "words `ROLE/PURPOSE` or `ROLE/*`: who must state a reason, and for what"
    )

    tls_certificate_file: Path = setting(Path(), "our own TLS certificate, PEM; empty: plain HTTP behind a proxy")
    tls_key_file: Path = setting(Path(), "its private key, PEM")
    tls_client_ca_file: Path = setting(
        Path(), "who issues callers' TLS certificates, PEM; empty: no caller is asked for one"
    )
    trusted_proxies: str = setting(
        "", "addresses or networks of proxies whose word about a caller's certificate is believed"
    )
    client_certificate_header: str = setting("", "the header in which they give the certificate, as RFC 9440 has it")

    explorer_client: str = setting("", "the explorer's client id at the issuer; empty: no sign-in is offered")
    explorer_scope: str = setting("openid", "the scopes that the explorer asks the issuer for")

    guess_burst: int = setting(30, "most guesses at once of one viewer: look-ups that find nobody, and searches")
    guess_per_minute: float = setting(12.0, "guesses a minute that are made good again")

    limit_document: int = setting(32 * 1024, "most characters of a document")
    limit_tokens: int = setting(1_200, "most tokens of a document")
    limit_definitions: int = setting(20, "most operations and fragments of a document")
    limit_depth: int = setting(15, "most levels of fields, fragments spread out")
    limit_aliases: int = setting(100, "most aliases, fragments spread out")
    limit_directives: int = setting(100, "most directives, fragments spread out")
    limit_repeats: int = setting(50, "most times one response key stands in one selection")
    limit_fields: int = setting(2_000, "most fields, fragments spread out")
    limit_variables: int = setting(2_000, "most values in all variables together")
    limit_value: int = setting(1_000, "most characters of one of them")
    limit_children: int = setting(100, "most children asked for by number")
    limit_searches: int = setting(10, "most searches, look-ups by key, lists and counts")
    limit_acts: int = setting(10, "most acts of one operation")
    limit_cost: int = setting(20_000, "most that children times fields and agency calls may come to")

    deadline: float = setting(5.0, "longest time one request may take")
    beat: float = setting(
        0.025, "an answer in which somebody may have guessed leaves a whole number of these after it was asked for"
    )
    source_beat: float = setting(
        60.0, "a report for a source alone is told a whole number of these after the load began"
    )
    connect_timeout: float = setting(1.0, "longest time to connect to an agency")
    read_timeout: float = setting(3.0, "longest silence of an agency while it answers")
    agency_body_cap: int = setting(2 * 1024 * 1024, "most bytes read of an agency's answer")
    request_body_cap: int = setting(256 * 1024, "most bytes read of a request")
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

    def __post_init__(self) -> None:
        """Raise `SettingError` where one setting means nothing, or nothing without another."""
        for word in self.strong_roles.split():
            _one_of(word, Role.__members__, "strong_roles", "roles")
        for word in self.reasons_required.split():
            role, _, purpose = word.partition("/")
            _one_of(role, Role.__members__, "reasons_required", "words `ROLE/PURPOSE` or `ROLE/*`")
            _one_of(purpose, {"*", *Purpose.__members__}, "reasons_required", "words `ROLE/PURPOSE` or `ROLE/*`")
        for word in self.trusted_proxies.split():
            _network(word)
        _together(self, "client_certificate_header", "trusted_proxies")
        _together(self, "trusted_proxies", "client_certificate_header")
        _together(self, "tls_key_file", "tls_certificate_file")
        _together(self, "tls_certificate_file", "tls_key_file")
        _together(self, "tls_client_ca_file", "tls_certificate_file")


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


def _one_of(word: str, known: Collection[str], name: str, what: str) -> None:
    if word not in known:
        raise SettingError(f"`{variable(name)}` must hold {what}: `{word}` is none")


def _network(word: str) -> None:
    try:
        ip_network(word)
    except ValueError:
        raise SettingError(
            f"`{variable('trusted_proxies')}` must hold addresses or networks: `{word}` is none"
        ) from None


def _together(settings: Settings, name: str, other: str) -> None:
    """Whatever the one says is void without the other; a path that is not given is `.`."""
    if getattr(settings, name) not in ("", Path()) and getattr(settings, other) in ("", Path()):
        raise SettingError(f"`{variable(name)}` means nothing alone: give `{variable(other)}` too")


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        value = kind(text)
    except ValueError:
        raise SettingError(f"`{name}` must be a {'whole number' if kind is int else 'number'}") from None
    if kind in (int, float) and not value > 0:
        raise SettingError(f"`{name}` must be more than zero")
    return value
