"""One market's desk: what is on record, what the verdict in force is, and which commands still make sense."""

import pytest

from edgelock.actors import order_gateway as gateway
from edgelock.actors.order_desk import ARCHIVE_KEPT, OrderDesk
from edgelock.core import facts
from edgelock.core.intents import AmendOrder, CancelOrder
from edgelock.core.order import CancelReason, Kind, OrderState, Role, TimeInForce
from edgelock.core.permit import Mode
from edgelock.core.units import SECOND, Money, Timestamp
from tests.actors.test_paper_gateway import an_order
from tests.actors.trading_doubles import Letterbox
from tests.core.builders import HALTED, NOON, OPEN, a_market, cents, contracts

ABOUT = {"ticker": "T", "client_order_id": "a", "at": NOON}
CANCEL = CancelOrder(client_order_id="a", reason=CancelReason.QUOTE)
AMEND = AmendOrder(client_order_id="a", price=cents(45), size=contracts(5), reason=CancelReason.EXIT)


def a_desk(*sent) -> OrderDesk:
    desk = OrderDesk(market=a_market(ticker="T"), subscriber=Letterbox("t").address)
    for wish in sent:
        desk.sent(wish, NOON)
    return desk


def test_before_the_risk_side_has_spoken_the_verdict_is_reduce_only():
    assert a_desk().mode(10**18, 5 * SECOND) is Mode.REDUCE_ONLY


@pytest.mark.parametrize(
    ("permit", "age", "mode"),
    [
        (OPEN, 5 * SECOND, Mode.OPEN),
        (OPEN, 5 * SECOND + 1, Mode.REDUCE_ONLY),
        (HALTED, 5 * SECOND + 1, Mode.HALTED),
    ],
)
def test_an_old_verdict_is_at_most_reduce_only_and_never_opens_what_was_halted(permit, age, mode):
    desk = a_desk()
    desk.permit, desk.permit_issued_ns = permit, 100

    assert desk.mode(100 + age, 5 * SECOND) is mode


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (gateway.Acknowledged(**ABOUT, venue_order_id="v"), facts.OrderAcknowledged),
        (gateway.Rejected(**ABOUT, code="no", text="no"), facts.OrderRejected),
        (gateway.Canceled(**ABOUT, reason="venue"), facts.OrderCanceled),
        (gateway.Unanswered(**ABOUT, reason="timeout"), facts.OrderUnanswered),
        (
            gateway.Filled(**ABOUT, trade_id="x", price=cents(46), size=contracts(4), fee=Money(7), is_taker=True,
                           queue_ahead=contracts(3)),
            facts.OrderFilled,
        ),
    ],
)  # fmt: skip
def test_every_answer_is_a_fact_with_the_next_number(answer, fact):
    desk = a_desk(an_order("a"))

    told, _ = desk.learned(answer)

    assert (type(told), told.sequence, told.at) == (fact, 1, NOON)
    assert desk.ledger.sequence == 1


@pytest.mark.parametrize(
    ("wish", "answer", "fact"),
    [
        (AMEND, gateway.Amended(**ABOUT, price=cents(45), size=contracts(5)), facts.OrderAmended),
        (AMEND, gateway.AmendRejected(**ABOUT, code="no", text="no"), facts.AmendRejected),
        (CANCEL, gateway.CancelRejected(**ABOUT, code="not_found", text="no"), facts.CancelRejected),
    ],
)
def test_every_answer_to_a_change_is_a_fact_too(wish, answer, fact):
    desk = a_desk(an_order("a"))
    desk.learned(gateway.Acknowledged(**ABOUT, venue_order_id="v"))
    desk.sent(wish, NOON)

    assert isinstance(desk.learned(answer)[0], fact)


def test_only_the_end_of_the_request_under_way_frees_the_way():
    desk = a_desk(an_order("a"))
    desk.learned(gateway.Acknowledged(**ABOUT, venue_order_id="v"))
    assert desk.in_flight == "a"
    desk.request_done("b")
    assert desk.in_flight == "a"

    desk.request_done("a")

    assert desk.in_flight is None
    assert desk.is_idle()


def test_a_change_makes_sense_while_the_order_rests_and_a_cancel_also_while_nobody_knows():
    desk = a_desk(an_order("a"))
    assert (desk.is_pointless(CANCEL), desk.is_pointless(AMEND)) == (True, True)
    desk.learned(gateway.Acknowledged(**ABOUT, venue_order_id="v"))
    assert (desk.is_pointless(CANCEL), desk.is_pointless(AMEND)) == (False, False)
    desk.sent(CANCEL, NOON)
    desk.learned(gateway.Unanswered(**ABOUT, reason="timeout"))
    assert (desk.is_pointless(CANCEL), desk.is_pointless(AMEND)) == (False, True)
    desk.learned(gateway.Canceled(**ABOUT, reason="asked"))

    assert (desk.is_pointless(CANCEL), desk.is_pointless(AMEND)) == (True, True)
    assert not desk.is_pointless(an_order("new"))


def test_the_exposure_counts_every_order_that_is_not_proven_dead():
    desk = a_desk(an_order("a"))
    desk.learned(gateway.Unanswered(**ABOUT, reason="timeout"))

    assert [order.state for order in desk.exposure().orders] == [OrderState.UNKNOWN]
    assert desk.exposure().worst_case == 1000


def test_the_moment_of_the_last_trim_is_on_record():
    trim = an_order("m", role=Role.EXIT, kind=Kind.MAE_TRIM, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)

    assert a_desk(trim).recovered(NOON).last_trim_at == NOON
    assert a_desk(an_order("a")).recovered(NOON).last_trim_at is None


def test_what_ended_long_ago_is_let_go_so_that_a_long_run_does_not_grow_without_end():
    desk = a_desk(an_order("old"), an_order("new"))
    ends = {"ticker": "T", "reason": "venue"}
    desk.learned(gateway.Canceled(**ends, client_order_id="old", at=NOON))

    desk.learned(gateway.Canceled(**ends, client_order_id="new", at=Timestamp(NOON + ARCHIVE_KEPT)))
    assert desk.archive.keys() == {"old", "new"}
    desk.sent(an_order("last"), NOON)
    desk.learned(gateway.Canceled(**ends, client_order_id="last", at=Timestamp(NOON + ARCHIVE_KEPT + 1)))

    assert desk.archive.keys() == {"new", "last"}
