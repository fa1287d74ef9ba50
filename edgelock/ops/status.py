"""What `status` answers, and how a person reads it in eighty columns.

The running bot fills a `StatusPayload`; `--json` prints it as it is. Amounts are text as the venue writes them
("0.4800" dollars, "10.00" contracts, "-1.234500" dollars), so that no number goes through float on its way; durations
are whole seconds of the clock that is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, TypedDict, cast


class QuoteStatus(TypedDict):
    """One resting order of ours."""

    side: Literal["bid", "ask"]
    price: str
    qty: str
    kind: str


class MarketStatus(TypedDict):
    """One market. vwap, tp, bid, ask are None where there is none; age_s is engine time since the oldest open lot."""

    ticker: str
    state: str
    net: str
    vwap: str | None
    tp: str | None
    bid: str | None
    ask: str | None
    quotes: list[QuoteStatus]
    age_s: int | None
    realized: str
    restarts: int
    permit: str
    permit_reason: str
    actor: str


class ActorStatus(TypedDict):
    """One actor: state is running, backing_off, quarantined or stopped; inbox is its depth now."""

    name: str
    state: str
    incarnation: int
    restarts: int
    inbox: int


class StatusPayload(TypedDict):
    """The whole bot. uptime_s is real time; kill says who switched it on, None when it is off."""

    pid: int
    mode: str
    venue: str
    strategy: str
    uptime_s: int
    kill: str | None
    breaker: str
    realized: str
    log: str
    markets: list[MarketStatus]
    actors: list[ActorStatus]


HEADER = (
    f"{'market':<21} {'state':<5} {'net':>5} {'vwap':>5} {'tp':>5} {'bid/ask':>9} {'quotes':>9} {'age':>5} {'pnl':>6}"
)
_SHORT_STATES = {"FLAT": "flat", "SKEW_LONG": "long", "SKEW_SHORT": "short"}


def status_text(result: Mapping[str, object]) -> str:
    """The answer for a terminal: a header, then a row per market, no line longer than 80 columns."""
    status = cast(StatusPayload, result)
    return "\n".join(line[:80].rstrip() for line in _lines(status))


def _lines(status: StatusPayload) -> Iterator[str]:
    kill = f"ON ({status['kill']})" if status["kill"] else "off"
    yield (
        f"{status['mode']} on {status['venue']}, {status['strategy']}, pid {status['pid']}, "
        f"up {clock(status['uptime_s'])}"
    )
    yield f"kill {kill}   breaker {status['breaker']}   realized ${_money(status['realized'])}"
    yield f"log {status['log']}"
    yield ""
    if not status["markets"]:
        yield "no markets yet"
    else:
        yield HEADER
    for market in status["markets"]:
        yield _row(market)
        yield from _remarks(market)
    idle = [actor for actor in status["actors"] if actor["state"] != "running"]
    for actor in idle:
        yield f"actor {actor['name']} is {actor['state']} (incarnation {actor['incarnation']})"


def _row(market: MarketStatus) -> str:
    state = _SHORT_STATES.get(market["state"], market["state"])
    touch = f"{_cents(market['bid'])}/{_cents(market['ask'])}"
    age = clock(market["age_s"]) if market["age_s"] is not None else "-"
    return (
        f"{_ticker(market['ticker']):<21} {state:<5} {_short(market['net']):>5} {_cents(market['vwap']):>5} "
        f"{_cents(market['tp']):>5} {touch:>9} {_quotes(market['quotes']):>9} {age:>5} {_money(market['realized']):>6}"
    )


def _remarks(market: MarketStatus) -> Iterator[str]:
    if market["permit"] != "OPEN":
        yield f"    {market['permit']}: {market['permit_reason']}"
    if market["actor"] != "running" or market["restarts"]:
        yield f"    actor {market['actor']}, {market['restarts']} restarts"


def _ticker(ticker: str) -> str:
    """The end of a ticker tells markets apart, so a long one loses its beginning."""
    return ticker if len(ticker) <= 21 else f"…{ticker[-20:]}"


def _quotes(quotes: Sequence[QuoteStatus]) -> str:
    bids = [quote["price"] for quote in quotes if quote["side"] == "bid"]
    asks = [quote["price"] for quote in quotes if quote["side"] == "ask"]
    if not quotes:
        return "-"
    return f"{_cents(max(bids, default=None))}/{_cents(min(asks, default=None))}"


def _cents(price: str | None) -> str:
    return "-" if price is None else _short(str(Decimal(price) * 100))


def _short(number: str) -> str:
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _money(amount: str) -> str:
    return f"{Decimal(amount):.2f}"


def clock(seconds: int) -> str:
    """Minutes and seconds, or hours and minutes: 12:05, 3h20."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02}" if minutes < 100 else f"{minutes // 60}h{minutes % 60:02}"
