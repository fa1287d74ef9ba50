"""Shadow mode's gateway takes and cancels orders, and never fills one."""

from dataclasses import replace

from edgelock.actors.clock import EngineClock
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    AmendRejected,
    Canceled,
    CancelRejected,
    GatewayAnswer,
    GatewayNotice,
    MarketLoaded,
    OrderGateway,
    RequestDone,
)
from edgelock.actors.shadow_gateway import ShadowGateway
from edgelock.core.order import TimeInForce
from edgelock.core.units import Price, Size
from tests.actors.test_paper_gateway import MARKET, NOON, T, a_cancel, an_amendment, an_order


def a_shadow() -> tuple[ShadowGateway, list[GatewayAnswer]]:
    """A gateway that knows one market, and the news that it tells of orders."""
    answers: list[GatewayAnswer] = []

    def hear(answer: GatewayAnswer | GatewayNotice) -> None:
        if not isinstance(answer, RequestDone | MarketLoaded):
            answers.append(answer)

    gateway = ShadowGateway(run="r1", clock=EngineClock(NOON, 0, monotonic=lambda: 0), answer=hear)
    gateway.add_market(MARKET)
    return gateway, answers


def test_an_order_is_acknowledged_and_rests_even_where_it_would_cross():
    gateway, answers = a_shadow()

    gateway.place(T, an_order(price=Price(9900)))

    assert answers == [Acknowledged(ticker=T, client_order_id="a", at=NOON, venue_order_id="shadow-r1-o1")]
    assert [o.remaining for o in gateway.open_orders()] == [1000]


def test_an_immediate_order_leaves_unfilled():
    gateway, answers = a_shadow()

    gateway.place(T, replace(an_order(), time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL, post_only=False))

    assert [type(a) for a in answers] == [Acknowledged, Canceled]
    assert gateway.open_orders() == ()


def test_an_amendment_changes_what_rests():
    gateway, answers = a_shadow()
    gateway.place(T, an_order())

    gateway.amend(T, an_amendment(price=4700, size=300))

    assert isinstance(answers[-1], Amended)
    assert [(o.price, o.remaining) for o in gateway.open_orders()] == [(Price(4700), Size(300))]


def test_a_cancelled_order_is_gone_and_not_found_again():
    gateway, answers = a_shadow()
    gateway.place(T, an_order())

    gateway.cancel(T, a_cancel())
    gateway.cancel(T, a_cancel())
    gateway.amend(T, an_amendment())

    assert [type(a) for a in answers[1:]] == [Canceled, CancelRejected, AmendRejected]


def test_every_command_ends_with_its_one_request_done():
    heard: list[GatewayAnswer | GatewayNotice] = []
    gateway: OrderGateway = ShadowGateway(
        run="r1", clock=EngineClock(NOON, 0, monotonic=lambda: 0), answer=heard.append
    )
    gateway.add_market(MARKET)

    gateway.place(T, an_order())
    gateway.amend(T, an_amendment())
    gateway.cancel_many(((T, a_cancel()), (T, a_cancel("b"))))

    assert [type(a) for a in heard] == [
        MarketLoaded,
        *(Acknowledged, RequestDone),
        *(Amended, RequestDone),
        *(Canceled, RequestDone),
        *(CancelRejected, RequestDone),
    ]
