"""Candlesticks: the same as counting everything that happened in each period."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import MINUTE, SECOND, Duration, Price, Size, Timestamp
from edgelock.exchange.candles import Candles
from tests.exchange.engine_builders import EVENT, NOON, TICKER, FlowScript, at
from tests.exchange.served import serving

MOMENTS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 98), st.booleans(), st.integers(1, 500)), min_size=1, max_size=40
)
"""Seconds since the moment before, a bid in cents, whether a trade happens at it, and its size."""


@given(moments=MOMENTS, minutes=st.sampled_from([1, 60]))
def test_every_candle_holds_exactly_what_its_period_held(
    moments: list[tuple[int, int, bool, int]], minutes: int
) -> None:
    candles, now = Candles(), NOON
    touches: list[tuple[Timestamp, int]] = []
    trades: list[tuple[Timestamp, int, int]] = []
    for gap, bid, trades_now, size in moments:
        now = Timestamp(now + gap * SECOND)
        candles.note_touch(now, Price(bid), Price(bid + 1))
        touches.append((now, bid))
        if trades_now:
            candles.note_trade(now, Price(bid), Size(size), Size(0))
            trades.append((now, bid, size))
    length = Duration(minutes * MINUTE)
    for candle in candles.periods(Timestamp(0), Timestamp(now + length), length):
        begins_at = candle.ends_at - length
        inside = [bid for when, bid in touches if begins_at < when <= candle.ends_at]
        before = [bid for when, bid in touches if when <= begins_at]
        assert candle.bid.open == (before or inside)[-1 if before else 0]
        assert candle.bid.close == (inside or before)[-1]
        assert (candle.bid.low, candle.bid.high) == (min([*inside, *before[-1:]]), max([*inside, *before[-1:]]))
        traded = [(price, size) for when, price, size in trades if begins_at < when <= candle.ends_at]
        assert candle.size == sum(size for _, size in traded)
        assert (candle.price is None) == (not traded)
        if traded:
            assert candle.price is not None
            assert (candle.price.open, candle.price.close) == (traded[0][0], traded[-1][0])
            assert candle.mean == sum(price * size for price, size in traded) // candle.size
        earlier = [price for when, price, _ in trades if when <= begins_at]
        assert candle.previous == (earlier[-1] if earlier else None)


def test_a_market_without_a_past_has_no_candles() -> None:
    assert list(Candles().periods(Timestamp(0), NOON, MINUTE)) == []


async def answers(*requests: tuple[str, dict[str, Any]]) -> list[tuple[int, Any]]:
    """A market that trades in its first minute, asked ten minutes later."""
    async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as served:
        await served.ann.place(TICKER, "bid", "0.47", "10")
        served.engine.advance(at(600))
        return [await served.ann.request("GET", path, params=params, headers={}) for path, params in requests]


NOON_S = NOON // SECOND
ONE = f"/series/KXNHLGAME/markets/{TICKER}/candlesticks"


def asked(**changes: Any) -> dict[str, Any]:
    return {"start_ts": NOON_S - 60, "end_ts": NOON_S + 300, "period_interval": 1, **changes}


def test_candlesticks_are_served_alike_for_one_market_for_several_and_for_an_event() -> None:
    one, several, event = asyncio.run(
        answers(
            (ONE, asked()),
            ("/markets/candlesticks", asked(market_tickers=f"{TICKER},NOBODY")),
            (f"/series/KXNHLGAME/events/{EVENT}/candlesticks", asked()),
        )
    )
    found = one[1]["candlesticks"]
    assert several[1]["markets"] == [{"market_ticker": TICKER, "candlesticks": found}]
    assert (event[1]["market_tickers"], event[1]["market_candlesticks"]) == ([TICKER], [found])
    first, second = (candle for candle in found if candle["end_period_ts"] in (NOON_S + 60, NOON_S + 120))
    assert first["price"]["close_dollars"] == "0.4700"
    assert (first["volume_fp"], first["open_interest_fp"]) == ("10.00", "10.00")
    assert second["price"] == {"previous_dollars": "0.4700"}
    assert second["yes_bid"]["close_dollars"] == "0.4500"


def test_the_latest_candle_before_the_start_is_brought_forward_where_it_is_asked_for() -> None:
    later = asked(start_ts=NOON_S + 290, include_latest_before_start="true")
    ((_, body),) = asyncio.run(answers((ONE, later)))
    brought, *rest = body["candlesticks"]
    assert (brought["end_period_ts"], brought["price"]) == (NOON_S + 300, {"previous_dollars": "0.4700"})
    assert [candle["end_period_ts"] for candle in rest] == [NOON_S + 300]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        (ONE, asked(period_interval=5), 400),
        (ONE, asked(start_ts=0), 400),
        (ONE, {"start_ts": 1, "end_ts": 2}, 400),
        (ONE.replace("KXNHLGAME/", "KXNFLGAME/", 1), asked(), 404),
        ("/markets/candlesticks", asked(), 400),
    ],
)
def test_impossible_periods_and_unknown_markets_are_refused(path: str, params: dict[str, Any], status: int) -> None:
    ((found, _),) = asyncio.run(answers((path, params)))
    assert found == status
