"""The REST body against a real server on loopback."""

import base64
import json
import random
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import Price, Size
from edgelock.kalshi.rest import KalshiRest, TradingRest
from edgelock.kalshi.rest_call import CallLimits, VenueUnreachable
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
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


def test_a_dripping_body_ends_at_the_deadline():
    with LoopbackVenue(Reply(body=STATUS, drip=10_000)) as venue:
        client, _ = a_client(venue, deadline_s=0.3)
        with pytest.raises(VenueUnreachable, match="did not end in time"):
            client.exchange_status()
        client.close()


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
    writing = {"create_order", "amend_order", "cancel_order", "_write"}

    assert writing <= set(dir(TradingRest))
    assert not writing & set(dir(KalshiRest))


def test_an_order_says_everything_in_text_and_what_the_venue_took_is_told():
    with LoopbackVenue(Reply(201, PLACED)) as venue:
        client, _ = a_client(venue)
        outcome = client.create_order("A", ORDER, OrderTerms(expiration_s=1_800_000_000, group_id="g"))
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
        (Reply(429, {"error": "too many requests"}), Refused),
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
        (Reply(cut=True), Unknown),
        (Reply(201, PLACED, drip=10_000), Unknown),
    ],
)
def test_what_an_answer_to_an_order_proves(reply, kind):
    with LoopbackVenue(reply) as venue:
        client, pauses = a_client(venue, deadline_s=2 if reply.drip == 0 else 0.3)
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
