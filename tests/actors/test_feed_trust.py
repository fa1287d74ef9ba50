"""The Feed actor when the socket is not to be believed: silent, late, thin, or with announcements missed."""

import json
import queue
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import pytest

from edgelock.actors.messages import BookNews, MarketNews
from edgelock.core.facts import BookChanged, FeedStatus, FeedStatusChanged, GridChanged, MarketStatusChanged
from edgelock.core.fees import fee_schedule
from edgelock.core.market import MarketStatus
from edgelock.core.price_grid import linear_grid
from edgelock.core.units import ONE_DOLLAR, SECOND, Price, Timestamp
from edgelock.kalshi.wire_market import EventTerms, SeriesTerms
from tests.actors.feed_doubles import ListedReads
from tests.actors.test_feed import (
    BOOK,
    NOON,
    QUICK,
    Feed,
    a_change,
    a_life,
    a_market,
    a_trade,
    live,
    wait_for_every_channel,
)
from tests.kalshi.loopback_socket import PATIENCE_S, LoopbackSocketVenue
from tests.ops.trading_house import a_listing

SOON = SECOND // 2
MOVED = ([["0.4500", "3.00"]], [["0.5000", "2.00"], ["0.9900", "1.00"]])
THIN = ([["0.4700", "3.00"]], [["0.5200", "2.00"]])
MIRRORED = ([["0.4700", "3.00"]], [["0.4800", "2.00"]])


def listed(ticker="A", **changes):
    """What the venue's list says of the market that the feed was given."""
    listing = a_listing(ticker, close_time=a_market().close_time)
    return replace(listing, event_ticker="E", **changes)


def the_reads(books=None, **changes):
    return ListedReads(
        {"A": BOOK} if books is None else books,
        listings={"A": listed(**changes)},
        events={"E": EventTerms("E", "S", "a game", True, None, None)},
        series={"S": SeriesTerms("S", "quadratic", Fraction(1))},
    )


def statuses_told(mail):
    """The feed's states that the market was told so far, in order."""
    told = []
    while True:
        try:
            message = mail._told.get_nowait()
        except queue.Empty:
            return told
        if isinstance(message.fact, FeedStatusChanged):
            told.append(message.fact.status)


# --- silence ----------------------------------------------------------------------------------------------------


def test_a_market_that_is_merely_quiet_stays_live_while_the_venues_list_shows_the_same_book():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads, stale_after_ns=SOON) as feed:
        mail = live(feed, venue)

        reads.wait_until_asked("books", 8, PATIENCE_S)

        assert statuses_told(mail) == []


def test_a_quiet_market_stays_live_without_the_lists_while_the_socket_itself_still_answers():
    reads = the_reads()
    reads.is_down = True
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads, stale_after_ns=SECOND) as feed:
        mail = live(feed, venue)
        asked = 0
        while asked < 4:
            asked += venue.command()["params"].get("action") == "get_snapshot"

        assert statuses_told(mail) == []


def test_a_socket_that_pings_and_brings_nothing_is_left_when_the_venues_list_shows_another_book():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads, stale_after_ns=SOON) as feed:
        mail = live(feed, venue)
        venue.books = {"A": MOVED}
        reads.books = {"A": MOVED}

        told = mail.next(FeedStatusChanged)
        assert told.status in (FeedStatus.GAP, FeedStatus.STALE)
        mail.status(FeedStatus.LIVE)
        assert mail.next_message(BookNews).fact.view.best_bid == 4500


def test_a_socket_that_brings_nothing_is_stale_when_nobody_says_otherwise_and_is_left_in_the_end():
    reads = the_reads()
    reads.is_down = True
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads, stale_after_ns=SOON) as feed:
        mail = live(feed, venue)
        venue.books = {}

        mail.status(FeedStatus.STALE)
        mail.status(FeedStatus.DOWN)
        venue.books = {"A": BOOK}
        mail.status(FeedStatus.LIVE)


def test_frames_that_come_too_late_are_stale_books_until_a_connection_brings_new_ones():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)

        def sent(seconds, seq):
            body = {"type": "orderbook_delta", "sid": 1, "seq": seq, "msg": a_change()}
            return json.dumps({**body, "sending_ts_ms": NOON // 1_000_000 + seconds * 1000})

        venue.send(sent(0, 2))
        assert mail.next_message(BookNews)
        venue.send(sent(-100, 3))

        mail.status(FeedStatus.STALE)
        mail.status(FeedStatus.LIVE)


def test_markets_that_are_not_open_are_compared_with_nothing():
    reads = the_reads({"A": MOVED}, status=MarketStatus.INACTIVE)
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads, stale_after_ns=SOON) as feed:
        mail = feed.follow(a_market(status=MarketStatus.INACTIVE))
        mail.status(FeedStatus.LIVE)
        other = feed.follow(a_market("B"))
        venue.books = {"A": BOOK, "B": BOOK}
        reads.books = {"A": MOVED, "B": BOOK}
        other.status(FeedStatus.LIVE)

        reads.wait_until_asked("books", 4, PATIENCE_S)

        assert {whom for what, whom in reads.asked if what == "books"} == {("B",)}
        assert statuses_told(mail) == []


# --- wrong books ------------------------------------------------------------------------------------------------


def test_a_level_that_the_venues_list_does_not_show_is_found_while_frames_come():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads, stale_after_ns=SECOND) as feed:
        mail = live(feed, venue)
        venue.send_numbered("orderbook_delta", a_change("5.00", price="0.5100", leg="no"))
        assert mail.next_message(BookNews).fact.view.best_ask == 5100
        # Meanwhile the socket is never silent.
        while not feed.listener.has_heard("feed", FeedStatus.GAP):
            # What was found may have made it leave the connection just now.
            with suppress(ConnectionResetError):
                venue.send_many([a_change("1.00", price="0.0100"), a_change("1.00", price="0.0200")])

        mail.status(FeedStatus.GAP)
        mail.status(FeedStatus.LIVE)
        assert mail.next_message(BookNews).fact.view.best_ask == 5200


def test_a_thin_book_is_told_when_the_venues_list_shows_the_same():
    reads = the_reads({"A": THIN})
    with LoopbackSocketVenue({"A": THIN}) as venue, Feed(venue, reads=reads) as feed:
        mail = feed.follow()

        mail.status(FeedStatus.LIVE)
        assert mail.next_message(BookNews).fact.view.best_ask == 5200


def test_without_the_venues_lists_a_thin_book_is_believed():
    with LoopbackSocketVenue({"A": THIN}) as venue, Feed(venue) as feed:
        feed.follow().status(FeedStatus.LIVE)


def test_a_thin_book_on_the_no_scale_is_never_told():
    reads = the_reads({"A": THIN})
    with LoopbackSocketVenue({"A": MIRRORED}) as venue, Feed(venue, reads=reads) as feed:
        mail = feed.follow()
        while feed.records.get(timeout=PATIENCE_S).action != "ws_disconnect":
            pass
        venue.books = {"A": THIN}

        mail.status(FeedStatus.LIVE)
        assert mail.next_message(BookNews).fact.view.best_ask == 5200
        heard = []
        while not feed.listener.calls.empty():
            heard.append(feed.listener.calls.get())
        assert {call[2].best_ask for call in heard if call[0] == "book"} <= {5200}


# --- what was missed --------------------------------------------------------------------------------------------


def test_missed_prints_start_the_reference_again_and_leave_the_book_as_it_is():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        venue.send_numbered("trade", a_trade(), sid=2, skip=1)

        assert mail.next(FeedStatusChanged).status is FeedStatus.GAP
        assert mail.next(BookChanged).view.best_ask == 5200
        assert mail.next(FeedStatusChanged).status is FeedStatus.LIVE


def test_missed_announcements_are_looked_up():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads) as feed:
        mail = live(feed, venue)
        reads.listings = {"A": listed(status=MarketStatus.INACTIVE, grid=linear_grid(Price(10)))}
        venue.send_numbered("market_lifecycle_v2", {**a_life("activated"), "market_ticker": "X"}, sid=3, skip=1)

        assert mail.next(MarketStatusChanged).status is MarketStatus.INACTIVE
        assert mail.next(GridChanged).grid.lowest == 10


def test_a_settlement_missed_while_there_was_no_connection_is_looked_up():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads) as feed:
        mail = live(feed, venue)
        reads.listings = {"A": listed(status=MarketStatus.FINALIZED, settlement_value=Price(5000))}
        venue.cut()

        assert mail.next(MarketStatusChanged).status is MarketStatus.FINALIZED
        assert feed.listener.next("settled") == ("settled", "A", 5000)


def test_an_older_list_does_not_overrule_what_the_socket_has_announced():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        venue.send_numbered("market_lifecycle_v2", a_life("deactivated"), sid=3)
        assert mail.next(MarketStatusChanged).status is MarketStatus.INACTIVE
        old = MarketStatusChanged(at=NOON, status=MarketStatus.ACTIVE, close_time=a_market().close_time)
        feed.address.tell(MarketNews("A", old))
        venue.send_numbered("market_lifecycle_v2", a_life("determined", settlement_value="1.0000"), sid=3)

        assert mail.next(MarketStatusChanged).status is MarketStatus.DETERMINED


@pytest.mark.parametrize("status", [MarketStatus.DISPUTED, MarketStatus.AMENDED])
def test_a_disputed_outcome_is_paid_only_by_what_the_venues_list_says(status):
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads) as feed:
        mail = live(feed, venue)
        venue.send_numbered("market_lifecycle_v2", a_life("determined", settlement_value="1.0000"), sid=3)
        assert mail.next(MarketStatusChanged).status is MarketStatus.DETERMINED
        fact = MarketStatusChanged(at=NOON, status=status, close_time=a_market().close_time)
        feed.address.tell(MarketNews("A", fact))
        reads.listings = {"A": listed(status=MarketStatus.FINALIZED, settlement_value=Price(0))}
        assert mail.next(MarketStatusChanged).status is status
        venue.send_numbered("market_lifecycle_v2", a_life("settled"), sid=3)

        assert feed.listener.next("settled") == ("settled", "A", 0)


def test_changed_fees_of_an_event_reach_the_listeners_of_its_markets():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads) as feed:
        live(feed, venue)
        body = {"event_ticker": "E", "fee_type_override": "quadratic_with_maker_fees", "fee_multiplier_override": 0.5}
        venue.send_numbered("event_fee_update", body, sid=3)

        expected = fee_schedule("quadratic_with_maker_fees", Fraction(1, 2))
        assert feed.listener.next("fees") == ("fees", "A", expected)


def test_the_close_moved_either_way_is_told():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = live(feed, venue)
        for seconds in (600, 7200):
            moved = a_life("close_date_updated", close_ts=NOON // SECOND + seconds)
            venue.send_numbered("market_lifecycle_v2", moved, sid=3)
            assert mail.next(MarketStatusChanged).close_time == Timestamp(NOON + seconds * SECOND)


def test_a_market_reopened_after_its_close_is_active_again():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        mail = feed.follow(a_market(close_time=Timestamp(NOON - 1)))
        assert mail.next(MarketStatusChanged).status is MarketStatus.CLOSED
        wait_for_every_channel(venue)
        mail.status(FeedStatus.LIVE)
        later = NOON // SECOND + 600
        venue.send_numbered("market_lifecycle_v2", a_life("close_date_updated", close_ts=later), sid=3)
        assert mail.next(MarketStatusChanged).close_time == later * SECOND
        venue.send_numbered("market_lifecycle_v2", a_life("activated"), sid=3)

        assert mail.next(MarketStatusChanged).status is MarketStatus.ACTIVE


# --- the connection ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 429, 502])
def test_a_handshake_that_is_refused_is_tried_again_and_one_reason_is_said_once(status):
    refusals = [status] * 5
    with LoopbackSocketVenue({"A": BOOK}, refusals=refusals) as venue, Feed(venue, limits=QUICK) as feed:
        mail = feed.follow()
        mail.status(FeedStatus.LIVE)

        first, second = (feed.records.get(timeout=PATIENCE_S) for _ in range(2))
        assert (first.action, str(status) in first.reason) == ("ws_disconnect", True)
        assert (second.action, second.attempt) == ("ws_connect", 6)
        assert len({handshake["KALSHI-ACCESS-SIGNATURE"] for handshake in venue.handshakes}) == 6


def test_when_the_actor_ends_the_lists_are_let_go():
    reads = the_reads()
    with LoopbackSocketVenue({"A": BOOK}) as venue:
        with Feed(venue, reads=reads) as feed:
            live(feed, venue)

        assert reads.is_closed.wait(PATIENCE_S)


def test_a_defect_of_the_lookup_crashes_the_actor():
    reads = the_reads()
    reads.listings = {}
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue, reads=reads) as feed:
        live(feed, venue)
        venue.cut()

        assert "KeyError" in feed.deaths.get(timeout=PATIENCE_S).reason_text


def test_an_outcome_is_worth_at_most_a_dollar():
    with LoopbackSocketVenue({"A": BOOK}) as venue, Feed(venue) as feed:
        live(feed, venue)
        venue.send_numbered("market_lifecycle_v2", a_life("determined", settlement_value="1.0001"), sid=3)
        venue.send_numbered("market_lifecycle_v2", a_life("determined", settlement_value="1.0000"), sid=3)
        venue.send_numbered("market_lifecycle_v2", a_life("settled"), sid=3)

        assert feed.listener.next("settled") == ("settled", "A", ONE_DOLLAR)
