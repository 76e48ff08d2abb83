"""Where the explorer sends people to sign in: each issuer's own endpoints, for the one client that the explorer is.

No token passes here: the page asks the issuer for it, and no other host.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec
from yarl import URL

from adapters.issuer_keys import IssuerKeys
from gateway.settings import Settings
from gateway.trust import issuers


class Door(msgspec.Struct, frozen=True, rename="camel"):
    """What a page must know to sign somebody in by authorization code. `name` is '' where there is one issuer."""

    name: str
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    client_id: str
    scope: str
    audience: str


class SignIn:
    """The explorer's doors, those whose issuers can be reached."""

    def __init__(self, keys: Mapping[str, IssuerKeys], names: Mapping[str, str], settings: Settings) -> None:
        self._keys = keys
        self._names = names
        self._settings = settings

    @classmethod
    def of(cls, settings: Settings, keys: Mapping[str, IssuerKeys]) -> Self | None:
        """By the settings, with each issuer's keys by its address; None where the explorer is no client anywhere."""
        return cls(keys, issuers(settings), settings) if settings.explorer_client else None

    async def doors(self) -> Sequence[Door]:
        """Asked for anew each time the page is: an issuer that was away is there again."""
        found = await asyncio.gather(*(keys.endpoints() for keys in self._keys.values()))
        return [
            Door(
                name=self._names[address],
                issuer=address,
                authorization_endpoint=endpoints.authorization,
                token_endpoint=endpoints.token,
                client_id=self._settings.explorer_client,
                scope=self._settings.explorer_scope,
                audience=self._settings.audience,
            )
            for address, endpoints in zip(self._keys, found, strict=True)
            if endpoints is not None
        ]


def origins(doors: Sequence[Door]) -> Sequence[str]:
    """The origins that the page must be let ask for a token, once each."""
    return list(dict.fromkeys(str(URL(door.token_endpoint).origin()) for door in doors))
