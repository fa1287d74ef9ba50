"""How a person reads `status` in eighty columns: what is fine in few words, what is not in all of them."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import cast

from edgelock.ops.durations import clock
from edgelock.ops.status import MarketStatus, QuoteStatus, StatusPayload
from edgelock.ops.status_tree import tree_lines

WIDTH = 80
ROWS_MAX = 12
"""More markets than this, and those that are flat and free are only counted."""

HEADER = (
    f"{'market':<21} {'state':<5} {'net':>5} {'vwap':>5} {'tp':>5} {'bid/ask':>9} {'quotes':>9} {'age':>5} {'pnl':>6}"
)
_SHORT_STATES = {"FLAT": "flat", "SKEW_LONG": "long", "SKEW_SHORT": "short"}


def status_text(result: Mapping[str, object], *, in_full: bool = False) -> str:
    """The answer for a terminal: a header, the actors, and the markets; all of them when `in_full`."""
    status = cast(StatusPayload, result)
    return "\n".join(line[:WIDTH].rstrip() for line in _lines(status, in_full=in_full))


def _lines(status: StatusPayload, *, in_full: bool) -> Iterator[str]:
    kill = f"ON ({status['kill']})" if status["kill"] else "off"
    yield (
        f"{status['mode']} on {status['venue']}, {status['strategy']}, pid {status['pid']}, "
        f"up {clock(status['uptime_s'])}"
    )
    yield f"kill {kill}   breaker {status['breaker']}   realized ${_money(status['realized'])}"
    if status["journal"] is not None:
        yield f"JOURNAL: {status['journal']}"
    yield f"log {status['log']}"
    yield ""
    yield from tree_lines(status["supervision"], status["actors"], in_full=in_full)
    yield ""
    yield from _market_lines(status["markets"], in_full=in_full)


def _market_lines(markets: Sequence[MarketStatus], *, in_full: bool) -> Iterator[str]:
    if not markets:
        yield "no markets yet"
        return
    common = _common_hold(markets)
    is_all_shown = in_full or len(markets) <= ROWS_MAX
    shown = [market for market in markets if is_all_shown or not _is_dull(market, common)]
    if common is not None:
        yield f"all markets are {common}"
    if shown:
        yield HEADER
    for market in shown:
        yield _row(market)
        yield from _remarks(market, common)
    if len(shown) < len(markets):
        rest = [market for market in markets if market not in shown]
        quoting = sum(1 for market in rest if market["quotes"])
        yield f"{len(rest)} more are flat and {'free' if common is None else 'held'}, {quoting} of them quote; --all"


def _hold(market: MarketStatus) -> str | None:
    return None if market["permit"] == "OPEN" else f"{market['permit']}: {market['permit_reason']}"


def _common_hold(markets: Sequence[MarketStatus]) -> str | None:
    """What holds every market alike, so that it need not be told of each."""
    holds = {_hold(market) for market in markets}
    return holds.pop() if len(holds) == 1 and len(markets) > 1 else None


def _is_dull(market: MarketStatus, common: str | None) -> bool:
    is_flat = market["state"] == "FLAT"
    return is_flat and market["actor"] == "running" and _hold(market) in (None, common)


def _row(market: MarketStatus) -> str:
    state = _SHORT_STATES.get(market["state"], market["state"])
    touch = f"{_cents(market['bid'])}/{_cents(market['ask'])}"
    age = clock(market["age_s"]) if market["age_s"] is not None else "-"
    return (
        f"{_ticker(market['ticker']):<21} {state:<5} {_short(market['net']):>5} {_cents(market['vwap']):>5} "
        f"{_cents(market['tp']):>5} {touch:>9} {_quotes(market['quotes']):>9} {age:>5} {_money(market['realized']):>6}"
    )


def _remarks(market: MarketStatus, common: str | None) -> Iterator[str]:
    hold = _hold(market)
    if hold is not None and hold != common:
        yield f"    {hold}"
    if market["actor"] != "running" or market["restarts"]:
        times = "once" if market["restarts"] == 1 else f"{market['restarts']} times"
        yield f"    actor {market['actor']}, restarted {times}"


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
