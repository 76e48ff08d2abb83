"""Children and their shields, laid into a test's database row by row, mentioning only what matters."""

import itertools
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from adapters.store.roles import Connection
from adapters.store.search import name_key
from adapters.store.sounds import sound

# Of the day the run began: a run that goes on past midnight must not find its days in the past.
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


async def act(
    connection: Connection,
    child: int,
    name: str = "CHANGED",
    *,
    officer: str = "officer-1",
    second: str | None = None,
    authority: str = "E08000035",
) -> str:
    """Begin an officer's act, by its reference: what follows in the connection's open transaction is by this act.

    The transaction must be none within another: of a savepoint's row nobody can tell that it is this transaction's.
    """
    reference = secrets.token_hex(16)
    await connection.execute(
        "INSERT INTO shield_acts (reference, child_id, act, officer, second, authority, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'a stated reason')",
        *(reference, child, name, officer, second, authority),
    )
    await connection.execute("SELECT set_config('contactpoint.act', $1, true)", reference)
    return reference


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
                                      address_status, address_lines, postcode, uprn, authority,
                                      family_sound, given_sound)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 'CURRENT', '{1 High Street}', $8, '100', $9, $10, $11) RETURNING id
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
                sound(family or ""),
                sound(given[0]),
            )
        )

    async def shield(
        self,
        child: int,
        tier: str = "SHIELDED",
        authority: str = "E08000035",
        withheld: Sequence[str] = (),
        unconfirmed_by: str | None = None,
    ) -> None:
        await self.connection.execute(
            "INSERT INTO shields (child_id, tier, authority, withheld, ground, review_on, raised_by, confirmed_at)"
            " VALUES ($1, $2, $3, $4, '', $5, coalesce($6, 'officer'), CASE WHEN $6::text IS NULL THEN now() END)",
            child,
            tier,
            authority,
            list(withheld),
            TOMORROW + timedelta(days=90),
            unconfirmed_by,
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
            datetime.now(UTC).date() + timedelta(days=days),
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
