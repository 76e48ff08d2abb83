"""Children and their shields, laid into a test's database row by row, mentioning only what matters."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from adapters.store.roles import Connection
from adapters.store.search import name_key

TODAY = datetime.now(UTC).date()


class Rows:
    """Writes as the owner; `connection` is there for what has no word of its own here."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._serial = itertools.count(1)

    async def child(
        self,
        number: str | None = None,
        *,
        given: Sequence[str] = ("Ada",),
        family: str | None = "Example",
        born: date = date(2015, 6, 1),
        gender: str = "FEMALE",
        postcode: str | None = "LS1 1AA",
        authority: str | None = "E08000035",
    ) -> int:
        """A child, by its id."""
        return int(
            await self.connection.fetchval(
                """
                INSERT INTO children (number, given, family, name_key, given_key, birth_date, gender,
                                      address_status, address_lines, postcode, uprn, authority)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 'CURRENT', '{1 High Street}', $8, '100', $9) RETURNING id
                """,
                number or f"{next(self._serial):013d}",
                list(given),
                family,
                None if family is None else name_key(family),
                name_key(given[0]),
                born,
                gender,
                postcode,
                authority,
            )
        )

    async def shield(
        self, child: int, tier: str = "SHIELDED", authority: str = "E08000035", withheld: Sequence[str] = ()
    ) -> None:
        await self.connection.execute(
            "INSERT INTO shields (child_id, tier, authority, withheld, ground, review_on)"
            " VALUES ($1, $2, $3, $4, '', $5)",
            child,
            tier,
            authority,
            list(withheld),
            TODAY + timedelta(days=90),
        )

    async def hold(self, child: int, *, cleared: bool = False) -> None:
        await self.connection.execute(
            "INSERT INTO holds (child_id, agency, mark, cleared_at)"
            " VALUES ($1, 'practice', 'PDS_RESTRICTED', CASE WHEN $2 THEN now() END)",
            child,
            cleared,
        )

    async def circle(
        self, child: int, organisation: str, categories: Sequence[str] = ("ADDRESS",), days: int = 30
    ) -> None:
        await self.connection.execute(
            "INSERT INTO circles VALUES ($1, $2, $3, $4)",
            child,
            organisation,
            list(categories),
            TODAY + timedelta(days=days),
        )

    async def override(self, child: int, viewer: str, token: str, minutes: int = 15) -> None:
        await self.connection.execute(
            "INSERT INTO overrides (child_id, viewer, token, reason, until)"
            " VALUES ($1, $2, $3, 'a stated reason', now() + $4::int * interval '1 minute')",
            child,
            viewer,
            token,
            minutes,
        )

    async def epoch(self) -> int:
        return int(await self.connection.fetchval("SELECT epoch FROM shield_epoch"))
