"""Reads against a real server on loopback: signed, repeated, bounded, and lists whole or not at all."""

import base64
import random
import time

import pytest

from edgelock.core.market import Side
from edgelock.kalshi.account import EndpointCosts
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from tests.kalshi.loopback_venue import LoopbackVenue, Reply
from tests.kalshi.rest_clients import KEY, PausesKept, a_client, refusal

STATUS = {"exchange_active": True, "trading_active": False}


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


def test_a_read_that_could_only_be_repeated_too_late_says_why_at_once():
    with LoopbackVenue(Reply(429, {"error": "too many requests"})) as venue:
        client, pauses = a_client(venue, deadline_s=2, pause_s=20, pause_max_s=20)
        with pytest.raises(VenueError, match="429 too_many_requests"):
            client.balance()
        client.close()

    assert (len(venue.asked), pauses) == (1, [])


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
