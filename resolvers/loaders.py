"""One typed loader per question to an agency, living as long as one attempt to answer.

Keys asked for in the same tick join one fetch, and a key asked for twice is fetched once. A loader sees keys, never
viewers: what may not be shown never reaches it.
"""

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from strawberry.dataloader import DataLoader

from adapters.agency import Agency, AgencyBroken, Answer, Failed

Key = TypeVar("Key", bound=Hashable)
Record = TypeVar("Record")


class AgencyLoader(Generic[Key, Record]):
    """Asks one agency for the keys wanted together, by the deadline given (loop time, seconds)."""

    def __init__(self, agency: Agency[Key, Record], deadline: float) -> None:
        self._agency = agency
        self._deadline = deadline
        self._loader: DataLoader[Key, Answer[Record]] = DataLoader(load_fn=self._fetch)

    async def ask(self, key: Key) -> Answer[Record]:
        """What the agency answers for this key; never raises for the agency's sake."""
        return await self._loader.load(key)

    async def ask_all(self, keys: Sequence[Key]) -> Sequence[Answer[Record]]:
        """The same for many keys, in their order."""
        return await self._loader.load_many(keys)

    async def _fetch(self, keys: Sequence[Key]) -> list[Answer[Record]]:
        try:
            answers = await self._agency.fetch(keys, self._deadline)
        except Exception as error:
            return [Failed(AgencyBroken(f"the adapter raised {type(error).__name__}"))] * len(keys)
        missing = Failed(AgencyBroken("the adapter left a key unanswered"))
        return [answers.get(key, missing) for key in keys]
