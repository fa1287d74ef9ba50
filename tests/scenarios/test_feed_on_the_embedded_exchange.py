"""Client and embedded exchange, each in its own process, over real sockets."""

import json
import random
import subprocess
import sys
import threading

import pytest
from pykka import ActorRegistry

from edgelock.actors.address import Address
from edgelock.actors.clock import EngineClock, monotonic_ns, wall_clock_ns
from edgelock.actors.feed import FeedActor
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.messages import AddMarket, Subscribe
from edgelock.core.facts import FeedStatus
from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import Size
from edgelock.kalshi.account import VenueOrderStatus
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.signing import credentials_from_pem
from edgelock.kalshi.wire_orders import AlreadyExists, Canceled, Placed, Refused

PATIENCE_S = 30


@pytest.fixture(params=["rsa", "ed25519"])
def exchange(request):
    """The ready line of a running exchange."""
    command = [sys.executable, "-m", "edgelock.exchange", "--speed", "60", "--seed", "3", "--exit-with-parent"]
    with subprocess.Popen(
        [*command, "--key-type", request.param], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(PATIENCE_S)


class HeardFromFeed:
    """A listener that counts, and lets a test wait."""

    def __init__(self):
        self._changed = threading.Condition()
        self.books, self.prints, self.statuses = {}, {}, {}

    def on_book(self, ticker, book, at):
        with self._changed:
            self.books[ticker] = self.books.get(ticker, 0) + 1
            self._changed.notify_all()

    def on_trades(self, ticker, prints, at):
        with self._changed:
            self.prints[ticker] = self.prints.get(ticker, ()) + prints
            self._changed.notify_all()

    def on_feed_status(self, ticker, status, reason, at):
        with self._changed:
            self.statuses.setdefault(ticker, []).append((status, reason))
            self._changed.notify_all()

    def on_market_status(self, ticker, status, close_time, at):
        """Not looked at here."""

    def on_grid(self, ticker, grid, at):
        """Not looked at here."""

    def on_fees(self, ticker, fees, at):
        """Not looked at here."""

    def on_settled(self, ticker, value, at):
        """Not looked at here."""

    def wait_until(self, condition):
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), PATIENCE_S), vars(self)


def test_books_trades_and_orders_of_the_embedded_exchange_are_understood(exchange):
    credentials = credentials_from_pem(exchange["api_key_id"], exchange["private_key_pem"], source="the ready line")
    rest = TradingRest(exchange["rest_url"], credentials, rng=random.Random(1))
    clock = EngineClock.starting_at(wall_clock_ns(), 60)
    page = rest.markets(status="open")
    assert page.unreadable == ()
    markets = [
        listing.as_market(
            family="default", series_ticker=event.series_ticker, fees=event.fees(rest.series(event.series_ticker))
        )
        for listing in page.listings
        for event in [rest.event(listing.event_ticker)]
    ]
    heard, address, records = HeardFromFeed(), Address("feed"), []
    inbox = LanedInbox(monotonic_ns)
    life = Incarnation(name="feed", number=1, address=address, inbox=inbox, supervisor=None, monotonic_ns=monotonic_ns)
    address.point_at(inbox)
    feed = FeedActor(
        life,
        url=exchange["ws_url"],
        credentials=credentials,
        clock=clock,
        listeners=(heard,),
        record=records.append,
        rng=random.Random(1),
    )
    feed.launch()
    try:
        for market in markets:
            address.tell(AddMarket(market, Address("nobody")))
            address.tell(Subscribe(market.ticker, Address("nobody")))
        heard.wait_until(lambda h: len(h.books) == len(markets) and min(h.books.values()) >= 3 and h.prints)
        assert {status for told in heard.statuses.values() for status, _ in told} == {FeedStatus.LIVE}
        assert all(told[-1][0] is FeedStatus.LIVE for told in heard.statuses.values())
        assert [record.action for record in records] == ["ws_connect"]
        an_order_lives_and_dies(rest, markets[0])
    finally:
        feed.actor_ref.stop(block=False)
        assert feed.ended.wait(PATIENCE_S)
        rest.close()
    assert not ActorRegistry.get_all()


def an_order_lives_and_dies(rest, market):
    book = rest.order_book(market.ticker)
    assert not book.is_crossed
    order = PlaceOrder(
        client_order_id="scenario-1",
        side=Side.BID,
        price=market.grid.lowest,
        size=Size(100),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        skew="FLAT",
    )
    before = rest.balance().available

    placed = rest.create_order(market.ticker, order)

    assert isinstance(placed, Placed)
    assert (placed.filled, placed.remaining) == (0, 100)
    assert rest.create_order(market.ticker, order) == AlreadyExists()
    (resting,) = rest.orders(ticker=market.ticker, status="resting")
    assert (resting.client_order_id, resting.side, resting.price) == ("scenario-1", Side.BID, market.grid.lowest)
    assert rest.order(placed.order_id) == resting
    assert rest.cancel_order(placed.order_id, market.ticker) == Canceled(Size(100))
    gone = rest.cancel_order(placed.order_id, market.ticker)
    assert isinstance(gone, Refused)
    assert gone.status == 404
    assert rest.order(placed.order_id).status is VenueOrderStatus.CANCELED
    assert rest.orders(status="resting") == ()
    assert (rest.fills(), rest.positions(), rest.balance().available) == ((), (), before)
    assert rest.account_limits().write.refill_per_second > 0
    assert rest.exchange_status().trading_active
