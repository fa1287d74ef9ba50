"""What paper and shadow share: nothing is in doubt there, nothing waits, and nothing ever has to be prolonged."""

import pytest

from edgelock.actors.clock import EngineClock
from edgelock.actors.local_gateway import LocalGateway
from edgelock.actors.order_gateway import (
    GatewayAnswer,
    GatewayNotice,
    MarketLoaded,
    OpenOrdersSeen,
    OrderGateway,
    RenewOrder,
    ResendOrder,
)
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.shadow_gateway import ShadowGateway
from edgelock.core.recovery import Recovery
from tests.actors.test_paper_gateway import MARKET, NOON, T, a_book, an_order


@pytest.fixture(params=[PaperGateway, ShadowGateway])
def local(request) -> tuple[LocalGateway, list[GatewayAnswer | GatewayNotice]]:
    heard: list[GatewayAnswer | GatewayNotice] = []
    gateway: OrderGateway = request.param(
        run="r1", clock=EngineClock(NOON, 0, monotonic=lambda: 0), answer=heard.append
    )
    gateway.start()
    gateway.add_market(MARKET)
    if isinstance(gateway, PaperGateway):
        gateway.on_book(T, a_book(), NOON)
    return gateway, heard


def test_every_market_starts_flat(local):
    assert local[1] == [MarketLoaded(T, Recovery())]


def test_a_look_shows_what_rests(local):
    gateway, heard = local
    gateway.place(T, an_order("a"))

    gateway.look()

    shown = heard[-1]
    assert isinstance(shown, OpenOrdersSeen)
    assert shown.orders is not None
    assert [order.client_order_id for order in shown.orders] == ["a"]


def test_nothing_is_ever_due_and_nobody_has_to_ask(local):
    gateway, _ = local
    gateway.place(T, an_order("a"))

    assert (gateway.due(NOON), gateway.upkeep_ns) == ((), None)
    with pytest.raises(AssertionError, match="a does not expire"):
        gateway.renew(T, RenewOrder(client_order_id="a"))
    with pytest.raises(AssertionError, match="a was answered"):
        gateway.resend(T, ResendOrder(client_order_id="a"))


def test_there_is_no_fuse_that_could_hold_an_entry(local):
    gateway, heard = local
    gateway.trip_fuse()
    assert gateway.takes_entries
    gateway.mend_fuse()

    gateway.place(T, an_order("a"))

    assert [order.client_order_id for order in gateway.open_orders()] == ["a"]
    gateway.stop()
    assert [type(answer).__name__ for answer in heard] == ["MarketLoaded", "Acknowledged", "RequestDone"]
