"""The sweeper's pace, what it makes of reads that fail, and how a market is loaded."""

import queue
import threading
import time
from collections.abc import Iterator

import pytest

from edgelock.actors.live_sweeper import FIRST_PAUSE_S, LONGEST_PAUSE_S, LiveSweeper, LookPacing
from edgelock.actors.sweep import LookUps, MarketPast
from edgelock.core.market import Side
from edgelock.core.units import SECOND, Duration, Money, Price, Size, Timestamp
from edgelock.kalshi.account import Settlement, VenueFill, VenueOrder, VenueOrderStatus, VenuePosition
from edgelock.kalshi.wire_error import VenueError

PATIENCE_S = 20
HOUR = Duration(3600 * SECOND)


def an_order(name: str, ticker: str = "T") -> VenueOrder:
    return VenueOrder(
        order_id=name,
        client_order_id=f"c-{name}",
        ticker=ticker,
        side=Side.BID,
        price=Price(4400),
        size=Size(100),
        filled=Size(0),
        remaining=Size(100),
        status=VenueOrderStatus.RESTING,
    )


def a_fill(trade: str, ticker: str) -> VenueFill:
    return VenueFill(
        trade_id=trade,
        order_id="v",
        ticker=ticker,
        side=Side.BID,
        price=Price(4400),
        size=Size(100),
        fee=Money(0),
        is_taker=False,
        at=Timestamp(1),
    )


class ListsInMemory:
    """What the venue would show; `failing` names the reads that fail, and `calls` what was read."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failing: set[str] = set()
        self.resting: tuple[VenueOrder, ...] = ()
        self.known: dict[str, VenueOrder] = {}
        self.all_fills: tuple[VenueFill, ...] = ()
        self.all_positions: tuple[VenuePosition, ...] = ()
        self.all_settlements: tuple[Settlement, ...] = ()
        self.is_closed = False

    def _read(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise VenueError(503, "unavailable", "no", "")

    def user_data_timestamp(self):
        self._read("user_data_timestamp")
        return Timestamp(5 * SECOND)

    def orders(self, *, ticker=None, status=None, since_s=None):
        self._read("orders" if ticker is None else f"orders of {ticker}")
        return self.resting

    def order(self, order_id):
        self._read("order")
        if order_id not in self.known:
            raise VenueError(404, "not_found", "not found", "")
        return self.known[order_id]

    def fills(self, *, ticker=None, since_s=None):
        self._read("fills")
        return self.all_fills

    def positions(self):
        self._read("positions")
        return self.all_positions

    def settlements(self, *, ticker=None, since_s=None):
        self._read("settlements" if ticker is None else f"settlements of {ticker}")
        return self.all_settlements

    def queue_positions(self, tickers):
        self._read("queue_positions")
        return ()

    def close(self):
        self.is_closed = True


class DeskThatKeeps:
    """Writes down what the sweeper tells it; a test takes it from `told`, waiting if need be."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple] = queue.Queue()
        self.wanted = LookUps(order_ids=(), tickers=(), orders_since_s=0, fills_since_s=0)
        self.used: frozenset[str] = frozenset()
        self.doubts = iter(())
        self.since_s: dict[str, int] = {}
        self.payouts_wanted: int | None = None
        self.pasts: list[MarketPast] = []
        self.verdicts: Iterator[bool] = iter(())
        self.breaks = False

    def look_ups(self, resting):
        return self.wanted

    def swept(self, sweep, *, answers_look):
        if self.breaks:
            raise ValueError("a defect of ours")
        self.told.put(("swept", sweep, answers_look))
        return next(self.doubts, False)

    def sweep_failed(self, reason, *, answers_look):
        self.told.put(("failed", reason, answers_look))

    def sweeper_broke(self, error):
        self.told.put(("broke", error, None))

    def still_used(self, resting):
        return self.used

    def orders_since_s(self, ticker):
        return self.since_s.get(ticker)

    def payouts_since_s(self):
        since_s, self.payouts_wanted = self.payouts_wanted, None
        return since_s

    def paid_out(self, settlements):
        self.told.put(("paid", [each.ticker for each in settlements], None))

    def loaded(self, past):
        self.told.put(("loaded", past.ticker, [fill.trade_id for fill in past.fills]))
        self.pasts.append(past)
        return next(self.verdicts, True)

    def next(self, kind: str) -> tuple:
        while (told := self.told.get(timeout=PATIENCE_S))[0] != kind:
            pass
        return told


@pytest.fixture
def house():
    lists, desk = ListsInMemory(), DeskThatKeeps()
    sweeper = LiveSweeper(lambda: lists, desk, interval=HOUR)  # type: ignore[arg-type, return-value]
    yield lists, desk, sweeper
    sweeper.end()
    sweeper.join(time.monotonic() + PATIENCE_S)


def test_looks_in_doubt_begin_close_together_and_grow_apart_to_a_second():
    pacing = LookPacing(10.0)
    pauses = [pacing.looked(100.0, was_full=False, is_in_doubt=True) for _ in range(7)]

    assert pauses[0] == FIRST_PAUSE_S
    assert pauses[1] == 2 * FIRST_PAUSE_S
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_settled_doubt_makes_the_next_one_begin_close_together_again():
    pacing = LookPacing(10.0)
    for _ in range(5):
        pacing.looked(100.0, was_full=True, is_in_doubt=True)

    assert pacing.looked(101.0, was_full=False, is_in_doubt=False) == 9.0
    assert pacing.looked(101.0, was_full=False, is_in_doubt=True) == FIRST_PAUSE_S


def test_a_full_sweep_is_due_at_once_and_then_every_interval():
    pacing = LookPacing(10.0)

    assert pacing.is_full_due(0.0)
    pacing.looked(100.0, was_full=True, is_in_doubt=False)
    assert not pacing.is_full_due(109.9)
    assert pacing.is_full_due(110.0)


def test_the_age_of_the_lists_is_read_before_them_and_the_fills_after_everything_else(house):
    lists, desk, sweeper = house
    lists.resting = (an_order("v1"),)
    desk.wanted = LookUps(order_ids=("v2",), tickers=("T",), orders_since_s=0, fills_since_s=0)
    sweeper.start()

    _, sweep, answers_look = desk.next("swept")
    assert lists.calls == [
        "user_data_timestamp", "orders", "order", "orders of T", "queue_positions", "positions", "fills",
    ]  # fmt: skip
    assert sweep.looked_up == {"v2": None}
    assert not answers_look


@pytest.mark.parametrize("failing", ["user_data_timestamp", "orders", "order", "fills", "positions"])
def test_nothing_is_concluded_from_a_look_of_which_a_read_failed_and_it_is_repeated(house, failing):
    lists, desk, sweeper = house
    lists.failing = {failing}
    desk.wanted = LookUps(order_ids=("v2",), tickers=(), orders_since_s=0, fills_since_s=0)
    sweeper.start()

    assert "no" in desk.next("failed")[1]
    assert desk.told.empty() or all(told[0] == "failed" for told in tuple(desk.told.queue))
    lists.failing = set()
    assert desk.next("swept")[1].as_of == 5 * SECOND


def test_while_something_is_in_doubt_the_lists_are_read_again_without_being_asked_for(house):
    _, desk, sweeper = house
    desk.doubts = iter((True, True, False))
    sweeper.start()

    for _ in range(3):
        desk.next("swept")


def test_whoever_asks_for_the_list_is_answered_by_the_next_look_or_its_failure(house):
    lists, desk, sweeper = house
    sweeper.start()
    desk.next("swept")
    sweeper.look()
    assert desk.next("swept")[2]

    lists.failing = {"orders"}
    sweeper.look()
    assert desk.next("failed")[2]


def test_every_market_is_loaded_with_its_own_fills(house):
    lists, desk, sweeper = house
    lists.all_fills = (a_fill("t1", "A"), a_fill("t2", "B"), a_fill("t3", "A"))
    sweeper.load("A")
    sweeper.load("B")
    sweeper.start()

    assert desk.next("loaded")[1:] == ("A", ["t1", "t3"])
    assert desk.next("loaded")[1:] == ("B", ["t2"])


def a_settlement(ticker: str) -> Settlement:
    return Settlement(
        ticker=ticker, event_ticker="E", result="yes", value=None, revenue=Money(0), fee=Money(0), at=Timestamp(9)
    )


def test_a_markets_fills_are_read_after_all_that_counts_them_and_its_payout_where_nothing_is_held_of_them(house):
    lists, desk, sweeper = house
    lists.all_fills = (a_fill("t1", "A"), a_fill("t2", "B"))
    held = VenuePosition(ticker="B", net=Size(100), exposure=Money(0), realized=Money(0), fees=Money(0))
    lists.all_positions, lists.all_settlements = (held,), (a_settlement("A"),)
    desk.since_s = {"B": 7}
    sweeper.load("A")
    sweeper.load("B")
    sweeper.start()

    desk.next("loaded")
    desk.next("loaded")
    assert lists.calls[:6] == ["user_data_timestamp", "orders", "positions", "orders of B", "fills", "settlements of A"]
    assert [(past.ticker, past.net, past.settlement is None) for past in desk.pasts] == [
        ("A", 0, False),
        ("B", 100, True),
    ]


def test_a_market_whose_past_cannot_be_told_yet_is_read_again(house):
    _, desk, sweeper = house
    desk.verdicts = iter((False, False, True))
    sweeper.load("A")
    sweeper.start()

    assert [desk.next("loaded")[1] for _ in range(3)] == ["A", "A", "A"]


def test_what_was_paid_out_meanwhile_is_asked_for_once(house):
    lists, desk, sweeper = house
    desk.payouts_wanted, lists.all_settlements = 5, (a_settlement("A"),)
    sweeper.load("B")
    sweeper.start()

    assert desk.next("paid")[1] == ["A"]
    sweeper.load("C")
    assert desk.next("loaded")[1] == "B"
    assert desk.next("loaded")[1] == "C"
    assert lists.calls.count("settlements") == 1


def test_a_market_in_which_an_order_of_an_earlier_run_rests_is_loaded_once_it_is_gone(house):
    _, desk, sweeper = house
    desk.used = frozenset({"A"})
    sweeper.load("A")
    sweeper.load("B")
    sweeper.start()

    assert desk.next("loaded")[1] == "B"
    desk.used = frozenset()
    assert desk.next("loaded")[1] == "A"


def test_markets_that_could_not_be_read_are_loaded_when_the_venue_is_back(house):
    lists, desk, sweeper = house
    lists.failing = {"fills"}
    sweeper.load("A")
    sweeper.start()
    desk.next("failed")
    lists.failing = set()

    assert desk.next("loaded")[1] == "A"


def test_a_defect_of_ours_ends_the_thread_and_is_told(house):
    lists, desk, sweeper = house
    desk.breaks = True
    sweeper.start()

    assert isinstance(desk.next("broke")[1], ValueError)
    sweeper.end()
    sweeper.join(time.monotonic() + PATIENCE_S)
    assert lists.is_closed


def test_it_ends_while_a_read_hangs(house):
    lists, _, sweeper = house
    is_reading, may_go_on = threading.Event(), threading.Event()

    def hang():
        is_reading.set()
        assert may_go_on.wait(PATIENCE_S)
        return Timestamp(0)

    lists.user_data_timestamp = hang
    sweeper.start()
    assert is_reading.wait(PATIENCE_S)
    sweeper.end()
    sweeper.join(time.monotonic())
    may_go_on.set()
    sweeper.end()
    sweeper.join(time.monotonic() + PATIENCE_S)
    assert lists.is_closed
