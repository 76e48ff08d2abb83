"""The outbox, worked off: every report goes to its authority until that has taken it, however long it takes.

Each gateway process does a share: what one has taken from the outbox nobody else takes, and what a process dies with
comes again. A receiver may therefore see a report twice, and never not at all.
"""

import asyncio
import math
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from adapters.agency import AgencyFailure
from adapters.store.entries import Report
from adapters.store.failures import StoreUnavailable
from adapters.webhook import Signer, UnusableKey
from gateway.events import Event, Observer
from gateway.settings import SettingError, Settings, variable

LOOK_EVERY = 1.0  # seconds between looks at an empty outbox
AT_ONCE = 20

FIRST_PAUSE = 5.0  # seconds
LONGEST_PAUSE = 3600.0
SPREAD = 0.2


class Outbox(Protocol):
    """What is asked of the store."""

    async def take_reports(self, most: int) -> Sequence[Report]: ...

    async def report_ended(self, report: Report, *, delivered: bool, again_in: float = 0.0) -> None: ...


class Receivers(Protocol):
    """Whoever delivers a report; raises AgencyFailure where it was not taken."""

    async def deliver(self, report: Report) -> None: ...


class ReportSender:
    """Delivers what the outbox holds. `roll` gives numbers from 0 to 1, so that retries do not all come together."""

    def __init__(
        self, outbox: Outbox, receivers: Receivers, observer: Observer, roll: Callable[[], float] = random.random
    ) -> None:
        self._outbox = outbox
        self._receivers = receivers
        self._observer = observer
        self._roll = roll

    async def run(self) -> None:
        """Deliver for as long as the process lives; whatever fails is told and tried again."""
        while True:
            taken = 0
            try:
                taken = await self.send_due()
            except StoreUnavailable as error:
                self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)
            except Exception as error:  # a defect of ours: what one report brings on must not keep back the others
                self._observer.happened(Event.REPORT_FAILED, type(error).__name__)
            if not taken:
                await asyncio.sleep(LOOK_EVERY)

    async def send_due(self) -> int:
        """Try some of the reports that are due, each once; how many. Raises StoreUnavailable where none can be read."""
        reports = await self._outbox.take_reports(AT_ONCE)
        await asyncio.gather(*map(self._send, reports))
        return len(reports)

    async def _send(self, report: Report) -> None:
        try:
            delivered = await self._delivered(report)
            await self._outbox.report_ended(report, delivered=delivered, again_in=pause(report.attempts, self._roll()))
        except StoreUnavailable as error:
            # It stays taken for two minutes, then comes again: its receiver may see it twice.
            self._observer.happened(Event.STORE_UNAVAILABLE, type(error).__name__)

    async def _delivered(self, report: Report) -> bool:
        try:
            await self._receivers.deliver(report)
        except AgencyFailure as failure:
            self._observer.happened(Event.REPORT_FAILED, type(failure).__name__)
            return False
        self._observer.happened(Event.REPORT_DELIVERED, report.kind)
        return True


def pause(attempts: int, roll: float) -> float:
    """Seconds until a report is tried again that has failed so many times: twice as long each time, never given up."""
    steady = min(math.ldexp(FIRST_PAUSE, min(attempts - 1, 20)), LONGEST_PAUSE)
    return steady * (1 - SPREAD + 2 * SPREAD * roll)


def report_signer(settings: Settings) -> Signer | None:
    """Our key for reports; None where none is configured. Raises SettingError."""
    if not settings.report_key_file.name:
        return None
    if not settings.report_key_id:
        raise SettingError(f"`{variable('report_key_id')}` must name the key of `{variable('report_key_file')}`")
    try:
        return Signer.load(settings.report_key_file, settings.report_key_id)
    except UnusableKey:
        raise SettingError(
            f"`{variable('report_key_file')}` must name a file with an Ed25519 private key, PEM or JWK"
        ) from None
