"""Everything the risk side knows, as one value: what was counted, what holds and since when."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgelock.core.breakers import Breaker
from edgelock.core.settings import RiskSettings
from edgelock.core.units import SECOND, Duration, Money, Timestamp
from edgelock.core.venue_trust import VenueTrust

DAY = Duration(86_400 * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRisk:
    """One market's breaker, its rejects in a row, and its result of the day, net of fees, whatever a resume forgave."""

    breaker: Breaker = Breaker()
    rejects_in_row: int = 0
    pauses_in_row: int = 0
    paused_since: Timestamp | None = None
    paused_until: Timestamp | None = None
    realized_today: Money = Money(0)


CLEAN = MarketRisk()
"""Of a market of which nothing is known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskState:
    """All markets, the portfolio's breaker, the latch, the day's result, the venue's news, the journal's trouble.

    Each `*_since` is when the hold of that name began; None while it does not hold, or where nobody knows.

    markets         only those with something on record
    clock_ahead_ms  by between these two our clock was ahead of the venue's at the last comparison
    day             of the UTC calendar of the engine's clock, in days since the epoch
    realized_today  net of fees, of all markets on `day`, since a resume began the count anew
    loss_limit_until  the end of the day on which the limit was reached; None while it is not
    count_restarted_at  when an operator's resume ended the limit and began the day's count anew; None if never today
    journal_trouble   what keeps the journal from being written, "" when nothing does
    storm_since       when so many markets crashed together that their restarts are held
    memory_unread     why what was known before this life could not be read; "" when it was; until a resume
    """

    settings: RiskSettings
    markets: MappingProxyType[str, MarketRisk] = field(default_factory=lambda: MappingProxyType({}))
    portfolio: Breaker = Breaker()
    venue: VenueTrust = VenueTrust()
    is_killed: bool = False
    killed_by: str = ""
    killed_since: Timestamp | None = None
    is_clock_off: bool = False
    clock_ahead_ms: tuple[int, int] | None = None
    clock_off_since: Timestamp | None = None
    is_stopping: bool = False
    stopping_since: Timestamp | None = None
    day: int = 0
    realized_today: Money = Money(0)
    loss_limit_since: Timestamp | None = None
    loss_limit_until: Timestamp | None = None
    count_restarted_at: Timestamp | None = None
    journal_trouble: str = ""
    memory_unread: str = ""
    journal_since: Timestamp | None = None
    storm_since: Timestamp | None = None

    def market(self, ticker: str) -> MarketRisk:
        """What is known of one market; nothing yet is a clean record."""
        return self.markets.get(ticker, CLEAN)

    def with_market(self, ticker: str, market: MarketRisk) -> "RiskState":
        """The state with one market's record replaced."""
        return replace(self, markets=MappingProxyType({**self.markets, ticker: market}))

    def of_day(self, now: Timestamp) -> "RiskState":
        """The state as of the UTC day of `now`: a new day starts a new count.

        An earlier day is a clock that was set back; the count goes on in it, or such a clock would forgive losses.
        """
        day = now // DAY
        if day == self.day:
            return self
        if day > self.day:
            return replace(
                self,
                markets=MappingProxyType({ticker: _of_new_day(market) for ticker, market in self.markets.items()}),
                day=day,
                realized_today=Money(0),
                loss_limit_since=None,
                loss_limit_until=None,
                count_restarted_at=None,
            )
        until = None if self.loss_limit_until is None else end_of(day)
        return replace(self, day=day, loss_limit_until=until)


def _of_new_day(market: MarketRisk) -> MarketRisk:
    return replace(market, realized_today=Money(0)) if market.realized_today else market


def end_of(day: int) -> Timestamp:
    """The first instant of the next UTC day."""
    return Timestamp((day + 1) * DAY)
