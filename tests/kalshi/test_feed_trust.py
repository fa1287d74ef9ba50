"""What the market data conversation believes, and what it does not: numbers, clocks, scales, endings, comparisons."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.book import Book, Level
from edgelock.core.market import Side
from edgelock.core.units import ONE_DOLLAR, Price, Size
from edgelock.kalshi.feed_announcements import TRADES_REMEMBERED
from edgelock.kalshi.feed_book import Difference
from edgelock.kalshi.feed_events import BookMoved, BookRestored, BookSuspect, LifeUnsure, OutcomePaid, PrintsLost
from edgelock.kalshi.feed_subscriptions import (
    DOUBTS_MAX,
    ENDS_MAX,
    OLD_FRAMES_MAX,
    RETRY_AFTER_NS,
    SNAPSHOT_WITHIN_NS,
)
from tests.kalshi.frames import delta, error, life, snapshot, subscribed, trade
from tests.kalshi.test_feed import a_conversation, a_live_conversation, said, suspects

SHOWN = [BookMoved("A"), BookRestored("A")]
THIN = {"bids": (("0.4700", "3.00"),), "asks": (("0.5200", "2.00"),)}
"""Read on the NO scale the ask would be an offer at 0.48: a book on either scale."""
TRUE_BOOK = Book([Level(Price(4700), Size(300))], [Level(Price(5200), Size(200))])
MIRRORED = {"bids": (("0.4700", "3.00"),), "asks": (("0.4800", "2.00"),)}
"""The same book with its NO orders on the NO scale."""


# --- numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [delta(seq=1), snapshot(seq=1), delta(seq=2), snapshot(seq=2)])
def test_a_frame_whose_number_has_been_makes_books_suspect_and_is_not_believed(late):
    conversation = a_live_conversation()
    conversation.feed(delta(seq=2))

    assert suspects(conversation.feed(late)) == ["A"]

    assert conversation.book("A") is None
    assert conversation.feed(snapshot(seq=3)) == SHOWN


def test_a_late_snapshot_does_not_hide_the_changes_that_came_before_it():
    conversation = a_conversation()
    conversation.feed(delta(seq=2))

    assert conversation.feed(snapshot(seq=1)) == []

    assert conversation.book("A") is None


def test_trades_that_come_again_are_told_once():
    conversation = a_live_conversation()
    conversation.feed(trade(seq=1))

    assert conversation.feed(trade(seq=1)) == []
    assert conversation.feed(trade(seq=2)) == []
    assert len(conversation.feed(trade(seq=3, trade_id="t-2"))) == 1


def test_only_so_many_trades_are_remembered():
    conversation = a_live_conversation()
    for seq in range(1, TRADES_REMEMBERED + 2):
        conversation.feed(trade(seq=seq, trade_id=f"t-{seq}"))

    again = TRADES_REMEMBERED + 2
    assert conversation.feed(trade(seq=again, trade_id="t-2")) == []
    assert len(conversation.feed(trade(seq=again + 1, trade_id="t-1"))) == 1


def test_a_gap_among_announcements_is_told_and_books_are_left_alone():
    conversation = a_live_conversation()

    (unsure,) = conversation.feed(life("activated", ticker="OTHER", seq=3))

    assert isinstance(unsure, LifeUnsure)
    assert conversation.book("A") is not None


def test_an_announcement_that_comes_late_is_not_believed():
    conversation = a_live_conversation()
    conversation.feed(life("deactivated", seq=2))

    assert conversation.feed(life("activated", seq=1)) == []


@pytest.mark.parametrize("sid", [1, 2, 3])
def test_a_subscription_that_counts_anew_costs_the_connection(sid):
    conversation = a_live_conversation()
    frame = {1: delta, 2: trade}.get(sid, lambda **about: life("activated", **about))
    conversation.feed(frame(sid=sid, seq=1000))

    for seq in range(1, OLD_FRAMES_MAX + 1):
        conversation.feed(frame(sid=sid, seq=seq))

    assert "have gone back" in conversation.give_up_reason


def test_books_that_are_lost_again_and_again_cost_the_connection():
    conversation = a_live_conversation()
    seq = 1

    for time in range(DOUBTS_MAX + 1):
        assert conversation.give_up_reason is None
        seq += 2
        conversation.feed(delta(seq=seq))
        conversation.commands(time)
        seq += 1
        conversation.feed(snapshot(seq=seq))

    assert "lost" in conversation.give_up_reason


# --- the market's own clock -------------------------------------------------------------------------------------


def test_a_change_that_the_snapshot_holds_already_makes_the_book_suspect():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, clock=7))

    assert suspects(conversation.feed(delta(seq=2, clock=7))) == ["A"]


def test_changes_of_one_event_share_a_clock():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, clock=7))

    assert conversation.feed(delta(seq=2, clock=9)) == [BookMoved("A")]
    assert conversation.feed(delta(seq=3, clock=9, price="0.4600", change="1.00")) == [BookMoved("A")]
    assert suspects(conversation.feed(delta(seq=4, clock=8))) == ["A"]


def test_a_change_told_twice_under_another_number_makes_the_book_suspect():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, clock=7))
    conversation.feed(delta(seq=2, clock=9, change="1.00"))

    assert conversation.feed(delta(seq=3, clock=9, change="2.00")) == [BookMoved("A")]
    assert suspects(conversation.feed(delta(seq=4, clock=9, change="2.00"))) == ["A"]


def test_a_snapshot_older_than_the_book_is_refused_once_and_then_believed():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, clock=7))
    conversation.feed(delta(seq=2, clock=9))

    (suspect,) = conversation.feed(snapshot(seq=3, clock=8))

    assert "late snapshot" in suspect.reason
    assert conversation.book("A") is None
    assert conversation.feed(snapshot(seq=4, clock=8)) == SHOWN


def test_another_connection_may_count_from_a_lower_clock():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, clock=7))
    conversation.closed("gone")
    conversation.opened()
    conversation.commands(0)
    conversation.feed(subscribed())

    assert conversation.feed(snapshot(seq=1, clock=1)) == SHOWN


# --- the scale --------------------------------------------------------------------------------------------------


def test_a_book_that_fits_either_scale_is_withheld_until_another_proves_the_scale():
    conversation = a_conversation("A", "B")

    assert conversation.feed(snapshot("A", seq=1, **THIN)) == []
    assert conversation.settle() == []
    assert (conversation.book("A"), conversation.withheld_tickers) == (None, ("A",))

    events = conversation.feed(snapshot("B", seq=2))
    assert {event.ticker for event in events if isinstance(event, BookRestored)} == {"A", "B"}
    assert conversation.withheld_tickers == ()


def test_a_withheld_book_loses_nothing_meanwhile():
    conversation = a_conversation("A", "B")
    conversation.feed(snapshot("A", seq=1, **THIN))
    conversation.feed(delta("A", seq=2, change="4.00"))

    conversation.feed(snapshot("B", seq=3))

    assert conversation.book("A").size_at(Side.BID, Price(4700)) == 700


def test_the_venues_own_list_proves_the_scale_of_a_withheld_book():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, **THIN))

    assert conversation.compare("A", TRUE_BOOK) == (frozenset(), SHOWN)
    assert len(conversation.settle()) == 1


def test_the_venues_own_list_gives_a_thin_book_on_the_no_scale_away():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, **MIRRORED))
    assert conversation.book("A") is None

    differences, _ = conversation.compare("A", TRUE_BOOK)

    assert differences == {Difference(Side.ASK, 4800, 200, 0), Difference(Side.ASK, 5200, 0, 200)}
    assert "NO scale" in conversation.give_up_reason
    assert conversation.book("A") is None


def test_a_book_of_one_side_is_shown_and_withheld_when_the_other_side_comes():
    conversation = a_conversation()
    assert conversation.feed(snapshot(seq=1, bids=(), asks=MIRRORED["asks"])) == SHOWN
    conversation.settle()

    assert suspects(conversation.feed(delta(seq=2, change="3.00"))) == ["A"]

    assert conversation.settle() == []
    assert conversation.fresh_tickers == ("A",)


def test_the_change_that_proves_the_scale_shows_the_book():
    conversation = a_conversation()
    conversation.feed(snapshot(seq=1, **THIN))

    assert conversation.feed(delta(seq=2, leg="no", price="0.9900", change="1.00")) == SHOWN


def test_after_any_doubt_the_scale_has_to_be_proven_anew():
    conversation = a_live_conversation()
    conversation.feed(delta(seq=9))

    assert conversation.feed(snapshot(seq=10, **MIRRORED)) == []

    assert conversation.book("A") is None


def test_a_doubt_about_one_book_leaves_the_others_as_they_were():
    conversation = a_conversation("A", "B")
    conversation.feed(snapshot("B", seq=1))
    conversation.feed(snapshot("A", seq=2, **THIN))
    assert suspects(conversation.feed(delta("B", seq=3, change="-9.00"))) == ["B"]

    assert conversation.feed(delta("A", seq=4)) == [BookMoved("A")]


def test_another_connection_has_to_prove_its_scale_anew():
    conversation = a_live_conversation()
    conversation.closed("gone")
    conversation.opened()
    conversation.commands(0)
    conversation.feed(subscribed())

    assert conversation.feed(snapshot(seq=1, **THIN)) == []


cents = st.integers(min_value=1, max_value=99)


@given(st.sets(cents), st.sets(cents, min_size=1))
def test_no_book_on_the_no_scale_is_ever_shown_with_both_sides(bids, no_bids):
    """Whatever the true book: its asks are 1 − NO bids, it is not crossed, and it comes with the NO bids themselves."""
    bids = {price for price in bids if price < 100 - max(no_bids)}
    conversation = a_conversation()

    conversation.feed(
        snapshot(
            seq=1,
            bids=tuple((f"0.{price:02}00", "1.00") for price in bids),
            asks=tuple((f"0.{price:02}00", "1.00") for price in no_bids),
        )
    )

    book = conversation.book("A")
    assert book is None or not book.levels(Side.BID)
    assert book is None or all(price < ONE_DOLLAR for price, _ in book.levels(Side.ASK))


# --- comparisons ------------------------------------------------------------------------------------------------


def test_an_equal_book_on_the_venues_list_is_equal_and_a_different_one_is_not():
    conversation = a_live_conversation()
    same = conversation.book("A").copy()
    other = same.copy()
    other.change(Side.BID, Price(4700), Size(100))

    assert conversation.compare("A", same) == (frozenset(), [])
    assert conversation.compare("A", other) == ({Difference(Side.BID, 4700, 300, 400)}, [])
    assert conversation.book("A") is not None


def test_a_book_that_is_not_fresh_is_compared_with_nothing():
    conversation = a_conversation()

    assert conversation.compare("A", TRUE_BOOK) == (frozenset(), [])
    assert conversation.compare("UNKNOWN", TRUE_BOOK) == (frozenset(), [])


def test_books_asked_for_again_stay_good_and_their_snapshots_move_the_number():
    conversation = a_live_conversation("A", "B")
    conversation.ask_again()

    (command,) = said(conversation.commands(0))

    assert command["params"] == {"sids": [1], "market_tickers": ["A", "B"], "action": "get_snapshot"}
    assert conversation.commands(1) == []
    before = conversation.book_sequence
    assert conversation.feed(snapshot("A", seq=3)) == [BookMoved("A")]
    assert conversation.book_sequence > before


def test_a_connection_found_to_be_no_good_is_given_up_with_every_book():
    conversation = a_live_conversation("A", "B")

    events = conversation.give_up("frozen")

    assert suspects(events) == ["A", "B"]
    assert conversation.give_up_reason == "frozen"


def test_the_time_of_sending_is_that_of_the_newest_frame_of_a_book():
    conversation = a_live_conversation()
    assert conversation.sent_ms is None

    conversation.feed(delta(seq=2, sending_ts_ms=7))
    assert conversation.sent_ms == 7
    conversation.feed(snapshot(seq=3, sending_ts_ms=9))
    assert conversation.sent_ms == 9


# --- endings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sid", "channel", "missed"), [(2, "trade", PrintsLost), (3, "market_lifecycle_v2", LifeUnsure)]
)
def test_what_was_missed_between_the_end_of_a_channel_and_its_return_is_told(sid, channel, missed):
    conversation = a_live_conversation()
    assert conversation.feed(error(25, sid=sid)) == []
    (command,) = said(conversation.commands(RETRY_AFTER_NS))
    assert command["params"]["channels"] == [channel]

    (event,) = conversation.feed(subscribed(channel, sid=9, number=command["id"]))

    assert isinstance(event, missed)
    assert conversation.book("A") is not None


def test_a_channel_that_ends_again_and_again_costs_the_connection():
    conversation = a_live_conversation()
    now_ns = 0

    for sid in range(4, 4 + ENDS_MAX):
        conversation.feed(error(10, sid=1 if sid == 4 else sid - 1))
        now_ns += RETRY_AFTER_NS
        conversation.commands(now_ns)
        conversation.feed(subscribed(sid=sid))
    assert conversation.give_up_reason is None
    conversation.feed(error(10, sid=3 + ENDS_MAX))

    assert "ended" in conversation.give_up_reason


def test_an_error_that_answers_no_command_and_names_a_subscription_ends_it_whatever_its_code():
    conversation = a_live_conversation()

    assert suspects(conversation.feed(error(99, sid=1))) == ["A"]
    assert conversation.give_up_reason is None


def test_a_disputed_outcome_is_not_the_one_that_is_paid():
    conversation = a_live_conversation()
    conversation.feed(life("determined", seq=1, result="yes", settlement_value="1.0000"))
    conversation.outcome_disputed("A")

    events = conversation.feed(life("settled", seq=2))

    assert events[-1] == OutcomePaid("A", None)


def test_an_outcome_determined_anew_is_the_one_that_is_paid():
    conversation = a_live_conversation()
    conversation.feed(life("determined", seq=1, result="yes", settlement_value="1.0000"))
    conversation.feed(life("determined", seq=2, result="scalar", settlement_value="0.5000"))

    assert conversation.feed(life("settled", seq=3))[-1] == OutcomePaid("A", Price(5000))


def test_a_snapshot_that_never_comes_costs_a_connection_that_shows_nothing_else():
    conversation = a_conversation()
    now_ns = 0
    while conversation.give_up_reason is None:
        now_ns += SNAPSHOT_WITHIN_NS
        assert all(json.loads(text)["params"]["action"] == "get_snapshot" for text in conversation.commands(now_ns))

    assert "no snapshot of A" in conversation.give_up_reason
    assert not any(isinstance(event, BookSuspect) for event in conversation.closed("given up"))
