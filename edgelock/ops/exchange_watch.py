"""Whether the venue trades now, and whether it soon will not: a watch on its status and on its schedule.

Entries stop some time before a pause that the schedule announces; during one the venue's own status says what still
works. Reads the venue on its own thread, because reading waits.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from edgelock.actors.clock import Clock
from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.units import MINUTE, SECOND, Duration, Timestamp
from edgelock.core.venue_trust import DEFAULT_SHARD
from edgelock.kalshi.exchange_schedule import ExchangeSchedule, Pause, next_pause
from edgelock.kalshi.wire_market import ExchangeStatus
from edgelock.ops.roster import UNREADABLE

ENTRIES_STOP_BEFORE = Duration(15 * MINUTE)
"""Before a scheduled pause: long enough for the sweet spot of what was entered just before."""
LOOK_EVERY_S = 5.0
UNHEARD_AFTER_NS = 60 * SECOND
"""Real time without a readable status after which nobody enters any more."""
SCHEDULE_EVERY_NS = 86_400 * SECOND
SCHEDULE_AGAIN_NS = 60 * SECOND
"""Real time between two reads of the schedule, and after one that failed."""
STOP_TIMEOUT_S = 2.0


class StatusSource(Protocol):
    """What is read of the venue; a `KalshiRest` of the watch's own, for its thread alone."""

    def exchange_status(self) -> ExchangeStatus:
        """Whether it runs and trades."""
        ...

    def exchange_schedule(self) -> ExchangeSchedule:
        """When it trades."""
        ...


class ExchangeWatch:
    """Looks at the venue every few real seconds and tells how each shard stands.

    tell     takes the standing of every shard after each look, news or not
    say      takes one line for people about what could not be read
    look_s   real seconds between two looks
    """

    def __init__(
        self,
        source: StatusSource,
        *,
        clock: Clock,
        tell: Callable[[Mapping[int, ShardStanding]], None],
        say: Callable[[str], None],
        look_s: float = LOOK_EVERY_S,
    ) -> None:
        self._source = source
        self._clock = clock
        self._tell = tell
        self._say = say
        self._look_s = look_s
        self._status: ExchangeStatus | None = None
        self._heard_ns = clock.monotonic_ns()
        self._schedule = ExchangeSchedule((), ())
        self._schedule_due_ns = clock.monotonic_ns()
        self._trouble: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exchange watch", daemon=True)

    def start(self) -> None:
        """Look once on this thread, then go on on another."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    def look(self) -> None:
        """Read what is due and tell what follows from it, also when nothing could be read."""
        self._read_schedule()
        try:
            self._status = self._source.exchange_status()
            self._heard_ns = self._clock.monotonic_ns()
            self._settled("status")
        except UNREADABLE as error:
            self._troubled("status", error)
        is_heard = self._clock.monotonic_ns() - self._heard_ns <= UNHEARD_AFTER_NS
        self._tell(standings(self._status if is_heard else None, self._schedule, self._clock.now()))

    def _read_schedule(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._schedule_due_ns:
            return
        try:
            self._schedule = self._source.exchange_schedule()
            self._schedule_due_ns = now_ns + SCHEDULE_EVERY_NS
            self._settled("schedule")
        except UNREADABLE as error:
            self._schedule_due_ns = now_ns + SCHEDULE_AGAIN_NS
            self._troubled("schedule", error)

    def _troubled(self, what: str, error: Exception) -> None:
        """Said once per kind of trouble, so that an outage is not a flood of lines."""
        kind = type(error).__name__
        if self._trouble.get(what) != kind:
            self._trouble[what] = kind
            self._say(f"the venue's {what} could not be read: {error}")

    def _settled(self, what: str) -> None:
        if self._trouble.pop(what, None) is not None:
            self._say(f"the venue's {what} can be read again")

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            self.look()


def standings(
    status: ExchangeStatus | None,
    schedule: ExchangeSchedule,
    now: Timestamp,
    *,
    stop_before: Duration = ENTRIES_STOP_BEFORE,
) -> dict[int, ShardStanding]:
    """How every shard stands at `now`, by the venue's status (None: not known) and its schedule.

    The schedule is of the venue as a whole. While it announces a pause entries are off even if trading goes on.
    """
    pause = next_pause(schedule, now)
    if pause is not None and now < pause.start - stop_before:
        pause = None
    if status is None:
        return {DEFAULT_SHARD: _standing(Standing.UNKNOWN, pause, now, None)}
    whole = _word(status.exchange_active, status.trading_active)
    words = {DEFAULT_SHARD: whole}
    words |= {shard.exchange_index: _word(shard.exchange_active, shard.trading_active) for shard in status.shards}
    return {shard: _standing(word, pause, now, status.resumes_at) for shard, word in words.items()}


def _word(exchange_active: bool, trading_active: bool) -> Standing:
    if not exchange_active:
        return Standing.EXCHANGE_PAUSED
    return Standing.OPEN if trading_active else Standing.TRADING_PAUSED


def _standing(word: Standing, pause: Pause | None, now: Timestamp, resumes_at: Timestamp | None) -> ShardStanding:
    """A pause that stands before its announced start was not announced, whatever comes later."""
    if word is Standing.OPEN:
        if pause is None:
            return ShardStanding()
        return ShardStanding(standing=Standing.PAUSING_SOON, is_scheduled=True, until=pause.end)
    is_scheduled = pause is not None and pause.start <= now
    until = pause.end if pause is not None and is_scheduled else resumes_at
    return ShardStanding(standing=word, is_scheduled=is_scheduled, until=until)
