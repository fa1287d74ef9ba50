"""When a market's past is known: not while a list may be behind, nor while an earlier request may still arrive."""

from edgelock.actors.live_bounds import IN_TRANSIT_MAX
from edgelock.actors.live_past import LISTED_BEFORE, ODD_LOOKS_MAX, LivePast, is_paid_out
from edgelock.actors.sweep import MarketPast
from edgelock.core.market import Side
from edgelock.core.order import OrderState
from edgelock.core.recovery import PastFill, Recorded
from edgelock.core.units import SECOND, Money, Price, Size, Timestamp
from edgelock.kalshi.account import Settlement, VenueFill, VenueOrder, VenueOrderStatus
from tests.actors.past_doubles import WrittenPast, an_intent
from tests.core.builders import NOON

T = "KXNHLGAME-A"
LATE = Timestamp(NOON + IN_TRANSIT_MAX + 1)


def the_past(past: WrittenPast) -> tuple[LivePast, list[str]]:
    said: list[str] = []
    judge = LivePast(past, counted_from=NOON, is_ours=lambda name: name.startswith("ours"), say=said.append)
    judge.begin(NOON)
    return judge, said


def a_fill(trade: str = "t1", side: Side = Side.BID, size: int = 500, order_id: str = "v1") -> VenueFill:
    return VenueFill(
        trade_id=trade, order_id=order_id, ticker=T, side=side, price=Price(4600), size=Size(size), fee=Money(0),
        is_taker=False, at=NOON,
    )  # fmt: skip


def an_order(name: str, status: VenueOrderStatus, filled: int = 0, order_id: str = "v1") -> VenueOrder:
    return VenueOrder(
        order_id=order_id, client_order_id=name, ticker=T, side=Side.BID, price=Price(4600), size=Size(500),
        filled=Size(filled), remaining=Size(500 - filled), status=status,
    )  # fmt: skip


def seen(*, at: Timestamp = NOON, net: int = 0, fills=(), orders=(), settlement=None) -> MarketPast:
    return MarketPast(ticker=T, as_of=at, fills=fills, net=Size(net), orders=orders, settlement=settlement)


def a_settlement(result: str = "yes", value: Price | None = None) -> Settlement:
    return Settlement(ticker=T, event_ticker="E", result=result, value=value, revenue=Money(0), fee=Money(7), at=LATE)


def test_a_market_without_a_past_is_known_at_once():
    judge, _ = the_past(WrittenPast())

    found = judge.judge(seen())

    assert found is not None
    assert found.position.sign == 0
    assert (judge.tickers(), judge.since_s(T)) == (frozenset(), None)


def test_an_order_of_unknown_fate_is_looked_for_from_before_it_was_written_down():
    judge, _ = the_past(WrittenPast(left=(an_intent("ours-1", T), an_intent("ours-2", "B", at=LATE))))

    assert judge.previous == {"ours-1", "ours-2"}
    assert judge.tickers() == {T, "B"}
    assert judge.since_s(T) == (NOON - LISTED_BEFORE) // SECOND


def test_an_order_that_is_nowhere_may_arrive_until_its_longest_way_is_over():
    judge, _ = the_past(WrittenPast(left=(an_intent("ours-1", T),)))

    assert judge.judge(seen(at=Timestamp(NOON + IN_TRANSIT_MAX))) is None
    found = judge.judge(seen(at=LATE))

    assert found is not None
    assert found.undecided == {"ours-1"}
    assert judge.previous == {"ours-1"}


def test_orders_are_over_once_their_market_was_judged_and_nothing_of_it_rests_or_may_arrive():
    judge, _ = the_past(WrittenPast(left=(an_intent("ours-1", T), an_intent("ours-2", T), an_intent("ours-3", "B"))))
    assert judge.over((), LATE) == frozenset()
    assert judge.judge(seen(at=LATE)) is not None

    assert judge.over((), Timestamp(NOON + IN_TRANSIT_MAX)) == frozenset()
    assert judge.over(("ours-2",), LATE) == frozenset()
    assert judge.over(("ours-3", "another's"), LATE) == {"ours-1", "ours-2"}
    assert judge.previous == {"ours-3"}


def test_an_order_that_rests_keeps_its_market_waiting():
    judge, _ = the_past(WrittenPast(left=(an_intent("ours-1", T),)))

    assert judge.judge(seen(at=LATE, orders=(an_order("ours-1", VenueOrderStatus.RESTING),))) is None


def test_an_order_in_a_state_that_nobody_knows_is_as_good_as_not_shown():
    judge, _ = the_past(WrittenPast(left=(an_intent("ours-1", T),)))
    odd = an_order("ours-1", VenueOrderStatus.UNKNOWN)

    assert judge.judge(seen(orders=(odd,))) is None
    assert judge.judge(seen(at=LATE, orders=(odd,))) is not None


def test_an_order_that_is_shown_to_have_ended_is_not_waited_for_any_more():
    judge, _ = the_past(WrittenPast(left=(an_intent("ours-1", T),)))
    ended = an_order("ours-1", VenueOrderStatus.EXECUTED, filled=500)

    found = judge.judge(seen(net=500, fills=(a_fill(),), orders=(ended,)))

    assert found is not None
    assert found.finished == (("ours-1", OrderState.FILLED),)
    assert (judge.previous, judge.tickers()) == (frozenset(), frozenset())


def test_a_list_of_fills_that_is_behind_its_orders_is_read_again():
    judge, said = the_past(WrittenPast(left=(an_intent("ours-1", T),)))
    ended = an_order("ours-1", VenueOrderStatus.EXECUTED, filled=500)

    assert judge.judge(seen(orders=(ended,))) is None
    assert judge.judge(seen(net=500, fills=(a_fill(),), orders=(ended,))) is not None
    assert said == []


def test_a_position_that_nothing_explains_is_taken_for_a_lag_only_so_long_and_then_told():
    judge, said = the_past(WrittenPast())

    looks = [judge.judge(seen(net=700)) for _ in range(ODD_LOOKS_MAX)]

    assert looks[:-1] == [None] * (ODD_LOOKS_MAX - 1)
    assert looks[-1] is not None
    assert looks[-1].drift == 700
    assert said == [f"{T}: the venue's position differs by 700 from its fills and ours, its orders count 0 more"]


def test_orders_of_others_on_the_same_account_are_nobodys_leftovers():
    judge, _ = the_past(WrittenPast())

    assert judge.judge(seen(orders=(an_order("by-hand", VenueOrderStatus.RESTING),))) is not None


def test_a_payout_counts_by_its_result_and_only_where_it_does_not_say_by_its_value():
    judge, _ = the_past(WrittenPast())
    found = judge.judge(seen(fills=(a_fill(),), settlement=a_settlement("no")))
    assert found is not None
    assert found.missed_payout is not None
    assert (found.missed_payout.value, found.missed_payout.fee) == (0, 7)

    found = judge.judge(seen(fills=(a_fill(),), settlement=a_settlement("scalar", Price(3300))))
    assert found is not None
    assert found.missed_payout is not None
    assert found.missed_payout.value == 3300


def test_markets_paid_out_meanwhile_are_read_where_the_journal_has_something_open():
    bought = PastFill(
        trade_id="t1", order_id="ours-1", side=Side.BID, price=Price(4600), size=Size(500), fee=Money(0),
        is_taker=False, at=NOON,
    )  # fmt: skip
    judge, _ = the_past(WrittenPast(records={T: Recorded(fills=(bought,))}))

    assert judge.unpaid((a_settlement(),)) == {T}
    judge, _ = the_past(WrittenPast())
    assert judge.unpaid((a_settlement(),)) == frozenset()


def test_without_a_readable_journal_it_goes_on_and_says_so():
    past = WrittenPast(left=(an_intent("ours-1", T),), is_readable=False)
    judge, said = the_past(past)

    found = judge.judge(seen(net=500, fills=(a_fill(),)))

    assert found is not None
    assert (found.position.net, found.missed) == (500, ())
    assert said == ["orders of earlier runs are not known: the disk is gone",
                    f"{T}: what was missed is not known: the disk is gone"]  # fmt: skip


def test_nothing_held_and_fills_that_come_to_something_may_be_a_payout():
    assert is_paid_out(Size(0), (a_fill(),))
    assert not is_paid_out(Size(500), (a_fill(),))
    assert not is_paid_out(Size(0), (a_fill(), a_fill("t2", Side.ASK)))
