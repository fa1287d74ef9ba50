"""The REST body against a real server on loopback."""

import base64
import dataclasses
import json
import random
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import Price, Size
from edgelock.kalshi.account import EndpointCosts
from edgelock.kalshi.rest import KalshiRest, TradingRest
from edgelock.kalshi.rest_call import CallLimits, VenueUnreachable
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_groups import GroupCreated, GroupDone
from edgelock.kalshi.wire_orders import AlreadyExists, Amended, Canceled, OrderTerms, Placed, Refused, Unknown
from tests.kalshi.loopback_venue import LoopbackVenue, Reply

KEY = ed25519.Ed25519PrivateKey.generate()
STATUS = {"exchange_active": True, "trading_active": False}
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


class PausesKept(list):
    """Stands in for sleeping: keeps how long, and returns at once."""

    def __call__(self, seconds):
        self.append(seconds)


def a_client(venue, kind=TradingRest, **limits):
    credentials = Credentials("key-1", KEY)
    pauses = PausesKept()
    client = kind(venue.url, credentials, rng=random.Random(1), limits=CallLimits(**limits), sleep=pauses)
    return client, pauses


def refusal(status, code, details=None):
    said = {"code": code, "message": code.replace("_", " ")}
    return Reply(status, {"error": said if details is None else {**said, "details": details}})


def test_a_read_is_signed_for_its_path_without_the_query():
    with LoopbackVenue(Reply(body={"markets": [], "cursor": ""})) as venue:
        client, _ = a_client(venue)
        client.markets(series_ticker="KXNHLGAME", status="open")
        client.close()

    (asked,) = venue.asked
    assert asked.path == ("/trade-api/v2/markets?series_ticker=KXNHLGAME&status=open&mve_filter=exclude&limit=1000")
    signed = asked.headers["KALSHI-ACCESS-TIMESTAMP"] + "GET/trade-api/v2/markets"
    KEY.public_key().verify(base64.b64decode(asked.headers["KALSHI-ACCESS-SIGNATURE"]), signed.encode())


def test_a_busy_venue_is_asked_again_with_a_fresh_signature_and_growing_pauses():
    busy = Reply(429, {"error": "too many requests"})
    with LoopbackVenue(busy, Reply(503, b"<html>"), Reply(cut=True), Reply(body=STATUS)) as venue:
        times = iter(range(1000, 2000))
        client = KalshiRest(
            venue.url,
            Credentials("k", KEY),
            rng=random.Random(1),
            wall_ms=lambda: next(times),
            sleep=(p := PausesKept()),
        )
        assert client.exchange_status().trading_active is False
        client.close()

    stamps = [asked.headers["KALSHI-ACCESS-TIMESTAMP"] for asked in venue.asked]
    assert stamps == sorted(set(stamps)), "each attempt is signed at its own moment"
    assert len(stamps) == 4
    assert 0.1 <= p[0] <= 0.2 <= p[1] <= 0.4 <= p[2] <= 0.8


def test_a_venue_that_stays_busy_is_an_error_after_a_bounded_number_of_attempts():
    with LoopbackVenue(Reply(503, {"code": "unavailable", "message": "later"})) as venue:
        client, _ = a_client(venue, attempts_max=3)
        with pytest.raises(VenueError, match="503 unavailable: later"):
            client.balance()
        client.close()

    assert len(venue.asked) == 3


def test_a_refused_read_is_not_repeated():
    with LoopbackVenue(refusal(401, "authentication_error", "NOT_FOUND")) as venue:
        client, _ = a_client(venue)
        with pytest.raises(VenueError) as caught:
            client.balance()
        client.close()

    assert len(venue.asked) == 1
    assert (caught.value.status, caught.value.code, caught.value.details) == (401, "authentication_error", "NOT_FOUND")


def test_a_redirect_is_not_followed():
    with LoopbackVenue(Reply(301, b"", location="http://127.0.0.1:9/steal")) as venue:
        client, _ = a_client(venue)
        with pytest.raises(VenueError, match="301"):
            client.exchange_status()
        client.close()

    assert len(venue.asked) == 1


def test_an_unreachable_venue_is_named_without_the_signature():
    with LoopbackVenue(Reply()) as venue:
        pass
    client, _ = a_client(venue, attempts_max=2)

    with pytest.raises(VenueUnreachable, match=r"^GET /portfolio/balance: ConnectionError$"):
        client.balance()


def test_pages_are_followed_to_the_empty_cursor():
    first = {"orders": [], "cursor": "next"}
    with LoopbackVenue(Reply(body=first), Reply(body={"orders": [], "cursor": ""})) as venue:
        client, _ = a_client(venue)
        assert client.orders(ticker="A", status="resting") == ()
        client.close()

    assert [asked.path.split("?")[1] for asked in venue.asked] == [
        "ticker=A&status=resting&subaccount=0&limit=1000",
        "ticker=A&status=resting&subaccount=0&limit=1000&cursor=next",
    ]


def test_a_list_that_runs_in_a_circle_is_an_error():
    with LoopbackVenue(Reply(body={"fills": [], "cursor": "again"})) as venue:
        client, _ = a_client(venue)
        with pytest.raises(WireError, match="does not end"):
            client.fills()
        client.close()


def an_order(order_id):
    return {
        "order_id": order_id,
        "client_order_id": "c",
        "ticker": "A",
        "book_side": "bid",
        "status": "resting",
        "yes_price_dollars": "0.4700",
        "initial_count_fp": "1.00",
        "fill_count_fp": "0.00",
        "remaining_count_fp": "1.00",
    }


def test_a_short_page_is_not_the_end_and_an_order_on_two_pages_makes_the_list_an_error():
    pages = [
        Reply(body={"orders": [an_order("v-1")], "cursor": "a"}),
        Reply(body={"orders": [], "cursor": "b"}),
        Reply(body={"orders": [an_order("v-2")], "cursor": ""}),
    ]
    with LoopbackVenue(*pages) as venue:
        client, _ = a_client(venue)
        assert [order.order_id for order in client.orders()] == ["v-1", "v-2"]
        client.close()

    with LoopbackVenue(pages[0], Reply(body={"orders": [an_order("v-1")], "cursor": ""})) as venue:
        client, _ = a_client(venue)
        with pytest.raises(WireError, match="v-1 is on the list twice"):
            client.orders()
        client.close()


def test_an_answer_about_another_order_is_an_error_and_a_missing_order_is_a_404():
    with LoopbackVenue(Reply(body={"order": an_order("v-2")}), refusal(404, "not_found")) as venue:
        client, _ = a_client(venue)
        with pytest.raises(WireError, match="about order 'v-2'"):
            client.order("v-1")
        with pytest.raises(VenueError) as caught:
            client.order("v-1")
        client.close()

    assert (caught.value.status, caught.value.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("read", "reply", "path"),
    [
        (
            lambda c: c.fills(order_id="v-1", since_s=7),
            {"fills": [], "cursor": ""},
            "fills?order_id=v-1&min_ts=7&subaccount=0&limit=1000",
        ),
        (lambda c: c.orders(since_s=7), {"orders": [], "cursor": ""}, "orders?min_ts=7&subaccount=0&limit=1000"),
        (lambda c: c.positions(), {"market_positions": [], "cursor": ""}, "positions?subaccount=0&limit=1000"),
        (
            lambda c: c.settlements(ticker="A"),
            {"settlements": [], "cursor": ""},
            "settlements?ticker=A&subaccount=0&limit=1000",
        ),
        (lambda c: c.order_groups(), {"order_groups": []}, "order_groups?subaccount=0"),
        (
            lambda c: c.queue_positions(["A", "B"]),
            {"queue_positions": []},
            "orders/queue_positions?market_tickers=A%2CB",
        ),
    ],
)
def test_lists_of_our_account_are_of_the_account_that_we_trade_in(read, reply, path):
    with LoopbackVenue(Reply(body=reply)) as venue:
        client, _ = a_client(venue)
        assert read(client) == ()
        client.close()

    assert [asked.path for asked in venue.asked] == [f"/trade-api/v2/portfolio/{path}"]


def test_many_books_are_a_hundred_to_a_call_and_an_unknown_market_has_none():
    tickers = [f"T{number}" for number in range(150)]
    sides = {"yes_dollars": [["0.4700", "3.00"]], "no_dollars": []}
    answers = [
        Reply(
            body={"orderbooks": [{"ticker": ticker, "orderbook_fp": sides} for ticker in [*tickers[1:100], "OTHER"]]}
        ),
        Reply(body={"orderbooks": [{"ticker": ticker, "orderbook_fp": sides} for ticker in tickers[100:]]}),
    ]
    with LoopbackVenue(*answers) as venue:
        client, _ = a_client(venue)
        books = client.order_books(tickers)
        assert client.order_books([]) == {}
        client.close()

    assert list(books) == tickers[1:]
    assert books["T7"].levels(Side.BID) == ((4700, 300),)
    first, second = (asked.path.split("?")[1] for asked in venue.asked)
    assert first == "&".join(f"tickers={ticker}" for ticker in tickers[:100])
    assert second == "&".join(f"tickers={ticker}" for ticker in tickers[100:])


def test_the_freshness_of_reads_and_the_costs_of_calls_are_read():
    costs = {"default_cost": 10, "endpoint_costs": [{"method": "DELETE", "path": "/trade-api/v2/x/:id", "cost": 2}]}
    with LoopbackVenue(Reply(body={"as_of_time": "2026-06-11T06:29:30.5Z"}), Reply(body=costs)) as venue:
        client, _ = a_client(venue)
        assert client.user_data_timestamp() == 1_781_159_370_500_000_000
        assert client.endpoint_costs() == EndpointCosts(10, {("DELETE", "/trade-api/v2/x/:id"): 2})
        client.close()


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_path_segment_that_would_lead_elsewhere_is_refused(name):
    client = KalshiRest("http://127.0.0.1:1", None, rng=random.Random(1))

    with pytest.raises(ValueError, match="is no ticker"):
        client.order(name)


def test_a_path_segment_cannot_leave_its_place():
    with LoopbackVenue(refusal(404, "not_found")) as venue:
        client, _ = a_client(venue)
        with pytest.raises(VenueError):
            client.market("../portfolio/balance?x=1")
        client.close()

    assert venue.asked[0].path == "/trade-api/v2/markets/..%2Fportfolio%2Fbalance%3Fx%3D1"


@pytest.mark.parametrize(
    "url", ["http://external-api.kalshi.com/trade-api/v2", "ftp://127.0.0.1/x", "https://u:p@h/x", "127.0.0.1:80"]
)
def test_an_unsafe_address_is_refused(url):
    with pytest.raises(ValueError, match=r"URL|in the clear"):
        KalshiRest(url, None, rng=random.Random(1))


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


def test_nothing_a_client_shows_holds_its_key_or_a_signature(caplog):
    with LoopbackVenue(Reply(cut=True)) as venue, caplog.at_level("DEBUG"):
        client, _ = a_client(venue, attempts_max=1)
        with pytest.raises(VenueUnreachable) as caught:
            client.balance()
        client.close()

    signature = venue.asked[0].headers["KALSHI-ACCESS-SIGNATURE"]
    assert signature not in caplog.text
    assert signature not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_the_clocks_are_compared_by_the_date_of_an_answer():
    """The venue writes whole seconds: the truth lies between the two bounds."""
    for ahead_ms in (0, 900, 3_500, -3_500):
        with LoopbackVenue(Reply(body=STATUS)) as venue:
            wall_ms = lambda ahead_ms=ahead_ms: time.time_ns() // 1_000_000 + ahead_ms  # noqa: E731
            client = KalshiRest(venue.url, Credentials("k", KEY), rng=random.Random(1), wall_ms=wall_ms)
            assert client.clock_offset is None
            client.exchange_status()
            client.close()
        offset = client.clock_offset
        assert offset is not None
        assert offset.least_ms <= ahead_ms <= offset.most_ms
