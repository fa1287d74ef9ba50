"""The life of an order is its table: every row moves, every other pair is an error."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import (
    NEXT,
    CancelReason,
    IllegalMove,
    Kind,
    Order,
    OrderMessage,
    OrderState,
    Role,
    TimeInForce,
)
from edgelock.core.units import Price, Size, Timestamp

S, M = OrderState, OrderMessage
ENDS = {S.FILLED, S.CANCELED, S.REJECTED}
IN_FLIGHT = (S.PLACING, S.AMENDING, S.CANCELING, S.UNKNOWN)
PAIRS = list(product(OrderState, OrderMessage))


def an_order(**changes) -> Order:
    wish = PlaceOrder(
        client_order_id="r1-1",
        side=Side.BID,
        price=Price(4800),
        size=Size(1000),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        skew="FLAT",
    )
    return replace(wish.as_order(Timestamp(7)), **changes)


def test_a_wished_order_is_in_flight_and_remembers_its_wish():
    order = an_order()

    assert (order.state, order.placed_at, order.remaining, order.filled) == (S.PLACING, 7, 1000, 0)
    assert (order.price, order.side, order.kind, order.skew) == (4800, Side.BID, Kind.QUOTE, "FLAT")


# Written by hand from the life of an order, not from the code: P R A C U are placing, resting, amending, canceling and
# unknown, F X J are filled, canceled and rejected, and a dot is a pair that cannot be.
TABLE = """
             ack  reject  part  full  amend  amended  amend_no  cancel  canceled  cancel_no  silence
placing       R     J      P     F      .       .        .        .        X         .          U
resting       R     .      R     F      A       R        R        C        X         U          U
amending      A     .      A     F      .       R        R        .        X         U          U
canceling     C     .      C     F      .       C        C        .        X         U          U
unknown       R     J      U     F      .       R        U        C        X         U          U
filled        F     .      F     F      .       F        F        .        F         F          F
canceled      X     .      X     F      .       X        X        .        X         X          X
rejected      .     J      J     F      .       .        .        .        J         .          J
"""
COLUMNS = {
    "ack": M.ACKNOWLEDGED, "reject": M.REJECTED, "part": M.PART_FILLED, "full": M.FILLED, "amend": M.AMEND_SENT,
    "amended": M.AMENDED, "amend_no": M.AMEND_REJECTED, "cancel": M.CANCEL_SENT, "canceled": M.CANCELED,
    "cancel_no": M.CANCEL_REJECTED, "silence": M.UNANSWERED,
}  # fmt: skip
LETTERS = dict(zip("PRACUFXJ", OrderState, strict=True))


def the_hand_written_table() -> dict[tuple[OrderState, OrderMessage], OrderState | None]:
    header, *rows = TABLE.strip().splitlines()
    messages = [COLUMNS[word] for word in header.split()]
    table = {}
    for row in rows:
        name, *cells = row.split()
        table |= {(S(name), message): LETTERS.get(cell) for message, cell in zip(messages, cells, strict=True)}
    return table


def test_the_hand_written_table_names_every_pair():
    assert set(the_hand_written_table()) == set(PAIRS)


@pytest.mark.parametrize(("state", "message"), PAIRS, ids=lambda value: value.value)
def test_every_pair_of_state_and_message_is_a_row_or_an_error(state, message):
    order, expected = an_order(state=state), the_hand_written_table()[state, message]

    if expected is not None:
        assert order.moved(message).state is expected
    else:
        with pytest.raises(IllegalMove, match=f"{message.value} cannot follow in state {state.value}"):
            order.moved(message)


@pytest.mark.parametrize(("state", "message"), NEXT, ids=lambda value: value.value)
def test_an_end_stays_an_end_and_only_a_late_fill_renames_it(state, message):
    after = NEXT[state, message]

    if state in ENDS:
        assert after is state or (message, after) == (M.FILLED, S.FILLED)


@pytest.mark.parametrize("state", OrderState)
def test_what_is_not_proven_to_have_ended_is_live(state):
    assert state.is_live is (state not in ENDS)
    assert state.is_in_flight is (state in IN_FLIGHT)


@pytest.mark.parametrize("state", [s for s in OrderState if s.is_live])
def test_every_live_state_takes_fills_and_can_end(state):
    assert NEXT[state, M.PART_FILLED].is_live
    assert NEXT[state, M.FILLED] is S.FILLED
    assert NEXT[state, M.CANCELED] is S.CANCELED


@pytest.mark.parametrize("state", IN_FLIGHT, ids=lambda state: state.value)
def test_an_answer_that_did_not_come_makes_every_request_unknown(state):
    assert NEXT[state, M.UNANSWERED] is S.UNKNOWN


def test_only_quoting_counts_towards_the_breaker():
    assert {r for r in CancelReason if r.is_caused_by_quoting} == {CancelReason.QUOTE, CancelReason.REPLACE}


def test_a_partial_fill_leaves_the_rest_and_the_last_one_ends_the_order():
    order = an_order(state=S.RESTING).with_fill(Size(400))
    assert (order.state, order.filled, order.remaining) == (S.RESTING, 400, 600)

    order = order.with_fill(Size(600))
    assert (order.state, order.filled, order.remaining) == (S.FILLED, 1000, 0)


@pytest.mark.parametrize("size", [0, -1])
def test_a_fill_of_nothing_is_an_error(size):
    with pytest.raises(IllegalMove, match="a fill of"):
        an_order().with_fill(Size(size))


def test_a_fill_of_more_than_we_thought_was_asked_is_the_venues_truth():
    order = an_order(state=S.RESTING).with_fill(Size(1001))

    assert (order.state, order.filled, order.size) == (S.FILLED, 1001, 1001)
    assert order.with_fill(Size(7)).size == 1008


def test_a_fill_of_a_cancelled_order_is_counted_and_the_end_stays():
    order = an_order(state=S.CANCELED).with_fill(Size(400))

    assert (order.state, order.filled, order.remaining) == (S.CANCELED, 400, 0)
    assert order.with_fill(Size(600)).state is S.FILLED


def test_a_fill_of_a_rejected_order_is_kept_for_the_venue_that_contradicts_itself():
    rejected = an_order(state=S.REJECTED)

    assert (rejected.with_fill(Size(10)).state, rejected.with_fill(Size(10)).filled) == (S.REJECTED, 10)
    assert rejected.with_fill(Size(1000)).state is S.FILLED


@pytest.mark.parametrize("wanted", [500, 2000])
def test_while_an_amendment_is_unanswered_the_larger_size_may_fill(wanted):
    order = an_order(state=S.RESTING).with_amendment_sent(Price(4900), Size(wanted))

    assert (order.state, order.remaining, order.price) == (S.AMENDING, max(wanted, 1000), 4800)
    assert order.with_fill(Size(max(wanted, 1000))).state is S.FILLED
    assert order.with_fill(Size(max(wanted, 1000) - 1)).state is S.AMENDING


def test_an_amendment_that_the_venue_took_is_the_order():
    order = an_order(state=S.RESTING).with_amendment_sent(Price(4900), Size(2000))
    order = order.with_amendment_done(Price(4900), Size(2000))

    assert (order.state, order.price, order.size, order.amending) == (S.RESTING, 4900, 2000, None)


def test_an_order_shown_as_it_was_while_a_cancel_is_under_way_has_not_the_size_that_was_given_up():
    order = an_order(state=S.RESTING).with_amendment_sent(Price(4500), Size(4000)).moved(M.UNANSWERED)

    order = order.with_cancel_sent(CancelReason.EXIT).moved(M.ACKNOWLEDGED)

    assert (order.state, order.amending) == (S.CANCELING, None)
    assert order.with_fill(order.remaining).state is S.FILLED


def test_an_amendment_down_to_what_is_filled_ends_the_order():
    order = an_order(state=S.RESTING, filled=Size(400)).with_amendment_sent(Price(4800), Size(400))

    assert order.with_amendment_done(Price(4800), Size(400)).state is S.FILLED


def test_a_refused_amendment_leaves_the_order_as_it_was():
    order = an_order(state=S.RESTING)

    assert order.with_amendment_sent(Price(4900), Size(2000)).moved(M.AMEND_REJECTED) == order


def test_an_unanswered_amendment_still_counts_its_larger_size():
    order = an_order(state=S.RESTING).with_amendment_sent(Price(4900), Size(2000)).moved(M.UNANSWERED)

    assert (order.state, order.remaining) == (S.UNKNOWN, 2000)


def test_a_late_amendment_does_not_revive_a_finished_order():
    order = an_order(state=S.CANCELED).with_amendment_done(Price(4900), Size(2000))

    assert (order.state, order.remaining) == (S.CANCELED, 0)


def test_a_cancellation_remembers_why():
    order = an_order(state=S.RESTING).with_cancel_sent(CancelReason.KILL)

    assert (order.state, order.cancel_reason, order.remaining) == (S.CANCELING, CancelReason.KILL, 1000)
    assert order.moved(M.CANCEL_REJECTED).state is S.UNKNOWN


@given(st.lists(st.one_of(st.sampled_from(list(OrderMessage)), st.integers(1, 600)), max_size=30))
def test_no_sequence_of_messages_loses_or_overfills_an_order(messages):
    order = an_order()
    for message in messages:
        before = order
        try:
            match message:
                case int():
                    order = order.with_fill(Size(message))
                case M.AMEND_SENT:
                    order = order.with_amendment_sent(Price(4900), Size(order.filled + 500))
                case M.AMENDED if order.amending is not None:
                    order = order.with_amendment_done(*order.amending)
                case M.FILLED | M.PART_FILLED:
                    continue
                case _:
                    order = order.moved(message)
        except IllegalMove:
            assert order is before
        assert order.filled >= 0
        assert order.remaining >= 0
        assert order.state.is_live or order.remaining == 0
        assert order.state is not S.FILLED or order.filled >= order.size or before.state is S.FILLED
