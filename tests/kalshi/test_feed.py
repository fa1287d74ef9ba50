"""The market data conversation, fed by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.book import VIEW_DEPTH, BookView, Level
from edgelock.core.market import MarketStatus, Side
from edgelock.core.units import ONE_DOLLAR, Price, Size, Timestamp
from edgelock.kalshi.feed import FeedConversation
from edgelock.kalshi.feed_events import (
    BookMoved,
    BookRestored,
    BookSuspect,
    FeesOverridden,
    GridSeen,
    LifeChanged,
    LifeUnsure,
    OutcomePaid,
    PrintsLost,
    TradeSeen,
    ViewChanged,
)
from edgelock.kalshi.feed_subscriptions import ANSWER_WITHIN_NS, RETRY_AFTER_NS, SNAPSHOT_WITHIN_NS
from tests.kalshi.frames import delta, error, life, ok, snapshot, subscribed, trade


def a_conversation(*tickers, now_ns=0):
    """Subscribed to everything for these markets (default A), before the first snapshot."""
    conversation = FeedConversation()
    for ticker in tickers or ("A",):
        conversation.follow(ticker)
    conversation.opened()
    conversation.commands(now_ns)
    for sid, channel in enumerate(("orderbook_delta", "trade", "market_lifecycle_v2"), start=1):
        assert conversation.feed(subscribed(channel, sid, sid)) == []
    return conversation


def a_live_conversation(*tickers):
    """As above, after a snapshot of every market."""
    conversation = a_conversation(*tickers)
    for seq, ticker in enumerate(tickers or ("A",), start=1):
        conversation.feed(snapshot(ticker, seq))
    conversation.settle()
    return conversation


def said(commands):
    return [json.loads(command) for command in commands]


def suspects(events):
    return [event.ticker for event in events if isinstance(event, BookSuspect)]


def test_all_markets_are_subscribed_in_one_command_per_channel_on_the_yes_scale():
    conversation = FeedConversation()
    conversation.follow("B")
    conversation.follow("A")
    conversation.opened()

    book, trades, lifecycle = said(conversation.commands(0))

    assert book["params"] == {"channels": ["orderbook_delta"], "market_tickers": ["A", "B"], "use_yes_price": True}
    assert trades["params"] == {"channels": ["trade"], "market_tickers": ["A", "B"]}
    assert lifecycle["params"] == {"channels": ["market_lifecycle_v2"]}
    assert [command["cmd"] for command in (book, trades, lifecycle)] == ["subscribe"] * 3
    assert conversation.commands(1) == []


def test_a_snapshot_makes_a_book_usable_and_shows_it_in_the_yes_frame():
    conversation = a_conversation()

    assert conversation.book("A") is None
    assert conversation.feed(snapshot()) == [BookMoved("A"), BookRestored("A")]

    asks = (Level(Price(5200), Size(200)), Level(Price(9900), Size(100)))
    view = BookView((Level(Price(4700), Size(300)),), asks)
    assert conversation.settle() == [ViewChanged("A", view)]
    assert conversation.settle() == []


@pytest.mark.parametrize(("missing", "empty_side"), [({"bids": ()}, Side.BID), ({"asks": ()}, Side.ASK)])
def test_a_side_that_the_snapshot_leaves_out_is_empty(missing, empty_side):
    conversation = a_live_conversation()

    conversation.feed(snapshot(seq=2, **missing))

    assert conversation.book("A").levels(empty_side) == ()
    assert conversation.book("A").levels(empty_side.opposite) != ()


def test_no_delta_is_a_change_of_the_asks_at_its_own_price():
    conversation = a_live_conversation()

    assert conversation.feed(delta(leg="no", price="0.5100", change="1.50")) == [BookMoved("A")]

    assert conversation.book("A").size_at(Side.ASK, Price(5100)) == 150


def test_a_delta_before_the_first_snapshot_is_ignored():
    conversation = a_conversation()

    assert conversation.feed(delta(seq=1)) == []
    assert conversation.feed(snapshot(seq=2)) == [BookMoved("A"), BookRestored("A")]


def test_ok_frames_take_part_in_the_numbering():
    conversation = a_live_conversation()

    assert conversation.feed(ok(seq=2)) == []
    assert conversation.feed(delta(seq=3)) == [BookMoved("A")]


def test_frames_of_unknown_types_are_counted_and_take_part_in_the_numbering():
    conversation = a_live_conversation()

    assert conversation.feed('{"type":"novelty","sid":1,"seq":2,"msg":[]}') == []
    assert conversation.feed(delta(seq=3)) == [BookMoved("A")]
    assert conversation.counts["unknown:novelty"] == 1


@pytest.mark.parametrize("seq", [4, 2, 1])
def test_a_gap_a_repeat_or_a_step_back_makes_every_book_of_the_subscription_suspect(seq):
    conversation = a_live_conversation("A", "B")

    events = conversation.feed(delta("B", seq=seq))

    assert suspects(events) == ["A", "B"]
    assert conversation.book("A") is None
    assert conversation.book("B") is None
    (command,) = said(conversation.commands(1))
    assert command["params"] == {"sids": [1], "market_tickers": ["A", "B"], "action": "get_snapshot"}


def test_a_gap_is_told_once_while_it_lasts_and_ends_with_each_books_own_snapshot():
    conversation = a_live_conversation("A", "B")
    conversation.feed(delta(seq=9))
    conversation.commands(1)

    assert conversation.feed(delta(seq=11)) == []
    assert conversation.feed(snapshot("B", seq=12)) == [BookMoved("B"), BookRestored("B")]
    assert conversation.book("A") is None
    assert conversation.commands(2) == []


def test_a_snapshot_that_comes_with_the_gap_restores_its_own_book():
    conversation = a_live_conversation("A", "B")

    events = conversation.feed(snapshot("A", seq=9))

    assert suspects(events) == ["A", "B"]
    assert events[-2:] == [BookMoved("A"), BookRestored("A")]


def test_a_gap_in_the_trades_means_that_prints_were_lost_and_leaves_the_books_alone():
    conversation = a_live_conversation()

    events = conversation.feed(trade(seq=5))

    assert [type(event) for event in events] == [PrintsLost, TradeSeen]
    assert conversation.counts["gap:trade"] == 1
    assert conversation.book("A") is not None


def test_a_snapshot_that_does_not_come_is_asked_for_again_and_then_the_connection_is_given_up():
    conversation = a_live_conversation()
    conversation.feed(delta(seq=9))
    asked = []

    for now_ns in range(0, 20 * SNAPSHOT_WITHIN_NS, SNAPSHOT_WITHIN_NS // 4):
        asked.extend(said(conversation.commands(now_ns)))

    assert [command["params"]["action"] for command in asked] == ["get_snapshot"] * 3
    assert "no snapshot of A" in conversation.give_up_reason


def test_a_market_the_venue_does_not_know_never_costs_the_others_their_connection():
    conversation = a_conversation("A", "NONE")
    conversation.feed(snapshot("A", seq=1))

    for now_ns in range(0, 400 * SNAPSHOT_WITHIN_NS, SNAPSHOT_WITHIN_NS):
        conversation.commands(now_ns)

    assert conversation.give_up_reason is None


def test_a_level_below_zero_makes_only_that_book_suspect():
    conversation = a_live_conversation("A", "B")

    assert suspects(conversation.feed(delta("A", seq=3, change="-4.00"))) == ["A"]
    assert conversation.book("B") is not None


@pytest.mark.parametrize(
    "broken",
    [
        delta(price="1.0000"),
        delta(price="0.00001"),
        delta(price="-0.4700"),
        delta(change="0.001"),
        delta(change="1e3"),
        delta(change="NaN"),
        delta(leg="maybe"),
        delta().replace('"0.4700"', "0.47"),
        delta().replace("delta_fp", "delta"),
        "[]",
        '{"type":"orderbook_delta"}',
        '{"type":"orderbook_del',
        "",
        "\udcff",
        "[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_odd_frame_makes_the_book_suspect_and_raises_nothing(broken):
    conversation = a_live_conversation()

    assert suspects(conversation.feed(broken)) == ["A"]


@pytest.mark.parametrize(
    ("broken", "missed"),
    [
        (trade(count="x"), PrintsLost),
        (trade().replace("taker_book_side", "taker"), PrintsLost),
        (life("settled").replace("event_type", "event"), LifeUnsure),
        (life("price_level_structure_updated", price_ranges=[{"start": "0", "end": "1", "step": "0"}]), LifeUnsure),
    ],
)
def test_an_odd_trade_or_announcement_is_one_that_was_missed_and_leaves_the_books_alone(broken, missed):
    conversation = a_live_conversation()

    assert [type(event) for event in conversation.feed(broken)] == [missed]

    assert conversation.book("A") is not None
    assert conversation.counts["unreadable"] == 1
    assert conversation.counts["gap:trade"] == 0


def test_a_book_crossed_between_two_frames_of_a_match_is_held_back_and_then_shown():
    conversation = a_live_conversation()

    conversation.feed(delta(seq=2, price="0.5200", change="1.00"))
    assert conversation.settle() == []
    conversation.feed(delta(seq=3, price="0.5200", change="-2.00", leg="no"))

    (event,) = conversation.settle()
    assert event.view.best_bid == 5200
    assert event.view.best_ask == 9900


def test_a_book_that_stays_crossed_is_a_gap():
    conversation = a_live_conversation()
    conversation.feed(delta(seq=2, price="0.5200", change="1.00"))
    conversation.settle()

    assert conversation.settle() == [BookSuspect("A", "book stays crossed")]
    assert len(conversation.commands(1)) == 1


def test_no_prices_on_the_no_scale_are_noticed():
    conversation = a_conversation()

    (event,) = conversation.feed(snapshot(bids=(("0.4700", "3.00"),), asks=(("0.0100", "5.00"), ("0.4800", "2.00"))))

    assert "use_yes_price" in event.reason
    assert conversation.book("A") is None


def test_one_book_on_the_no_scale_gives_the_whole_subscription_away():
    conversation = a_live_conversation("A", "B")

    events = conversation.feed(snapshot("B", 3, bids=(("0.4700", "3.00"),), asks=(("0.0100", "5.00"),)))

    assert set(suspects(events)) == {"A", "B"}
    assert "use_yes_price" in conversation.give_up_reason


def test_changes_behind_the_visible_levels_move_the_book_and_not_the_view():
    bids = tuple((f"0.{cents}00", "3.00") for cents in range(40, 48))
    conversation = a_conversation()
    conversation.feed(snapshot(bids=bids))
    conversation.settle()

    assert conversation.feed(delta(price="0.4000", change="5.00")) == [BookMoved("A")]

    assert conversation.settle() == []
    assert conversation.book("A").size_at(Side.BID, Price(4000)) == 800


@pytest.mark.parametrize(("leg", "price", "side"), [("yes", "0.4300", Side.BID), ("no", "0.5600", Side.ASK)])
def test_a_change_of_the_last_visible_level_is_shown(leg, price, side):
    conversation = a_conversation()
    bids = tuple((f"0.{cents}00", "3.00") for cents in range(40, 48))
    asks = tuple((f"0.{cents}00", "3.00") for cents in range(52, 60))
    conversation.feed(snapshot(bids=bids, asks=asks))
    conversation.settle()

    conversation.feed(delta(leg=leg, price=price, change="5.00"))

    (event,) = conversation.settle()
    assert event.view.levels(side)[-1].size == 800


def test_a_market_added_while_running_is_added_to_the_open_subscriptions():
    conversation = a_live_conversation()
    conversation.follow("B")

    book, trades = said(conversation.commands(5))

    assert book["params"] == {"sids": [1], "market_tickers": ["B"], "action": "add_markets"}
    assert trades["params"] == {"sids": [2], "market_tickers": ["B"], "action": "add_markets"}
    assert conversation.commands(6) == []


def test_a_market_left_is_taken_out_and_its_late_frames_are_ignored():
    conversation = a_live_conversation("A", "B")
    conversation.leave("B")

    book, _ = said(conversation.commands(5))

    assert book["params"] == {"sids": [1], "market_tickers": ["B"], "action": "delete_markets"}
    assert conversation.feed(delta("B", seq=3)) == []
    assert conversation.feed(delta("A", seq=4)) == [BookMoved("A")]


def test_a_market_left_and_followed_again_at_once_gets_a_fresh_snapshot():
    conversation = a_live_conversation()
    conversation.leave("A")
    conversation.follow("A")

    (command,) = said(conversation.commands(5))

    assert command["params"]["action"] == "get_snapshot"
    assert conversation.book("A") is None


def test_a_lost_connection_makes_every_book_suspect_and_the_next_starts_from_nothing():
    conversation = a_live_conversation("A", "B")

    assert suspects(conversation.closed("gone")) == ["A", "B"]
    assert conversation.commands(1) == []
    conversation.opened()

    assert [command["cmd"] for command in said(conversation.commands(2))] == ["subscribe"] * 3
    conversation.feed(subscribed(sid=1, number=4))
    assert conversation.feed(snapshot("A", seq=1)) == [BookMoved("A"), BookRestored("A")]


def test_a_subscription_nobody_answers_gives_the_connection_up():
    conversation = FeedConversation()
    conversation.follow("A")
    conversation.opened()
    conversation.commands(0)

    conversation.commands(ANSWER_WITHIN_NS + 1)

    assert "no answer" in conversation.give_up_reason


@pytest.mark.parametrize("code", [10, 17, 25])
def test_a_subscription_that_ended_is_opened_again_after_a_while(code):
    conversation = a_live_conversation()

    assert suspects(conversation.feed(error(code, sid=1, seq=2))) == ["A"]

    assert conversation.commands(0) == []
    (command,) = said(conversation.commands(RETRY_AFTER_NS))
    assert command["cmd"] == "subscribe"


def test_a_terminal_error_that_names_no_subscription_gives_the_connection_up():
    conversation = a_live_conversation()

    conversation.feed(error(25))

    assert "25" in conversation.give_up_reason


def test_a_refused_addition_is_asked_again_after_a_while():
    conversation = a_live_conversation()
    conversation.follow("B")
    book, _ = said(conversation.commands(5))

    conversation.feed(error(27, number=book["id"]))

    assert conversation.commands(6) == []
    (again,) = said(conversation.commands(5 + RETRY_AFTER_NS))
    assert again["params"]["market_tickers"] == ["B"]


def test_trades_are_told_with_the_takers_side_and_block_trades_are_not():
    conversation = a_live_conversation()

    (seen,) = conversation.feed(trade(seq=1, price="0.4700", count="2.50", taker="ask"))

    assert (seen.trade.price, seen.trade.size, seen.trade.taker_side) == (4700, 250, Side.ASK)
    assert conversation.feed(trade(seq=2, is_block=True)) == []


def test_the_life_of_a_followed_market_is_told_and_that_of_others_is_not():
    conversation = a_live_conversation()

    assert conversation.feed(life("deactivated", seq=1)) == [LifeChanged("A", MarketStatus.INACTIVE, None)]
    assert conversation.feed(life("activated", ticker="OTHER", seq=2)) == []
    assert conversation.feed(life("close_date_updated", seq=3, close_ts=1_800_000_000)) == [
        LifeChanged("A", None, Timestamp(1_800_000_000 * 10**9))
    ]
    assert conversation.feed(life("metadata_updated", seq=4)) == []


def test_the_outcome_is_told_when_it_is_paid():
    conversation = a_live_conversation()

    assert conversation.feed(life("determined", seq=1, result="yes", settlement_value="1.0000")) == [
        LifeChanged("A", MarketStatus.DETERMINED, None)
    ]
    assert conversation.feed(life("settled", seq=2, settled_ts=1)) == [
        LifeChanged("A", MarketStatus.FINALIZED, None),
        OutcomePaid("A", ONE_DOLLAR),
    ]


def test_a_changed_grid_and_changed_fees_are_told():
    conversation = a_live_conversation()
    bands = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]

    (seen,) = conversation.feed(life("price_level_structure_updated", seq=1, price_ranges=bands))
    assert isinstance(seen, GridSeen)
    assert seen.grid.lowest == 10

    fees = {"event_ticker": "E", "fee_type_override": None, "fee_multiplier_override": 0.1}
    (overridden,) = conversation.feed(json.dumps({"type": "event_fee_update", "sid": 3, "seq": 2, "msg": fees}))
    assert isinstance(overridden, FeesOverridden)
    assert overridden.multiplier * 10 == 1


def test_several_objects_in_one_frame_are_read_one_by_one():
    conversation = a_live_conversation()

    assert conversation.feed(delta(seq=2) + "\n" + delta(seq=3) + "\n") == [BookMoved("A"), BookMoved("A")]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["yes", "no"]),
        st.integers(min_value=1, max_value=99),
        st.integers(min_value=-300, max_value=600),
    ),
    max_size=60,
)


@given(CHANGES)
def test_the_book_is_what_a_slow_model_says_and_the_view_its_best_levels(changes):
    conversation = a_conversation("A", "PROOF OF SCALE")
    conversation.feed(snapshot("PROOF OF SCALE", seq=1))
    conversation.settle()
    conversation.feed(snapshot(seq=2, bids=(), asks=()))
    model = {"yes": {}, "no": {}}

    for seq, (leg, cents, change) in enumerate(changes, start=3):
        expected = model[leg].get(cents, 0) + change
        events = conversation.feed(delta(seq=seq, price=cents * 100, change=change, leg=leg))
        if expected < 0:
            assert suspects(events) == ["A"]
            return
        model[leg][cents] = expected
        shown = [event.view for event in conversation.settle() if isinstance(event, ViewChanged)]
        book = conversation.book("A")
        if book is None:
            assert is_crossed(model)
            return
        assert book.levels(Side.BID) == levels(model["yes"], reverse=True)
        assert book.levels(Side.ASK) == levels(model["no"], reverse=False)
        for view in shown:
            assert view.bids == levels(model["yes"], reverse=True)[:VIEW_DEPTH]
            assert view.asks == levels(model["no"], reverse=False)[:VIEW_DEPTH]
        if not is_crossed(model):
            assert conversation.settle() == []
            assert book.view() == conversation_view(conversation)


def conversation_view(conversation):
    """What the last ViewChanged said, as the conversation itself remembers it."""
    return conversation._followed["A"]._told


def is_crossed(model):
    bids = [cents for cents, size in model["yes"].items() if size]
    asks = [cents for cents, size in model["no"].items() if size]
    return bool(bids) and bool(asks) and max(bids) >= min(asks)


def levels(sizes, *, reverse):
    return tuple(
        Level(Price(cents * 100), Size(size)) for cents, size in sorted(sizes.items(), reverse=reverse) if size
    )
