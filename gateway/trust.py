"""Whose word is believed, as the settings name them: issuers of tokens, how strongly people must sign in, proxies."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final

from adapters.issuer_keys import secured
from adapters.records import NhsNumber
from gateway.confirmation import ProxyRule
from gateway.settings import SettingError, Settings, variable
from gateway.tokens import TokenRules
from gateway.viewer import Role

# A name goes before subjects, with a colon between: it holds none.
_WORD: Final = re.compile(r"(?:([a-z][a-z0-9-]{0,31})=)?(https?://[^?#@\s]+)")


def issuers(settings: Settings) -> Mapping[str, str]:
    """The issuers' names by their addresses, '' for the one that has none. Raises `SettingError`."""
    words = settings.issuer.split()
    named: dict[str, str] = {}
    for word in words:
        name, address = _issuer(word)
        if address in named or name in named.values():
            raise SettingError(
                f"`{variable('issuer')}` must give each issuer once, by a name of its own (`name=address`)"
            )
        named[address] = name
    return named


def token_rules(settings: Settings, print_of: Callable[[NhsNumber], bytes] | None) -> TokenRules:
    """What every token must keep to. Raises `SettingError`."""
    return TokenRules(
        audience=settings.audience,
        print_of=print_of,
        longest_life=settings.longest_token_life,
        strong_roles=frozenset(Role[word] for word in settings.strong_roles.split()),
        strong_acr=frozenset(settings.strong_acr.split()),
        strong_amr=frozenset(settings.strong_amr.split()),
        names={address: name for address, name in issuers(settings).items() if name},
        forwarded_by=_proxies(settings),
    )


def _issuer(word: str) -> tuple[str, str]:
    found = _WORD.fullmatch(word)
    name, address = (found[1] or "", found[2]) if found else ("", "")
    try:
        secured(address)
    except ValueError:
        raise SettingError(
            f"`{variable('issuer')}` must hold `https` addresses, with `name=` before each of several: `{word}` is none"
        ) from None
    return name, address


def _proxies(settings: Settings) -> ProxyRule | None:
    if not settings.client_certificate_header:
        return None
    return ProxyRule(
        settings.client_certificate_header.lower(), tuple(map(ip_network, settings.trusted_proxies.split()))
    )
