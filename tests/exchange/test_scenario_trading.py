"""Tests of how the generated evening trades: it starts lively, jumps with scores, and every way out is met."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import CONTRACT, MINUTE, ONE_DOLLAR, SECOND, Timestamp
from edgelock.exchange.flow import BookSide, List, MarketPhase, TimedAction
from edgelock.exchange.scenario_trading import ask_above, bid_below, trade_size
from edgelock.exchange.scenarios import ScenarioFlow, scenario_flow
from tests.exchange.plain_book import PlainBooks

STARTS_AT = Timestamp(1_795_392_000 * SECOND)
NHL_LOW, NHL_HIGH = 4_800, 6_500


def evening(seed: int) -> ScenarioFlow:
    return scenario_flow("evening", seed=seed, starts_at=STARTS_AT)


def until(flow: ScenarioFlow, minutes: int) -> Iterator[TimedAction]:
    return takewhile(lambda timed: timed.at <= STARTS_AT + minutes * MINUTE, flow.actions())


@given(st.floats(-0.2, 1.2))
def test_an_estimate_becomes_a_bid_downwards_and_an_ask_upwards_on_whole_cents(dollars: float) -> None:
    bid, ask = bid_below(dollars), ask_above(dollars)
    assert bid % 100 == 0
    assert ask % 100 == 0
    assert 100 <= bid <= 9_800
    assert 200 <= ask <= 9_900
    if 0.02 <= dollars <= 0.98:
        assert bid <= math.nextafter(dollars, 2) * ONE_DOLLAR
        assert ask >= math.nextafter(dollars, -2) * ONE_DOLLAR


@given(st.floats(-8, 8))
def test_a_trade_is_a_whole_number_of_contracts_within_bounds(deviate: float) -> None:
    size = trade_size(deviate)
    assert size % CONTRACT == 0
    assert CONTRACT <= size <= 5_000 * CONTRACT


def test_the_median_trade_is_thirty_contracts() -> None:
    assert trade_size(0.0) == 30 * CONTRACT


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_an_evening_opens_with_three_nhl_markets_inside_a_gate_at_a_spread_of_two_to_four_cents(
    seed: int,
) -> None:
    books = PlainBooks()
    for timed in takewhile(lambda timed: timed.at == STARTS_AT, evening(seed).actions()):
        books.apply(timed.action)
    nhl = [ticker for ticker in books.listed if ticker.startswith("KXNHLGAME-")]
    assert len(nhl) == 8
    inside = 0
    for ticker in nhl:
        assert books.phases[ticker] is MarketPhase.ACTIVE
        bid, ask = max(books.bids[ticker]), min(books.asks[ticker])
        assert 200 <= ask - bid <= 400
        inside += bid + ask <= 2 * NHL_LOW or bid + ask >= 2 * NHL_HIGH
        assert 50 * CONTRACT <= books.bids[ticker][bid] <= 200 * CONTRACT
    assert inside >= 3


def test_the_two_markets_of_a_game_are_worth_one_dollar_together_give_or_take_the_spread() -> None:
    flow, books = evening(1), PlainBooks()
    for timed in until(flow, 5):
        books.apply(timed.action)
    for away, home in zip(flow.listings[::2], flow.listings[1::2], strict=True):
        assert away.event_ticker == home.event_ticker
        mids = [(max(books.bids[t]) + min(books.asks[t])) / 2 for t in (away.ticker, home.ticker)]
        assert sum(mids) == pytest.approx(ONE_DOLLAR, abs=1_000)


@pytest.mark.parametrize("seed", [1, 2])
def test_ninety_minutes_of_an_evening_hold_prints_bursts_a_long_one_sided_book_and_a_settlement(
    seed: int,
) -> None:
    books = PlainBooks()
    a_second: Counter[int] = Counter()
    one_sided_since: dict[str, Timestamp] = {}
    longest_one_sided = 0
    for timed in until(evening(seed), 90):
        books.apply(timed.action)
        a_second[timed.at // SECOND] += 1
        if isinstance(timed.action, List):
            continue
        ticker = timed.action.ticker
        is_active = books.phases[ticker] is MarketPhase.ACTIVE
        if not is_active or (books.bids[ticker] and books.asks[ticker]):
            one_sided_since.pop(ticker, None)
        else:
            since = one_sided_since.setdefault(ticker, timed.at)
            longest_one_sided = max(longest_one_sided, timed.at - since)
    prints = Counter(ticker for ticker, _, _, _ in books.prints)
    assert sum(count >= 90 * 60 // 2 for count in prints.values()) >= 4
    assert max(a_second.values()) >= 80
    assert longest_one_sided >= 10 * MINUTE
    assert sorted(books.settled.values()) == [0, ONE_DOLLAR]


def test_takers_stand_on_both_sides_of_every_lively_market() -> None:
    books = PlainBooks()
    for timed in until(evening(1), 10):
        books.apply(timed.action)
    sides = Counter((ticker, side) for ticker, side, _, _ in books.prints)
    busy = {ticker for (ticker, _), count in sides.items() if count > 100}
    assert len(busy) >= 6
    assert all(sides[ticker, side] > 100 for ticker in busy for side in BookSide)
