"""How the venue is read: repeated when it is busy or away, lists to their end. What can be read is not known here."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

import tenacity

from edgelock.kalshi.account import Page
from edgelock.kalshi.read_budget import ORDER_READ_COST, READ_COST, ReadBudget
from edgelock.kalshi.rest_call import Answer, CallLimits, ClockOffset, VenueConnection, VenueUnreachable, wall_clock_ms
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError, read_error

PAGES_MAX = 200
PAGE_SIZE = "1000"
_TOO_MANY_REQUESTS = 429
_ONE_ORDER = "/portfolio/orders/"
_QUEUES = "/portfolio/orders/queue_positions"
_P = TypeVar("_P")
_I = TypeVar("_I")
Query = Mapping[str, str | Sequence[str]]

USUAL_LIMITS = CallLimits()


class _Busy(Exception):
    """A read that is worth repeating; `cause` is what to raise when it is not any more."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class VenueReader:
    """One connection to the venue, and the patience of its reads. For one thread at a time.

    Every read raises VenueError (the venue said no), VenueUnreachable (no answer in time) or WireError (an answer
    that is not what the protocol says). `budget` is the account's, shared with all other readers; `rng` spreads the
    pauses between repetitions.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        *,
        rng: random.Random,
        limits: CallLimits = USUAL_LIMITS,
        budget: ReadBudget | None = None,
        wall_ms: Callable[[], int] = wall_clock_ms,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = VenueConnection(base_url, credentials, limits, wall_ms=wall_ms, monotonic=monotonic)
        self._limits = limits
        self._budget = budget
        self._rng = rng
        self._monotonic = monotonic
        self._sleep = sleep

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    @property
    def clock_offset(self) -> ClockOffset | None:
        """Our clock against the venue's, by the last answer. Caches may answer public reads with an old date."""
        return self._connection.clock_offset

    def _list(
        self,
        path: str,
        query: dict[str, str],
        read: Callable[[bytes], Page[_I]],
        *,
        key_of: Callable[[_I], object],
    ) -> tuple[_I, ...]:
        """The whole list. One that names an item twice moved while it was read, so it may lack another: WireError."""
        found: dict[object, _I] = {}
        for page in self._pages(path, query, read, lambda page: page.cursor):
            for item in page.items:
                key = key_of(item)
                if key in found:
                    raise WireError(f"GET {path}: {key} is on the list twice")
                found[key] = item
        return tuple(found.values())

    def _pages(
        self, path: str, query: dict[str, str], read: Callable[[bytes], _P], cursor_of: Callable[[_P], str]
    ) -> Iterator[_P]:
        """Page after page to the empty cursor; how much is on a page says nothing about there being another."""
        seen: set[str] = set()
        cursor = ""
        while True:
            page = read(self._get(path, {**query, "limit": PAGE_SIZE, **query_of(cursor=cursor or None)}))
            yield page
            cursor = cursor_of(page)
            if not cursor:
                return
            if cursor in seen or len(seen) == PAGES_MAX:
                raise WireError(f"GET {path}: the list does not end, so it cannot be relied on")
            seen.add(cursor)

    def _get(self, path: str, query: Query | None = None) -> bytes:
        deadline = self._monotonic() + self._limits.deadline_s
        repeat = tenacity.Retrying(
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(self._limits.attempts_max),
                tenacity.stop_before_delay(self._limits.deadline_s),
            ),
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(_Busy),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return repeat(self._get_once, path, query, deadline)
        except _Busy as busy:
            raise busy.cause from None

    def _get_once(self, path: str, query: Query | None, deadline: float) -> bytes:
        cost = ORDER_READ_COST if path.startswith(_ONE_ORDER) and path != _QUEUES else READ_COST
        if self._budget is not None and not self._budget.take(cost, deadline=deadline):
            raise VenueUnreachable(f"GET {path}: no room in the account's read limit in time")
        try:
            answer = self._connection.send("GET", path, query=query, deadline=deadline)
        except VenueUnreachable as away:
            if self._monotonic() >= deadline:
                raise
            raise _Busy(away) from None
        if answer.is_success:
            return answer.body
        error = read_error(answer.status, answer.body) or _unreadable(answer)
        if answer.status >= 500 or answer.status == _TOO_MANY_REQUESTS:
            raise _Busy(error)
        raise error

    def _pause(self, state: tenacity.RetryCallState) -> float:
        longest = min(self._limits.pause_s * 2.0 ** (state.attempt_number - 1), self._limits.pause_max_s)
        return self._rng.uniform(longest / 2, longest)


def segment(text: str) -> str:
    """A ticker or an id as one segment of a path. Raises ValueError for one that would lead elsewhere."""
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} is no ticker and no order id")
    return quote(text, safe="")


def query_of(**parameters: str | int | None) -> dict[str, str]:
    """The parameters that are given."""
    return {name: str(value) for name, value in parameters.items() if value is not None}


def _unreadable(answer: Answer) -> VenueError:
    return VenueError(answer.status, f"http_{answer.status}", "an answer in a shape that is not the venue's", "")
