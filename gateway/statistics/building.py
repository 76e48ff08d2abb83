"""Builds a month's cube: drafted by the store, attacked as an analyst could, relieved of what tells, then published."""

from datetime import date

from adapters.store.registering import Registrar
from gateway.statistics.audit import Before, Place, withheld_by_audit


class BadMonth(Exception):
    """No cube can be built of such a month; the text is one line that names the fix."""


def this_month(today: date) -> date:
    """The day by which a month goes."""
    return today.replace(day=1)


def check_month(month: date, today: date) -> None:
    """Raise `BadMonth` unless it is a month's first day that has come: nothing can be built behind a later one."""
    if month.day != 1:
        raise BadMonth(f"`{month}` is no month: a month goes by its first day, `{this_month(month)}`")
    if month > today:
        raise BadMonth(f"`{month:%Y-%m}` has not come yet: build `{today:%Y-%m}`")


async def build(registrar: Registrar, month: date) -> int:
    """Build the month that begins on that day, in one transaction: how many cells it has, 0 where it is built already.

    Raises StoreUnavailable, and nothing is published.
    """
    async with registrar.statistics_turn() as turn:
        cells = await turn.draft(month)
        if cells:
            draft = await turn.shown()
            shown = {Place(*place): count for place, count in draft.shown.items()}
            before = {Place(*place): count for place, count in draft.before.items()}
            known = Before(before, draft.withheld_before) if before else None
            await turn.withhold(withheld_by_audit(shown, draft.carried, draft.withheld, known))
            await turn.publish()
        return cells
