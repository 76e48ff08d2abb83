"""By which door an operation comes: any text, or a document that its organisation has published. Runs nothing.

A client comes by the doors that the registry opens to it; a partner's text is its own published one, or asks of types
alone. Which documents there are is nobody's to learn: for every cause there is one error.
"""

from typing import Final, Protocol

from gateway.errors import Forbidden, UnknownDocument
from gateway.operations.documents import Documents, Operation, hash_of
from gateway.viewer import Role, Standing

AD_HOC: Final = "AD_HOC"
DOCUMENTS: Final = "DOCUMENTS"


class Publications(Protocol):
    """What organisations have published, live, by organisation and hash."""

    def holds(self, partner: str, hash_: str) -> bool: ...

    def operation(self, partner: str, hash_: str, name: str | None) -> Operation:
        """Raises `UnknownDocument` where there is none."""
        ...

    def used(self, partner: str, hash_: str) -> None: ...


class Doors:
    """Finds the operation that somebody let in may send."""

    def __init__(self, documents: Documents, published: Publications) -> None:
        self._documents = documents
        self._published = published

    def operation(self, standing: Standing, text: str | None, id_: str | None, name: str | None) -> Operation:
        """The operation of this text, of this id, or of the text whose id this is.

        Raises `UnknownDocument`, `Forbidden`, and what `Documents` raise.
        """
        viewer, doors = standing.viewer, _doors(standing)
        if text is None:
            if id_ is None or DOCUMENTS not in doors:
                raise UnknownDocument
            return self._own(standing, id_, name)
        if id_ is not None and hash_of(text) != id_:
            raise UnknownDocument
        if AD_HOC in doors and viewer.role is not Role.PARTNER:
            return self._documents.operation(text, name, viewer.role)
        hash_ = hash_of(text)
        if DOCUMENTS in doors and self._published.holds(viewer.organisation, hash_):
            return self._own(standing, hash_, name)
        operation = self._documents.operation(text, name, viewer.role)
        if not operation.is_introspection:
            raise Forbidden("this client sends its published documents alone")
        return operation

    def _own(self, standing: Standing, hash_: str, name: str | None) -> Operation:
        """A document of theirs; a partner's may have been published under a wider registration than it has now."""
        operation = self._published.operation(standing.viewer.organisation, hash_, name)
        if standing.partner is not None and not operation.roots <= standing.partner.roots:
            raise Forbidden("this document asks a root field that its partner is not registered for")
        return operation

    def answered(self, standing: Standing, operation: Operation) -> None:
        """Count the use of a document, however it was sent."""
        organisation = standing.viewer.organisation
        if DOCUMENTS in _doors(standing) and self._published.holds(organisation, operation.hash):
            self._published.used(organisation, operation.hash)


def _doors(standing: Standing) -> frozenset[str]:
    return standing.client.doors if standing.client else frozenset()
