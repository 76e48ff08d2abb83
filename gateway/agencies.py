"""Builds the agencies from the settings: which adapter speaks to which address, and how we prove who we are there."""

import asyncio
import json
import ssl
from collections.abc import Mapping

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from adapters.client import AgencyClient, Contract, Credential
from adapters.credentials import ClientCredentials, ClientSecret, PrivateKeyJwt
from adapters.lev_birth import LEV_SYSTEM
from adapters.parent_birth_registration import BirthRegistrationParents
from adapters.parent_contact_pds import PdsContacts
from adapters.pds_fhir import PDS_SYSTEM
from adapters.practice_pds import PdsPractices
from adapters.school_oneroster import ONEROSTER_SCOPES, OneRosterSchools
from adapters.service_subgraph import SubgraphServices
from gateway.settings import SettingError, Settings, variable
from gateway.trust import issuers
from resolvers.agencies import Agencies, JoinedAgencies, join

ADDRESSES = ("oneroster_url", "register_url", "pds_url", "ods_url", "lev_url", "services_url")

PROBE_PATIENCE = 2.0  # seconds an agency has to take a connection when the gateway starts


def build_client(settings: Settings) -> AgencyClient:
    """The one client, with each agency's contract."""
    contracts = {
        PDS_SYSTEM: Contract(per_second=settings.pds_rate),
        LEV_SYSTEM: Contract(tls=_lev_certificate(settings)),
    }
    return AgencyClient(
        contracts=contracts,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        body_cap=settings.agency_body_cap,
    )


def build_agencies(settings: Settings, client: AgencyClient) -> Agencies:
    """Every agency; raises `SettingError` where a key or certificate cannot be read."""
    pds = _pds_credential(settings)
    return Agencies(
        school=OneRosterSchools(
            client,
            oneroster_url=settings.oneroster_url,
            oneroster_credential=ClientCredentials(
                "oneroster-token",
                settings.oneroster_token_url,
                ClientSecret(settings.oneroster_client_id, settings.oneroster_client_secret),
                scopes=ONEROSTER_SCOPES,
            ),
            register_url=settings.register_url,
            register_key=settings.register_key,
        ),
        practice=PdsPractices(
            client,
            pds_url=settings.pds_url,
            pds_credential=pds,
            ods_url=settings.ods_url,
            ods_key=settings.ods_key,
        ),
        parents=BirthRegistrationParents(
            client,
            lev_url=settings.lev_url,
            username=settings.lev_username,
            client_name=settings.lev_client,
            credential=_lev_credential(settings),
        ),
        contacts=PdsContacts(client, pds_url=settings.pds_url, pds_credential=pds),
        services=SubgraphServices(
            client,
            url=settings.services_url,
            credential=ClientCredentials(
                "services-token",
                settings.services_token_url,
                ClientSecret(settings.services_client_id, settings.services_client_secret),
            ),
        ),
    )


def join_agencies(settings: Settings, client: AgencyClient) -> JoinedAgencies:
    """Every agency, asked for all requests together; raises `SettingError` where one is not configured."""
    return join(build_agencies(settings, client))


def require(settings: Settings) -> None:
    """Raise `SettingError`, naming all of them, where an address is missing that nothing can be answered without."""
    missing = [f"`{variable(name)}`" for name in ("issuer", *ADDRESSES) if not getattr(settings, name)]
    if missing:
        raise SettingError(f"{', '.join(missing)} must be set: docs/settings.md says what each is")


async def unanswering(settings: Settings) -> Mapping[str, str]:
    """The addresses that take no connection now, by the variable that names each. Asks them nothing."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PROBE_PATIENCE)) as session:

        async def silent(address: str) -> bool:
            try:
                async with session.head(address, allow_redirects=False):
                    return False
            except (aiohttp.ClientSSLError, aiohttp.ServerDisconnectedError):
                return False  # it is there; whether its certificate and answers will do, each call will say
            except (aiohttp.ClientError, TimeoutError, ValueError):
                return True

        named = [
            *(("issuer", issuer) for issuer in issuers(settings)),
            *((name, getattr(settings, name)) for name in ADDRESSES),
        ]
        silences = await asyncio.gather(*(silent(address) for _, address in named))
    return {variable(name): address for (name, address), silence in zip(named, silences, strict=True) if silence}


def _pds_credential(settings: Settings) -> Credential:
    try:
        text = settings.pds_key_file.read_bytes()
        key = RSAKey.import_key(json.loads(text) if text.lstrip().startswith(b"{") else text)
    except (OSError, ValueError, JoseError):
        raise SettingError(
            f"`{variable('pds_key_file')}` must name a file with an RSA private key, PEM or JWK"
        ) from None
    proof = PrivateKeyJwt(settings.pds_client_id, key, key_id=settings.pds_key_id)
    return ClientCredentials("pds-token", settings.pds_token_url, proof)


def _lev_credential(settings: Settings) -> Credential | None:
    if not settings.lev_token_url:
        return None
    proof = ClientSecret(settings.lev_client_id, settings.lev_client_secret)
    return ClientCredentials("lev-token", settings.lev_token_url, proof)


def _lev_certificate(settings: Settings) -> ssl.SSLContext | None:
    if not settings.lev_certificate_file.name:
        return None
    context = ssl.create_default_context()
    try:
        context.load_cert_chain(settings.lev_certificate_file, settings.lev_certificate_key_file)
    except (OSError, ssl.SSLError):
        raise SettingError(
            f"`{variable('lev_certificate_file')}` and `{variable('lev_certificate_key_file')}` must name "
            "a certificate and its private key, both PEM"
        ) from None
    return context
