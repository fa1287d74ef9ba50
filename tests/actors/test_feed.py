"""The Feed actor with its real socket thread, against a small venue on loopback."""

import queue
import random
import threading
from fractions import Fraction

import pytest

from edgelock.actors.address import Address
from edgelock.actors.clock import EngineClock, monotonic_ns
from edgelock.actors.feed import FeedActor
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Died, Incarnation
from edgelock.actors.messages import AddMarket, BookNews, MarketNews, Subscribe, TradeNews, Unsubscribe
from edgelock.core.facts import FeedStatus, FeedStatusChanged, GridChanged, MarketStatusChanged
from edgelock.core.fees import fee_schedule
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.price_grid import CENT_GRID
from edgelock.core.units import ONE_DOLLAR, SECOND, Timestamp
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.socket import SocketLimits
from tests.kalshi.loopback_socket import PATIENCE_S, LoopbackSocketVenue
from tests.kalshi.test_socket import KEY

NOON = Timestamp(1_790_000_000 * SECOND)
BOOK = ([["0.4700", "3.00"]], [["0.5200", "2.00"], ["0.9900", "1.00"]])
QUICK = SocketLimits(pause_s=0.01, pause_max_s=0.05, round_s=0.05)


def a_market(ticker="A", close_time=Timestamp(NOON + 3600 * SECOND), status=MarketStatus.ACTIVE):
    return Market(
        ticker=ticker,
        event_ticker="E",
        series_ticker="S",
        family="default",
        title="dull",
        grid=CENT_GRID,
        fees=fee_schedule("quadratic", Fraction(1)),
        status=status,
        close_time=close_time,
    )


class MailKept:
    """Where a market would live: keeps what is told, by class of message or fact."""

    def __init__(self, ticker="A"):
        self.name = f"market:{ticker}"
        self._told = queue.SimpleQueue()

    def tell(self, message):
        self._told.put(message)
        return True

    def next(self, kind):
        """The next fact of this kind; others before it are let go."""
        while True:
            fact = self._told.get(timeout=PATIENCE_S).fact
            if isinstance(fact, kind):
                return fact

    def next_message(self, kind):
        """The next message of this kind, likewise."""
        while True:
            message = self._told.get(timeout=PATIENCE_S)
            if isinstance(message, kind):
                return message

    def status(self, status):
        """Waits until the feed is told to be so."""
        while self.next(FeedStatusChanged).status is not status:
            pass


class ListenerThatKeeps:
    """Keeps every call in order."""

    def __init__(self):
        self.calls = queue.SimpleQueue()

    def on_book(self, ticker, book, at):
        self.calls.put(("book", ticker, book.view()))

    def on_trades(self, ticker, prints, at):
        self.calls.put(("trades", ticker, prints))

    def on_feed_status(self, ticker, status, reason, at):
        self.calls.put(("feed", ticker, status))

    def on_market_status(self, ticker, status, close_time, at):
        self.calls.put(("market", ticker, status))

    def on_grid(self, ticker, grid, at):
        self.calls.put(("grid", ticker, grid))

    def on_fees(self, ticker, fees, at):
        self.calls.put(("fees", ticker, fees))

    def on_settled(self, ticker, value, at):
        self.calls.put(("settled", ticker, value))

    def next(self, what):
        while True:
            call = self.calls.get(timeout=PATIENCE_S)
            if call[0] == what:
                return call

    def has_heard(self, what, about):
        """Whether there was such a call among those so far; they are used up."""
        found = False
        while not self.calls.empty():
            call = self.calls.get()
            found = found or (call[0], call[2]) == (what, about)
        return found


class ListenerWithADefect(ListenerThatKeeps):
    def on_trades(self, ticker, prints, at):
        raise LookupError("defect in a listener")


class Feed:
    """A launched FeedActor and everything around it; ended when the test ends."""

    def __init__(self, venue, *, listener=None, limits=QUICK, stale_after_ns=60 * SECOND, clock=None, reads=None):
        self.listener = listener or ListenerThatKeeps()
        self.records = queue.SimpleQueue()
        self.deaths = queue.SimpleQueue()
        self.address = Address("feed")
        inbox = LanedInbox(monotonic_ns)
        self.address.point_at(inbox)
        supervisor = MailKept("supervisor")
        supervisor.tell = lambda message: self.deaths.put(message) if isinstance(message, Died) else None
        self.actor = FeedActor(
            Incarnation(
                name="feed",
                number=1,
                address=self.address,
                inbox=inbox,
                supervisor=supervisor,
                monotonic_ns=monotonic_ns,
            ),
            url=venue.url,
            credentials=Credentials("key-1", KEY),
            clock=clock or EngineClock.starting_at(NOON),
            listeners=(self.listener,),
            record=self.records.put,
            rng=random.Random(1),
            stale_after_ns=stale_after_ns,
            reads=None if reads is None else lambda: reads,
            limits=limits,
        )

    def follow(self, market=None):
        market = market or a_market()
        mail = MailKept(market.ticker)
        self.address.tell(AddMarket(market, mail))
        self.address.tell(Subscribe(market.ticker, mail))
        return mail

    def __enter__(self):
        self.actor.launch()
        return self

    def __exit__(self, *_):
        if not self.actor.ended.is_set():
            self.actor.actor_ref.stop(block=False)
        assert self.actor.ended.wait(PATIENCE_S)


def a_change(change="1.00", price="0.4700", leg="yes", ticker="A"):
    return {"market_ticker": ticker, "price_dollars": price, "delta_fp": change, "side": leg}


def a_trade(trade_id="t-1"):
    return {
        "trade_id": trade_id,
        "market_ticker": "A",
        "yes_price_dollars": "0.4700",
        "count_fp": "2.00",
        "taker_book_side": "ask",
        "is_block_trade": False,
    }


def a_life(event_type, **more):
    return {"market_ticker": "A", "event_type": event_type, **more}


def wait_for_every_channel(venue):
    """Until the last subscription has been asked for; what is sent before it is not for anybody."""
    while venue.command()["params"].get("channels") != ["market_lifecycle_v2"]:
        pass


def live(feed, venue):
    """A followed market whose book has come, with every channel open."""
    mail = feed.follow()
    wait_for_every_channel(venue)
    mail.status(FeedStatus.LIVE)
    assert mail.next_message(BookNews).fact.view.best_bid == 4700
    return mail


def test_a_followed_market_is_told_that_its_feed_is_live_and_what_its_book_is():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)

        venue.send_numbered("orderbook_delta", a_change("1.50"))
        assert mail.next_message(BookNews).fact.view.touch_size(Side.BID) == 450
        assert feed.records.get(timeout=PATIENCE_S).action == "ws_connect"


def test_listeners_hear_every_change_and_the_market_only_views():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        feed.listener.next("book")

        venue.send_many([a_change("1.00"), a_change("-1.00"), a_change("2.00")])

        assert [feed.listener.next("book")[2].touch_size(Side.BID) for _ in range(3)] == [400, 300, 500]
        while mail.next_message(BookNews).fact.view.touch_size(Side.BID) != 500:
            pass


def test_trades_reach_the_listener_and_then_the_market():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        venue.send_numbered("trade", a_trade(), sid=2)

        (heard,) = feed.listener.next("trades")[2]
        (told,) = mail.next_message(TradeNews).fact.prints
        assert heard == told
        assert (told.price, told.size, told.taker_side) == (4700, 200, Side.ASK)


def test_a_gap_is_told_before_anything_else_and_healed_by_a_snapshot():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        venue.send_numbered("orderbook_delta", a_change(), skip=1)

        mail.status(FeedStatus.GAP)
        mail.status(FeedStatus.LIVE)
        assert mail.next_message(BookNews).fact.view.touch_size(Side.BID) == 300
        while feed.listener.next("feed")[2] is not FeedStatus.LIVE:
            pass
        assert [feed.listener.next("feed")[2] for _ in range(2)] == [FeedStatus.GAP, FeedStatus.LIVE]


def test_a_lost_connection_is_down_until_fresh_snapshots_have_come():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        venue.cut()

        mail.status(FeedStatus.DOWN)
        mail.status(FeedStatus.LIVE)
        assert mail.next_message(BookNews).fact.view.best_ask == 5200
        actions = [feed.records.get(timeout=PATIENCE_S).action for _ in range(3)]
        assert actions == ["ws_connect", "ws_disconnect", "ws_connect"]


def test_a_mute_venue_makes_every_book_stale_and_then_the_connection_is_changed():
    limits = SocketLimits(pause_s=0.01, pause_max_s=0.05, round_s=0.05, ping_s=60, silence_s=1.5)
    with (
        LoopbackSocketVenue({"A": BOOK}) as venue,
        Feed(venue, limits=limits, stale_after_ns=SECOND // 2) as feed,
    ):
        mail = feed.follow()
        mail.status(FeedStatus.LIVE)
        venue.books.clear()

        mail.status(FeedStatus.STALE)
        mail.status(FeedStatus.DOWN)
        venue.books["A"] = BOOK
        mail.status(FeedStatus.LIVE)


def test_a_restarted_market_is_told_the_present_book_at_once():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        live(feed, venue)
        heir = MailKept()
        feed.address.tell(Subscribe("A", heir))

        assert heir.next(FeedStatusChanged).status is FeedStatus.LIVE
        assert heir.next_message(BookNews).fact.view.best_bid == 4700


def test_markets_come_and_go_while_running():
    with LoopbackSocketVenue({"A": BOOK, "B": BOOK}) as venue, Feed(venue) as feed:
        live(feed, venue)
        second = feed.follow(a_market("B"))
        second.status(FeedStatus.LIVE)
        feed.address.tell(Unsubscribe("A"))

        while (command := venue.command())["params"].get("action") != "delete_markets":
            pass
        assert command["params"]["market_tickers"] == ["A"]


def test_the_venues_announcements_of_a_markets_life_are_told():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        venue.send_numbered("market_lifecycle_v2", a_life("deactivated"), sid=3)
        assert mail.next(MarketStatusChanged).status is MarketStatus.INACTIVE
        venue.send_numbered("market_lifecycle_v2", a_life("close_date_updated", close_ts=1_790_000_600), sid=3)
        assert mail.next(MarketStatusChanged).close_time == NOON + 600 * SECOND
        bands = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
        venue.send_numbered("market_lifecycle_v2", a_life("price_level_structure_updated", price_ranges=bands), sid=3)
        assert mail.next(GridChanged).grid.lowest == 10
        venue.send_numbered("market_lifecycle_v2", a_life("determined", settlement_value="1.0000"), sid=3)
        venue.send_numbered("market_lifecycle_v2", a_life("settled"), sid=3)

        assert feed.listener.next("settled") == ("settled", "A", ONE_DOLLAR)
        assert mail.next(MarketStatusChanged).status is MarketStatus.DETERMINED
        assert mail.next(MarketStatusChanged).status is MarketStatus.FINALIZED


def test_a_market_whose_close_has_come_is_told_so_without_the_venue_saying_it():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = feed.follow(a_market(close_time=Timestamp(NOON - 1)))

        told = mail.next(MarketStatusChanged)
        assert (told.status, told.close_time) == (MarketStatus.CLOSED, NOON - 1)
        assert feed.listener.next("market") == ("market", "A", MarketStatus.CLOSED)


def test_a_status_learned_elsewhere_is_told_when_it_is_news():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = feed.follow(a_market(status=MarketStatus.INITIALIZED))
        close = a_market().close_time
        for status in (MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.ACTIVE, MarketStatus.INACTIVE):
            feed.address.tell(MarketNews("A", MarketStatusChanged(at=NOON, status=status, close_time=close)))

        assert [mail.next(MarketStatusChanged).status for _ in range(2)] == [MarketStatus.ACTIVE, MarketStatus.INACTIVE]
        assert [feed.listener.next("market")[2] for _ in range(2)] == [MarketStatus.ACTIVE, MarketStatus.INACTIVE]


def test_a_defect_in_a_listener_crashes_the_actor_and_ends_its_socket():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, listener=ListenerWithADefect()) as feed:
        live(feed, venue)
        venue.send_numbered("trade", a_trade(), sid=2)

        died = feed.deaths.get(timeout=PATIENCE_S)
        assert "LookupError: defect in a listener" in died.reason_text
        assert not died.expected
        assert venue.ended.get(timeout=PATIENCE_S) is not None


@pytest.mark.parametrize("end", ["stop", "odd message", "abandon"])
def test_however_the_actor_ends_its_socket_thread_ends_too(end):
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        live(feed, venue)
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "feed#1-socket"]
        if end == "stop":
            feed.actor.actor_ref.stop(block=False)
        elif end == "odd message":
            feed.address.tell(object())
        else:
            feed.actor.abandon()
            feed.address.tell(object())

        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_a_market_is_told_nothing_of_its_feed_before_its_first_book():
    with LoopbackSocketVenue({"A": BOOK}, refusals=[503, 503]) as venue, Feed(venue) as feed:
        mail = feed.follow()

        assert mail.next(FeedStatusChanged).status is FeedStatus.LIVE
        assert feed.listener.next("feed")[2] is FeedStatus.LIVE
