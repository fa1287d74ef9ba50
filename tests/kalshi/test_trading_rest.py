"""What every write puts on the wire, and what its answer proves."""

import dataclasses
import json

import pytest

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import Price, Size
from edgelock.kalshi.rest import KalshiRest, TradingRest
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_groups import GroupCreated, GroupDone
from edgelock.kalshi.wire_orders import AlreadyExists, Amended, Canceled, OrderTerms, Placed, Refused, Unknown
from tests.kalshi.loopback_venue import LoopbackVenue, Reply
from tests.kalshi.rest_clients import a_client, refusal

PLACED = {"order_id": "v-1", "client_order_id": "c-1", "fill_count": "1.00", "remaining_count": "2.00", "ts_ms": 1}
ORDER = PlaceOrder(
    client_order_id="c-1",
    side=Side.BID,
    price=Price(4700),
    size=Size(300),
    role=Role.ENTRY,
    kind=Kind.QUOTE,
    time_in_force=TimeInForce.GOOD_TILL_CANCELED,
    post_only=True,
    skew="FLAT",
)
EXIT = dataclasses.replace(
    ORDER, role=Role.EXIT, kind=Kind.TAKE_PROFIT, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL, post_only=False
)
FULL_TERMS = OrderTerms(expiration_s=1_800_000_000, group_id="g")


def test_the_reading_client_has_nothing_to_trade_with():
    writing = {
        "create_order",
        "amend_order",
        "cancel_order",
        "cancel_orders",
        "create_group",
        "trigger_group",
        "reset_group",
        "limit_group",
        "delete_group",
        "_write",
    }

    assert writing <= set(dir(TradingRest))
    assert not writing & set(dir(KalshiRest))


def test_an_order_says_everything_in_text_and_what_the_venue_took_is_told():
    with LoopbackVenue(Reply(201, PLACED)) as venue:
        client, _ = a_client(venue)
        outcome = client.create_order("A", ORDER, FULL_TERMS)
        client.close()

    assert outcome == Placed("v-1", filled=Size(100), remaining=Size(200))
    (asked,) = venue.asked
    assert (asked.method, asked.path) == ("POST", "/trade-api/v2/portfolio/events/orders")
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == {
        "ticker": "A",
        "side": "bid",
        "count": "3.00",
        "price": "0.4700",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "c-1",
        "post_only": True,
        "cancel_order_on_pause": True,
        "expiration_time": 1_800_000_000,
        "order_group_id": "g",
    }


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(201, PLACED), Placed),
        (refusal(400, "invalid_order", "post only cross"), Refused),
        (Reply(400, {"code": "bad_request", "message": "bad request"}), Refused),
        (Reply(400, {"msg": "Parameter validation failed"}), Refused),
        (refusal(401, "authentication_error", "NOT_FOUND"), Refused),
        (refusal(403, "forbidden"), Refused),
        (Reply(429, b"<html>slow down</html>"), Unknown),
        (refusal(409, "trading_is_paused"), Refused),
        (refusal(409, "fill_or_kill_insufficient_resting_volume"), Refused),
        (refusal(409, "order_already_exists"), AlreadyExists),
        (Reply(409, b"<html>conflict</html>"), Unknown),
        (Reply(404, b""), Unknown),
        (Reply(408, {"code": "timeout", "message": "timeout"}), Unknown),
        (refusal(500, "internal_error"), Unknown),
        (Reply(502, b"<html>"), Unknown),
        (Reply(301, b""), Unknown),
        (Reply(200, b""), Unknown),
        (Reply(201, b'{"order_id":'), Unknown),
        (Reply(201, {"error": {"code": "x", "message": "y"}}), Unknown),
        (Reply(201, {key: PLACED[key] for key in PLACED if key != "order_id"}), Unknown),
        (Reply(201, {**PLACED, "order_id": ""}), Unknown),
        (Reply(201, {**PLACED, "client_order_id": "another"}), Unknown),
        (Reply(201, {**PLACED, "fill_count": 1.0}), Unknown),
        (Reply(201, {**PLACED, "remaining_count": "-1.00"}), Unknown),
        (Reply(201, {**PLACED, "remaining_count": "2.01"}), Unknown),
        (Reply(cut=True), Unknown),
        (Reply(201, PLACED, drip=10_000), Unknown),
        (Reply(201, PLACED, drip_head=10_000), Unknown),
        (Reply(201, PLACED, cut_after=20), Unknown),
    ],
)
def test_what_an_answer_to_an_order_proves(reply, kind):
    with LoopbackVenue(reply) as venue:
        client, pauses = a_client(venue, deadline_s=2 if reply.drip + reply.drip_head == 0 else 0.3)
        outcome = client.create_order("A", ORDER)
        client.close()

    assert type(outcome) is kind
    assert len(venue.asked) == 1
    assert pauses == []


def test_an_order_is_not_sent_again_when_nobody_answers():
    with LoopbackVenue(Reply()) as venue:
        pass
    client, pauses = a_client(venue)

    assert isinstance(client.create_order("A", ORDER), Unknown)
    assert pauses == []


def sent(reply, write):
    """What one write put on the wire, and its outcome."""
    with LoopbackVenue(reply) as venue:
        client, pauses = a_client(venue)
        outcome = write(client)
        client.close()
    (asked,) = venue.asked
    assert pauses == []
    return asked, outcome


@pytest.mark.parametrize(
    "order", [EXIT, dataclasses.replace(EXIT, role=Role.ENTRY), dataclasses.replace(ORDER, role=Role.EXIT)]
)
def test_only_an_immediate_exit_is_reduce_only_and_only_a_resting_order_expires(order):
    asked, _ = sent(Reply(201, PLACED), lambda client: client.create_order("A", order, FULL_TERMS))

    body = json.loads(asked.body)
    is_immediate = order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
    assert body.get("reduce_only", False) == (is_immediate and order.role is Role.EXIT)
    assert ("expiration_time" in body) != is_immediate
    assert body["post_only"] is order.post_only
    assert "exchange_index" not in body


@pytest.mark.parametrize(
    "body", [{"error": "too many requests"}, {"error": {"code": "too_many_requests", "message": "too many requests"}}]
)
def test_every_429_of_the_venue_has_one_name(body):
    refused = Refused(429, "too_many_requests", "too many requests")
    reply = Reply(429, body)

    assert sent(reply, lambda client: client.create_order("A", ORDER))[1] == refused
    assert sent(reply, lambda client: client.cancel_order("v-1", "A"))[1] == refused
    assert sent(reply, lambda client: client.cancel_orders([("v-1", "A"), ("v-2", "B")]))[1] == (refused, refused)
    assert sent(reply, lambda client: client.create_group(Size(100), 0))[1] == refused
    with LoopbackVenue(reply) as venue:
        client, _ = a_client(venue)
        with pytest.raises(VenueError) as caught:
            client.balance()
        client.close()
    assert (caught.value.status, caught.value.code) == (429, "too_many_requests")


def test_an_amendment_that_only_renews_the_expiry_says_the_rest_again():
    asked, outcome = sent(
        Reply(200, {"order_id": "v-1", "remaining_count": None}),
        lambda client: client.amend_order("v-1", "A", Side.BID, Price(4700), Size(300), "c-1", 1_800_000_060),
    )

    assert outcome == Amended(None)
    assert json.loads(asked.body) == {
        "ticker": "A",
        "side": "bid",
        "price": "0.4700",
        "count": "3.00",
        "client_order_id": "c-1",
        "expiration_time": 1_800_000_060,
    }


def test_several_cancels_are_one_call_that_names_every_market():
    items = [
        {
            "order_id": "v-2",
            "reduced_by": "0.00",
            "ts_ms": None,
            "error": {"code": "not_found", "message": "not found"},
        },
        {"order_id": "v-1", "client_order_id": "c-1", "reduced_by": "2.00", "ts_ms": 1},
        {"order_id": "v-3", "reduced_by": "0.00", "error": {"code": "internal_error", "message": "oops"}},
    ]

    asked, outcomes = sent(
        Reply(200, {"orders": items}),
        lambda client: client.cancel_orders([("v-1", "A"), ("v-2", "B"), ("v-3", "A"), ("v-4", "A")]),
    )

    assert (asked.method, asked.path) == ("DELETE", "/trade-api/v2/portfolio/events/orders/batched")
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(asked.body) == {
        "orders": [
            {"order_id": "v-1", "market_ticker": "A"},
            {"order_id": "v-2", "market_ticker": "B"},
            {"order_id": "v-3", "market_ticker": "A"},
            {"order_id": "v-4", "market_ticker": "A"},
        ]
    }
    assert outcomes[:2] == (Canceled(Size(200)), Refused(404, "not_found", "not found"))
    assert [type(outcome) for outcome in outcomes[2:]] == [Unknown, Unknown]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {}),
        Reply(200, {"orders": [{}]}),
        Reply(204, b""),
        Reply(503, {"code": "unavailable", "message": "later"}),
        Reply(400, b"<html>"),
        Reply(cut=True),
    ],
)
def test_a_batch_without_a_readable_answer_is_unknown(reply):
    _, outcome = sent(reply, lambda client: client.cancel_orders([("v-1", "A")]))

    assert isinstance(outcome, Unknown)


def test_an_item_that_is_named_twice_proves_nothing():
    items = [{"order_id": "v-1", "reduced_by": "2.00"}, {"order_id": "v-1", "reduced_by": "0.00"}]

    _, (outcome,) = sent(Reply(200, {"orders": items}), lambda client: client.cancel_orders([("v-1", "A")]))

    assert isinstance(outcome, Unknown)


def test_no_orders_to_cancel_is_no_call():
    with LoopbackVenue(Reply()) as venue:
        client, _ = a_client(venue)
        assert client.cancel_orders([]) == ()
        client.close()

    assert venue.asked == []


@pytest.mark.parametrize(
    ("write", "method", "path", "body"),
    [
        (lambda c: c.trigger_group("g-1"), "PUT", "/g-1/trigger", {}),
        (lambda c: c.reset_group("g-1"), "PUT", "/g-1/reset", {}),
        (lambda c: c.limit_group("g-1", Size(750)), "PUT", "/g-1/limit", {"contracts_limit_fp": "7.50"}),
        (lambda c: c.delete_group("g-1", 2), "DELETE", "/g-1?exchange_index=2", None),
    ],
)
def test_a_change_of_a_group_is_done_when_the_venue_answers_with_an_object(write, method, path, body):
    asked, outcome = sent(Reply(200, {}), write)

    assert outcome == GroupDone()
    assert (asked.method, asked.path) == (method, f"/trade-api/v2/portfolio/order_groups{path}")
    assert (json.loads(asked.body) if asked.body else None) == body
    assert sent(refusal(404, "order_group_not_found"), write)[1].code == "order_group_not_found"
    for odd in (Reply(200, b""), Reply(200, b"[]"), Reply(200, {"error": "x"}), Reply(500, {}), Reply(cut=True)):
        assert isinstance(sent(odd, write)[1], Unknown), odd


def test_a_group_is_made_on_the_shard_that_was_asked_for():
    made = {"order_group_id": "g-1", "subaccount": 0, "exchange_index": 2}

    asked, outcome = sent(Reply(201, made), lambda client: client.create_group(Size(10_000), 2))

    assert outcome == GroupCreated("g-1")
    assert (asked.method, asked.path) == ("POST", "/trade-api/v2/portfolio/order_groups/create")
    assert json.loads(asked.body) == {"contracts_limit_fp": "100.00", "exchange_index": 2}
    for odd in ({**made, "exchange_index": 0}, {**made, "order_group_id": ""}, {}):
        assert isinstance(sent(Reply(201, odd), lambda client: client.create_group(Size(100), 2))[1], Unknown), odd


def test_an_amendment_names_the_new_size_in_all():
    with LoopbackVenue(Reply(200, {"order_id": "v-1", "remaining_count": None, "fill_count": None})) as venue:
        client, _ = a_client(venue)
        assert client.amend_order("v-1", "A", Side.BID, Price(4800), Size(350), "c-1") == Amended(None)
        client.close()

    (asked,) = venue.asked
    assert (asked.method, asked.path) == ("POST", "/trade-api/v2/portfolio/events/orders/v-1/amend")
    assert json.loads(asked.body) == {
        "ticker": "A",
        "side": "bid",
        "price": "0.4800",
        "count": "3.50",
        "client_order_id": "c-1",
    }


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200, {"order_id": "v-1", "remaining_count": "2.00"}), Amended(Size(200))),
        (refusal(404, "not_found"), Refused(404, "not_found", "not found")),
        (Reply(200, {"order_id": "v-2"}), Unknown),
        (Reply(200, {"order_id": "v-1", "remaining_count": 2}), Unknown),
        (Reply(200, {"order_id": "v-1", "remaining_count": "3.51"}), Unknown),
        (refusal(429, "too_many_requests"), Refused(429, "too_many_requests", "too many requests")),
        (refusal(503, "unavailable"), Unknown),
    ],
)
def test_what_an_answer_to_an_amendment_proves(reply, outcome):
    with LoopbackVenue(reply) as venue:
        client, _ = a_client(venue)
        found = client.amend_order("v-1", "A", Side.BID, Price(4800), Size(350), "c-1")
        client.close()

    assert type(found) is outcome if isinstance(outcome, type) else found == outcome


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200, {"order_id": "v-1", "reduced_by": "2.00", "ts_ms": 1}), Canceled(Size(200))),
        (refusal(404, "not_found"), Refused(404, "not_found", "not found")),
        (Reply(200, {"order_id": "another", "reduced_by": "2.00"}), Unknown),
        (Reply(200, {"order_id": "v-1"}), Unknown),
        (Reply(204, b""), Unknown),
        (Reply(cut=True), Unknown),
    ],
)
def test_what_an_answer_to_a_cancellation_proves(reply, outcome):
    with LoopbackVenue(reply) as venue:
        client, _ = a_client(venue)
        found = client.cancel_order("v-1", "A")
        client.close()

    assert type(found) is outcome if isinstance(outcome, type) else found == outcome
    (asked,) = venue.asked
    assert (asked.method, asked.path) == ("DELETE", "/trade-api/v2/portfolio/events/orders/v-1?market_ticker=A")
