"""The desk by hand: frames and time are put in front of it, without a socket."""

import json

import pytest

from edgelock.actors.feed_desk import SAME_FAILURE_NS, FeedDesk
from edgelock.actors.messages import AddMarket, Subscribe
from edgelock.core.facts import FeedStatus, FeedStatusChanged
from edgelock.core.units import SECOND
from tests.actors.test_feed import ListenerThatKeeps
from tests.actors.trading_doubles import HandClock, Letterbox
from tests.core.builders import a_market
from tests.kalshi.frames import delta, snapshot, subscribed

PATIENCE_S = 10


class Desk:
    """A desk that follows one market, and what it said."""

    def __init__(self):
        self.clock, self.market, self.records = HandClock(), Letterbox("market"), []
        self.desk = FeedDesk(
            url="wss://venue",
            clock=self.clock,
            listeners=(ListenerThatKeeps(),),
            lookup=None,
            record=self.records.append,
            stale_after_ns=PATIENCE_S * SECOND,
        )
        for request in (AddMarket(a_market(ticker="A"), self.market.address), Subscribe("A", self.market.address)):
            self.desk.post(request)
        self.desk.on_pause(None)

    def connect(self):
        self.desk.on_open(1)
        self.desk.outgoing()
        for sid, channel in enumerate(("orderbook_delta", "trade", "market_lifecycle_v2"), start=1):
            self.desk.on_text(subscribed(channel, sid, sid))

    def frame(self, text):
        self.desk.on_text(text)
        self.desk.on_pause(self.clock.monotonic_ns())

    def sent(self, seconds_ago=0):
        return (self.clock.now() - seconds_ago * SECOND) // 1_000_000

    def statuses(self):
        facts = [message.fact for message in self.market.taken()]
        return [fact.status for fact in facts if isinstance(fact, FeedStatusChanged)]


def test_a_snapshot_that_was_sent_too_long_ago_does_not_make_a_book_good_again():
    desk = Desk()
    desk.connect()
    desk.frame(snapshot("A", 1, sending_ts_ms=desk.sent()))
    desk.clock.real.advance(20 * SECOND)
    desk.frame(delta("A", 2, sending_ts_ms=desk.sent(seconds_ago=15)))
    assert desk.statuses() == [FeedStatus.LIVE, FeedStatus.STALE]

    desk.frame(snapshot("A", 3, sending_ts_ms=desk.sent(seconds_ago=12)))
    assert desk.statuses() == []

    assert "get_snapshot" in json.loads(desk.desk.outgoing()[0])["params"]["action"]
    desk.frame(snapshot("A", 4, sending_ts_ms=desk.sent()))
    assert desk.statuses() == [FeedStatus.LIVE]


def test_without_a_frame_every_book_is_stale_when_the_patience_is_gone():
    desk = Desk()
    desk.connect()
    desk.frame(snapshot("A", 1))
    desk.clock.real.advance(PATIENCE_S * SECOND)
    desk.desk.on_pause(desk.clock.monotonic_ns())
    assert desk.statuses() == [FeedStatus.LIVE]

    desk.clock.real.advance(1)
    desk.desk.on_pause(desk.clock.monotonic_ns())
    assert desk.statuses() == [FeedStatus.STALE]


def test_halfway_the_socket_is_asked_for_its_books_and_the_answer_keeps_them():
    desk = Desk()
    desk.connect()
    desk.frame(snapshot("A", 1))
    for seq in range(2, 8):
        desk.clock.real.advance(PATIENCE_S * SECOND // 2)
        desk.desk.on_pause(desk.clock.monotonic_ns())
        (command,) = desk.desk.outgoing()
        assert json.loads(command)["params"]["action"] == "get_snapshot"
        desk.frame(snapshot("A", seq))

    assert desk.statuses() == [FeedStatus.LIVE]


@pytest.mark.parametrize("attempts", [1, 100])
def test_one_reason_for_being_away_is_said_once_a_minute(attempts):
    desk = Desk()
    for _ in range(attempts):
        desk.desk.on_close("handshake refused with HTTP 502", SECOND)
    assert len(desk.records) == 1

    desk.desk.on_close("cannot connect", SECOND)
    assert len(desk.records) == 2
    desk.clock.real.advance(SAME_FAILURE_NS)
    desk.desk.on_close("cannot connect", SECOND)
    assert len(desk.records) == 3
    desk.desk.on_close("stopped", None)
    assert len(desk.records) == 4
