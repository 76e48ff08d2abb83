"""What metrics tell of the whole store's protection: counts by kind, seldom asked for, and no authority's own."""

from collections.abc import Mapping

from prometheus_client import generate_latest

from adapters.store.failures import StoreUnavailable
from adapters.store.postgres import Store
from adapters.store.roles import Role
from gateway.events import Observer
from gateway.protection import ProtectionCounts
from tests.databases import Database
from tests.store.rows import Rows


class Asked:
    """Counts how often it is asked; answers with that, or not at all."""

    def __init__(self, *, down: bool = False) -> None:
        self.times = 0
        self.down = down

    async def protection_counts(self) -> Mapping[str, int]:
        self.times += 1
        if self.down:
            raise StoreUnavailable
        return {"times_asked": self.times}


def shown(observer: Observer) -> str:
    return generate_latest(observer.registry).decode()


async def test_what_waits_is_counted(store: Store, database: Database) -> None:
    """Overdue reviews and holds among it; whose they are stays unsaid."""
    connection = await database.connect(Role.OWNER)
    rows = Rows(connection)
    overdue = await rows.child()
    await rows.shield(overdue)
    await connection.execute("UPDATE shields SET review_on = current_date - 1")
    await rows.hold(await rows.child())
    await connection.close()
    observer = Observer()
    await ProtectionCounts(store, observer).refresh()
    assert 'contactpoint_protection{kind="reviews_overdue"} 1.0' in shown(observer)
    assert 'contactpoint_protection{kind="holds_in_force"} 1.0' in shown(observer)
    assert 'contactpoint_protection{kind="reports_waiting"} 1.0' in shown(observer)  # the hold's
    assert "E08000035" not in shown(observer)


async def test_the_store_is_asked_seldom() -> None:
    """However often metrics are read; a count that is old is made anew."""
    asked, observer = Asked(), Observer()
    counts = ProtectionCounts(asked, observer)
    await counts.refresh()
    await counts.refresh()
    assert asked.times == 1
    always = ProtectionCounts(asked, observer, kept_for=0)
    await always.refresh()
    await always.refresh()
    assert asked.times == 3
    assert 'kind="times_asked"} 3.0' in shown(observer)


async def test_a_store_that_is_away_leaves_no_stale_count() -> None:
    """Metrics come all the same, without what cannot be known; the next look asks again."""
    asked, observer = Asked(), Observer()
    counts = ProtectionCounts(asked, observer, kept_for=0)
    await counts.refresh()
    asked.down = True
    await counts.refresh()
    assert "times_asked" not in shown(observer)
    assert 'event="store_unavailable"' in shown(observer)
    asked.down = False
    await counts.refresh()
    assert 'kind="times_asked"} 3.0' in shown(observer)
