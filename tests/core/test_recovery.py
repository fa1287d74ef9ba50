"""The past of a market: each fill once, in any order, with the ages it had, and what was missed told once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.market import Side
from edgelock.core.order import OrderState
from edgelock.core.position import Position
from edgelock.core.recovery import PaidOut, PastFill, Recorded, Recovery, ShownOrder, Swept, recover
from edgelock.core.units import SECOND, Money, Price, Size, Timestamp

START = Timestamp(1_000 * SECOND)
BID, ASK = Side.BID, Side.ASK


def a_fill(trade: str, side: Side = BID, size: int = 1000, price: int = 4600, at: int = 0, fee: int = 0, order="v1"):
    return PastFill(
        trade_id=trade,
        order_id=order,
        side=side,
        price=Price(price),
        size=Size(size),
        fee=Money(fee),
        is_taker=False,
        at=Timestamp(START + at * SECOND),
    )


def an_order(name: str, *, order_id: str = "v1", filled: int = 0, end: OrderState | None = OrderState.CANCELED):
    return ShownOrder(order_id=order_id, client_order_id=name, filled=Size(filled), end=end)


YES = PaidOut(value=Price(10_000), fee=Money(0), at=Timestamp(START + 500 * SECOND))


# --- examples ---------------------------------------------------------------------------------------------------


def test_nothing_known_and_nothing_shown_is_a_flat_market():
    assert recover(Recorded(), Swept(), counted_from=START) == Recovery()


def test_lots_keep_their_ages_and_results_of_earlier_runs_stay_out_of_this_runs():
    before = (a_fill("t1", BID, 1000, 4600, -9), a_fill("t2", ASK, 500, 5000, -8, fee=30))
    during = (a_fill("t3", BID, 200, 4400, 5), a_fill("t4", ASK, 500, 5100, 6))

    found = recover(Recorded(fills=(*before, *during)), None, counted_from=START)

    assert [(lot.size, lot.price, lot.opened_at) for lot in found.position.lots] == [(200, 4400, during[0].at)]
    assert (found.position.realized, found.position.fees) == (250_000, 0)
    everything = recover(Recorded(fills=(*before, *during)), None, counted_from=Timestamp(0))
    assert everything.position.realized == 250_000 + 200_000 - 30


def test_a_fill_that_only_the_venue_tells_is_missed_and_what_it_closed_is_told_with_its_time():
    recorded = Recorded(fills=(a_fill("t1"),), unfinished=frozenset({"exit-1"}))
    late = a_fill("t2", ASK, 400, 5000, 7, order="v2")
    sweep = Swept(fills=(late, a_fill("t1")), net=Size(600), orders=(an_order("exit-1", order_id="v2", filled=400),))

    found = recover(recorded, sweep, counted_from=START)

    assert found.missed == (replace(late, order_id="exit-1"),)
    (closing,) = found.closings
    assert (closing.trade_id, closing.at, closing.realized.pnl) == ("t2", late.at, 400 * 400)
    assert found.finished == (("exit-1", OrderState.CANCELED),)
    assert (found.drift, found.is_consistent, found.unlisted) == (0, True, 0)


def test_a_fill_that_crosses_zero_closes_and_opens_at_its_own_time():
    found = recover(
        Recorded(fills=(a_fill("t1", BID, 300),)), Swept(fills=(a_fill("t2", ASK, 500, 5000, 3),), net=Size(-200)),
        counted_from=START,
    )  # fmt: skip

    assert (found.position.net, found.position.opened_at) == (-200, START + 3 * SECOND)
    assert found.closings[0].realized.size == 300


def test_a_journal_fill_that_the_venue_does_not_list_counts_and_is_told_of():
    found = recover(Recorded(fills=(a_fill("t1"),)), Swept(net=Size(1000)), counted_from=START)

    assert (found.position.net, found.unlisted, found.drift) == (1000, 1, 0)


def test_a_holding_that_the_fills_do_not_explain_is_a_drift():
    assert recover(Recorded(), Swept(net=Size(-300)), counted_from=START).drift == -300


def test_an_order_that_counts_more_than_the_listed_fills_says_that_the_list_is_behind():
    sweep = Swept(fills=(a_fill("t1", size=200),), net=Size(200), orders=(an_order("a", filled=500),))

    found = recover(Recorded(), sweep, counted_from=START)

    assert (found.uncounted, found.is_consistent) == (300, False)


def test_what_rests_is_left_over_what_is_not_shown_is_undecided_and_what_ended_is_finished():
    recorded = Recorded(unfinished=frozenset({"rests", "gone", "filled", "silent"}))
    orders = (
        an_order("rests", order_id="v1", end=None),
        an_order("gone", order_id="v2"),
        an_order("filled", order_id="v3", end=OrderState.FILLED),
    )

    found = recover(recorded, Swept(orders=orders), counted_from=START)

    assert [order.client_order_id for order in found.leftovers] == ["rests"]
    assert found.finished == (("filled", OrderState.FILLED), ("gone", OrderState.CANCELED))
    assert found.undecided == {"silent"}


def test_where_nobody_else_keeps_books_orders_ended_with_the_gateway_that_kept_them():
    found = recover(Recorded(unfinished=frozenset({"a", "b"})), None, counted_from=START)

    assert found.finished == (("a", OrderState.CANCELED), ("b", OrderState.CANCELED))
    assert found.undecided == frozenset()


def test_a_payout_closes_what_is_held_and_is_missed_until_the_journal_has_it():
    recorded, sweep = Recorded(fills=(a_fill("t1"),)), Swept(fills=(a_fill("t1"),), payout=YES)

    found = recover(recorded, sweep, counted_from=START)

    assert (found.position.sign, found.is_settled, found.net_paid, found.missed_payout) == (0, True, 1000, YES)
    (closing,) = found.closings
    assert (closing.trade_id, closing.at, closing.realized.pnl) == (None, YES.at, 5_400_000)
    again = recover(replace(recorded, payout=YES), sweep, counted_from=START)
    assert (again.missed_payout, again.closings, again.position) == (None, found.closings, found.position)


def test_a_payout_of_an_earlier_run_is_not_this_runs_result():
    early = replace(YES, at=Timestamp(START - SECOND))
    found = recover(Recorded(fills=(a_fill("t1", at=-9),), payout=early), None, counted_from=START)

    assert (found.position.realized, found.position.fees, found.is_settled) == (0, 0, True)


def test_with_an_unreadable_journal_the_position_is_the_venues_and_nothing_is_told_to_be_missed():
    sweep = Swept(fills=(a_fill("t1"), a_fill("t2", ASK, 400, 5000, 7)), net=Size(600), payout=None)

    found = recover(None, sweep, counted_from=START)

    assert (found.position.net, found.missed, found.drift) == (600, (), 0)
    assert [closing.trade_id for closing in found.closings] == ["t2"]


def test_where_both_tell_a_fill_the_venues_time_counts():
    ours, theirs = a_fill("t1", at=4), a_fill("t1", at=3)
    found = recover(Recorded(fills=(ours,)), Swept(fills=(theirs,), net=Size(1000)), counted_from=START)

    assert found.position.opened_at == theirs.at


def test_equal_times_are_ordered_by_trade_id():
    fills = (a_fill("b", BID, 100, 4700), a_fill("a", BID, 100, 4600))

    assert [lot.price for lot in recover(Recorded(fills=fills), None, counted_from=START).position.lots] == [4600, 4700]


# --- properties -------------------------------------------------------------------------------------------------

FILLS = st.lists(
    st.builds(
        a_fill,
        trade=st.integers(0, 12).map(str),
        side=st.sampled_from(Side),
        size=st.integers(1, 900),
        price=st.integers(100, 9900),
        at=st.integers(-5, 5),
        fee=st.integers(0, 5000),
        order=st.integers(0, 3).map(str),
    ),
    max_size=12,
    unique_by=lambda fill: fill.trade_id,
)
PAYOUTS = st.none() | st.builds(
    PaidOut, value=st.integers(0, 10_000).map(Price), fee=st.integers(0, 900).map(Money), at=st.just(YES.at)
)
NAMES = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def pasts(draw: st.DrawFn) -> tuple[Recorded, Swept]:
    """A world in which things happened, and two accounts of it that each leave something out."""
    world, payout = draw(FILLS), draw(PAYOUTS)
    known = [fill for fill in world if draw(st.booleans())]
    shown = [fill for fill in world if fill not in known or draw(st.booleans())]
    orders = draw(
        st.lists(
            st.builds(
                ShownOrder,
                order_id=st.integers(0, 3).map(str),
                client_order_id=NAMES,
                filled=st.integers(0, 900).map(Size),
                end=st.none() | st.sampled_from([OrderState.CANCELED, OrderState.FILLED]),
            ),
            max_size=4,
            unique_by=lambda order: order.order_id,
        )
    )
    net = sum(fill.side.sign * fill.size for fill in world) + draw(st.sampled_from([0, 0, 0, 7]))
    recorded = Recorded(
        fills=tuple(known),
        unfinished=frozenset(draw(st.sets(NAMES))),
        payout=payout if draw(st.booleans()) else None,
    )
    return recorded, Swept(fills=tuple(shown), net=Size(0 if payout else net), orders=tuple(orders), payout=payout)


def taken_up(recorded: Recorded, found: Recovery) -> Recorded:
    """The journal after the door has written down what was found."""
    return Recorded(
        fills=(*recorded.fills, *found.missed),
        unfinished=recorded.unfinished - {name for name, _ in found.finished},
        payout=recorded.payout or found.missed_payout,
    )


@given(pasts())
def test_what_was_taken_up_is_not_missed_again_and_changes_nothing(past):
    recorded, sweep = past
    found = recover(recorded, sweep, counted_from=START)

    again = recover(taken_up(recorded, found), sweep, counted_from=START)

    assert (again.missed, again.missed_payout, again.finished) == ((), None, ())
    assert again.closings == found.closings
    assert (again.position, again.is_settled, again.drift) == (found.position, found.is_settled, found.drift)
    assert (again.leftovers, again.undecided, again.uncounted) == (found.leftovers, found.undecided, found.uncounted)


@given(pasts(), st.data())
def test_neither_order_nor_repetition_of_the_lists_changes_the_answer(past, data):
    recorded, sweep = past

    def stirred(items):
        repeated = [*items, *data.draw(st.lists(st.sampled_from(items), max_size=3))] if items else []
        return tuple(data.draw(st.permutations(repeated)))

    other = recover(
        replace(recorded, fills=stirred(recorded.fills)),
        replace(sweep, fills=stirred(sweep.fills), orders=stirred(sweep.orders)),
        counted_from=START,
    )

    assert other == recover(recorded, sweep, counted_from=START)


@given(pasts())
def test_every_fill_of_either_side_counts_once(past):
    recorded, sweep = past
    found = recover(recorded, sweep, counted_from=START)

    world = {fill.trade_id: fill for fill in (*sweep.fills, *recorded.fills)}
    assert found.position.trade_ids == world.keys()
    net = sum(fill.side.sign * fill.size for fill in world.values())
    assert found.position.net == (0 if found.is_settled else net)
    assert {fill.trade_id for fill in found.missed} == world.keys() - {fill.trade_id for fill in recorded.fills}


@given(pasts(), st.integers(-6, 6))
def test_the_position_is_that_of_the_fills_one_after_another_whatever_is_counted(past, boundary):
    recorded, sweep = past
    counted_from = Timestamp(START + boundary * SECOND)
    found = recover(recorded, sweep, counted_from=counted_from)

    world = {fill.trade_id: fill for fill in (*recorded.fills, *sweep.fills)}
    position = Position()
    for fill in sorted(world.values(), key=lambda each: (each.at, each.trade_id)):
        position, _ = position.after_fill(
            trade_id=fill.trade_id, side=fill.side, price=fill.price, size=fill.size, fee=fill.fee, at=fill.at
        )
    payout = recorded.payout or sweep.payout
    if payout is not None:
        position, _ = position.settled(payout.value, payout.fee)
    assert (found.position.sign, found.position.lots) == (position.sign, position.lots)
    if all(fill.at >= counted_from for fill in world.values()):
        assert (found.position.realized, found.position.fees) == (position.realized, position.fees)


@given(pasts())
def test_the_closings_add_up_to_the_whole_result_whoever_knows_of_them(past):
    recorded, sweep = past
    found = recover(recorded, sweep, counted_from=Timestamp(0))

    assert sum(closing.realized.pnl for closing in found.closings) == found.position.realized


@given(pasts())
def test_whether_the_journal_can_be_read_does_not_change_what_the_venue_proves(past):
    _, sweep = past

    assert recover(None, sweep, counted_from=START).position == recover(Recorded(), sweep, counted_from=START).position
