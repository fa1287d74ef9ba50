"""The private conversation without a socket."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.market import Side
from edgelock.core.units import Money, Price, Size, Timestamp
from edgelock.kalshi.account import VenueFill, VenueOrder, VenueOrderStatus, VenuePosition
from edgelock.kalshi.private_conversation import ANSWER_WITHIN_NS, RETRY_AFTER_NS, PrivateConversation
from edgelock.kalshi.private_events import FillSeen, GroupSeen, OrderSeen, PositionSeen
from tests.kalshi import private_frames as frames


def a_conversation():
    """All channels confirmed, and the sweep that this asks for done."""
    talk = PrivateConversation()
    talk.opened()
    for sid, command in enumerate(talk.commands(0), start=1):
        talk.feed(frames.subscribed(command, sid))
    assert talk.is_subscribed
    talk.needs_sweep = False
    return talk


def test_every_channel_is_asked_for_once_and_for_all_markets():
    talk = PrivateConversation()
    assert talk.commands(0) == []
    talk.opened()

    commands = [json.loads(command) for command in talk.commands(0)]

    assert [command["params"] for command in commands] == [{"channels": [channel]} for channel in frames.CHANNELS]
    assert len({command["id"] for command in commands}) == 4
    assert talk.commands(1) == []


def test_a_sweep_is_asked_for_when_the_last_channel_is_confirmed_and_not_before():
    talk = PrivateConversation()
    talk.opened()
    talk.needs_sweep = False
    *first, last = talk.commands(0)
    for sid, command in enumerate(first, start=1):
        talk.feed(frames.subscribed(command, sid))

    assert (talk.is_subscribed, talk.needs_sweep) == (False, False)
    talk.feed(frames.subscribed(last, 4))
    assert (talk.is_subscribed, talk.needs_sweep) == (True, True)


def test_a_new_connection_starts_from_nothing_and_asks_for_another_sweep():
    talk = a_conversation()

    talk.closed()
    assert not talk.is_subscribed
    assert talk.commands(0) == []
    talk.opened()
    for sid, command in enumerate(talk.commands(0), start=5):
        talk.feed(frames.subscribed(command, sid))

    assert (talk.is_subscribed, talk.needs_sweep) == (True, True)


def test_a_fill_is_told_with_its_order_and_the_position_after_it():
    (seen,) = a_conversation().feed(frames.fill())

    assert seen == FillSeen(
        VenueFill(
            trade_id="t-1",
            order_id="v-1",
            ticker="A",
            side=Side.ASK,
            price=Price(5200),
            size=Size(100),
            fee=Money(4400),
            is_taker=False,
            at=Timestamp(1_781_159_370_123_000_000),
        ),
        client_order_id="c-1",
        post_position=Size(-300),
    )


def test_a_fill_without_our_id_is_still_a_fill():
    body = {key: value for key, value in frames.FILL.items() if key not in ("client_order_id", "subaccount")}

    (seen,) = a_conversation().feed(frames.frame("fill", body, sid=1))

    assert (seen.client_order_id, seen.fill.order_id) == (None, "v-1")


def test_an_order_is_told_as_it_stands_with_the_reason_of_its_change():
    (seen,) = a_conversation().feed(frames.user_order())

    assert seen == OrderSeen(
        VenueOrder(
            order_id="v-1",
            client_order_id="c-1",
            ticker="A",
            side=Side.BID,
            price=Price(4700),
            size=Size(300),
            filled=Size(100),
            remaining=Size(200),
            status=VenueOrderStatus.RESTING,
            expiration_s=1_781_159_430,
            updated_at=Timestamp(1_781_159_370_123_000_000),
            group_id="g-1",
        ),
        reason="Trade",
    )


def test_an_orders_last_change_is_read_as_finely_as_it_is_said():
    talk = a_conversation()
    fine, coarse = "2026-06-11T06:29:30.123456Z", {"last_update_time": None, "last_updated_ts_ms": 1781159370123}

    (finely,) = talk.feed(frames.user_order(last_update_time=fine))
    (coarsely,) = talk.feed(frames.user_order(**coarse))
    (never,) = talk.feed(frames.user_order(**{**coarse, "last_updated_ts_ms": None}))

    assert finely.order.updated_at == 1_781_159_370_123_456_000
    assert coarsely.order.updated_at == 1_781_159_370_123_000_000
    assert never.order.updated_at is None


@pytest.mark.parametrize("word", ["unknown", "pondering"])
def test_an_order_status_that_is_not_known_is_unknown(word):
    (seen,) = a_conversation().feed(frames.user_order(status=word))

    assert seen.order.status is VenueOrderStatus.UNKNOWN


def test_a_position_is_told_with_its_sign():
    (seen,) = a_conversation().feed(frames.position())

    assert seen == PositionSeen(
        VenuePosition(
            ticker="A", net=Size(-300), exposure=Money(1_440_000), realized=Money(-100_000), fees=Money(18_900)
        )
    )


def test_a_group_is_told_with_the_venues_word():
    assert a_conversation().feed(frames.group(1)) == [GroupSeen("g-1", "triggered")]


@pytest.mark.parametrize("seqs", [(2,), (1, 1), (1, 3), (1, 2, 1)])
def test_a_group_frame_out_of_number_is_told_and_asks_for_a_sweep(seqs):
    talk = a_conversation()

    told = [event for seq in seqs for event in talk.feed(frames.group(seq))]

    assert len(told) == len(seqs)
    assert talk.needs_sweep
    assert talk.counts["gap:order_group_updates"] >= 1


def test_group_frames_in_number_ask_for_nothing():
    talk = a_conversation()

    for seq in range(1, 6):
        talk.feed(frames.group(seq))

    assert not talk.needs_sweep


@pytest.mark.parametrize("position_after", ["-2.00", "-5.00", "0.00", "-3.00"])
def test_a_fill_after_which_the_position_does_not_follow_asks_for_a_sweep(position_after):
    talk = a_conversation()
    talk.feed(frames.fill())

    assert len(talk.feed(frames.fill(trade_id="t-2", post_position_fp=position_after))) == 1
    assert talk.needs_sweep
    assert talk.counts["position gap"] == 1


def test_fills_that_follow_each_other_ask_for_nothing_and_neither_does_one_said_twice():
    talk = a_conversation()

    talk.feed(frames.fill())
    talk.feed(frames.fill())
    talk.feed(frames.fill(trade_id="t-2", post_position_fp="-4.00"))
    talk.feed(frames.fill(trade_id="t-3", post_position_fp="-1.50", book_side="bid", count_fp="2.50"))
    talk.feed(frames.fill(trade_id="t-4", market_ticker="B", post_position_fp="9.00"))

    assert not talk.needs_sweep


def test_an_old_fill_said_again_asks_for_nothing_and_does_not_hide_a_gap():
    talk = a_conversation()
    talk.feed(frames.fill())
    talk.feed(frames.fill(trade_id="t-2", post_position_fp="-4.00"))

    assert len(talk.feed(frames.fill())) == 1
    talk.feed(frames.fill(trade_id="t-3", post_position_fp="-5.00"))
    assert not talk.needs_sweep
    talk.feed(frames.fill(trade_id="t-5", post_position_fp="-7.00"))
    assert talk.needs_sweep


@given(st.lists(st.tuples(st.sampled_from(["bid", "ask"]), st.integers(1, 5), st.booleans()), min_size=2, max_size=12))
def test_a_lost_fill_shows_at_the_next_one_unless_the_lost_ones_come_to_nothing(fills):
    talk = a_conversation()
    position, lost, shows, has_begun = 0, 0, False, False

    for number, (side, contracts, arrives) in enumerate(fills):
        change = contracts if side == "bid" else -contracts
        position += change
        if not arrives:
            lost += change
            continue
        talk.feed(
            frames.fill(
                trade_id=f"t-{number}",
                book_side=side,
                count_fp=f"{contracts}.00",
                post_position_fp=f"{position}.00",
            )
        )
        shows = shows or (has_begun and lost != 0)
        lost, has_begun = 0, True

    assert talk.needs_sweep == shows


def test_a_fill_of_a_trade_with_ourselves_is_two_fills():
    talk = a_conversation()
    talk.feed(frames.fill())

    talk.feed(frames.fill(order_id="v-2", book_side="bid", post_position_fp="-2.00"))

    assert not talk.needs_sweep


def test_what_another_subaccount_does_is_not_ours():
    talk = a_conversation()

    for frame in (
        frames.fill(subaccount=1),
        frames.user_order(subaccount_number=2),
        frames.position(subaccount=63),
    ):
        assert talk.feed(frame) == []
    assert not talk.needs_sweep


def test_fields_that_came_later_and_types_that_are_new_are_tolerated():
    talk = a_conversation()

    assert len(talk.feed(frames.fill(mood="bright", nested={"a": [1]}))) == 1
    assert talk.feed(frames.frame("weather", {}, sid=9)) == []
    assert talk.counts["unknown:weather"] == 1
    assert not talk.needs_sweep


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        '"fill"',
        "{}",
        '{"type":7}',
        '{"type":"fill"}',
        '{"type":"fill","msg":{}}',
        "[" * 99_999,
    ],
)
def test_what_cannot_be_read_asks_for_a_sweep_and_raises_nothing(text):
    talk = a_conversation()

    assert talk.feed(text) == []
    assert talk.needs_sweep
    assert talk.counts["unreadable"] == 1


def test_the_reason_of_a_sweep_names_the_channel_and_the_field():
    talk = a_conversation()
    assert talk.sweep_reason == "the private channels were opened"

    talk.feed(frames.fill(count_fp="many"))

    assert "ws fill: count_fp" in talk.sweep_reason
    talk.feed(frames.fill(book_side=7))
    assert "ws fill" in talk.sweep_reason
    assert "book_side" in talk.sweep_reason


def test_bytes_that_are_no_text_ask_for_a_sweep():
    talk = a_conversation()

    assert talk.feed(b'{"type":"fill","msg":{"trade_id":"\xff"}}') == []
    assert talk.needs_sweep


def test_several_objects_in_one_frame_are_several_frames():
    talk = a_conversation()

    told = talk.feed(frames.fill() + "\n" + frames.position() + "\n")

    assert [type(event) for event in told] == [FillSeen, PositionSeen]
    assert talk.feed((frames.group(1) + "\n{half").encode()) == [GroupSeen("g-1", "triggered")]
    assert talk.needs_sweep


def test_a_channel_that_is_never_confirmed_gives_the_connection_up():
    talk = PrivateConversation()
    talk.opened()
    talk.commands(0)

    assert talk.commands(ANSWER_WITHIN_NS) == []
    assert talk.give_up_reason is None
    talk.commands(ANSWER_WITHIN_NS + 1)
    assert "no answer to the subscription" in talk.give_up_reason
    talk.opened()
    assert talk.give_up_reason is None


def test_a_refused_channel_is_asked_for_again_after_a_while():
    talk = PrivateConversation()
    talk.opened()
    first, *_ = talk.commands(0)

    talk.feed(frames.error(27, number=json.loads(first)["id"]))

    assert talk.commands(RETRY_AFTER_NS - 1) == []
    (again,) = talk.commands(RETRY_AFTER_NS)
    assert json.loads(again)["params"] == json.loads(first)["params"]
    assert talk.counts["error:27"] == 1


@pytest.mark.parametrize("code", [10, 25])
def test_a_channel_that_ends_is_opened_again_and_asks_for_a_sweep(code):
    talk = a_conversation()

    talk.feed(frames.error(code, sid=2))

    assert not talk.is_subscribed
    (again,) = talk.commands(RETRY_AFTER_NS)
    talk.feed(frames.subscribed(again, 5))
    assert (talk.is_subscribed, talk.needs_sweep) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        frames.error(9),
        frames.error(25),
        frames.error(10, sid=77),
        json.dumps({"type": "unsubscribed", "id": 3, "sid": 77}),
    ],
)
def test_an_end_that_names_no_channel_of_ours_gives_the_connection_up(text):
    talk = a_conversation()

    talk.feed(text)

    assert talk.give_up_reason is not None
    assert talk.commands(RETRY_AFTER_NS) == []


def test_what_a_dying_connection_still_tells_is_true():
    talk = a_conversation()
    talk.feed(frames.error(9))

    assert len(talk.feed(frames.fill())) == 1


@given(st.one_of(st.text(), st.binary(), st.from_type(type(None)).map(json.dumps)))
def test_no_frame_makes_it_raise(text):
    talk = a_conversation()

    talk.feed(text)
