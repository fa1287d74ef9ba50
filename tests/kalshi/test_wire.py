"""The venue's documented bodies as core values, and garbage that must raise the one right error."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.facts import Print
from edgelock.core.fees import TAKER_RATE, fee_schedule
from edgelock.core.market import MarketStatus, Side
from edgelock.core.units import Price, Size, Timestamp
from edgelock.kalshi.account import AccountLimits, Balance, BucketLimits, VenueFill, VenueOrderStatus, VenuePosition
from edgelock.kalshi.wire import WireError, time_field
from edgelock.kalshi.wire_account import (
    read_balance,
    read_fills,
    read_limits,
    read_order,
    read_orders,
    read_positions,
)
from edgelock.kalshi.wire_error import read_error
from edgelock.kalshi.wire_market import (
    read_event,
    read_exchange_status,
    read_market,
    read_markets,
    read_order_book,
    read_series,
    read_trades,
)

MARKET = {
    "ticker": "KXNHLGAME-26OCT12VGKMIN-VGK",
    "event_ticker": "KXNHLGAME-26OCT12VGKMIN",
    "market_type": "binary",
    "yes_sub_title": "Vegas",
    "no_sub_title": "Vegas",
    "created_time": "2026-10-05T10:00:00Z",
    "open_time": "2026-10-06T14:00:00.5Z",
    "close_time": "2026-10-15T00:00:00.123456Z",
    "settlement_timer_seconds": 300,
    "status": "active",
    "notional_value_dollars": "1.0000",
    "yes_bid_dollars": "0.5500",
    "yes_ask_dollars": "0.5700",
    "volume_24h_fp": "1234.56",
    "result": "",
    "price_level_structure": "linear_cent",
    "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
    "floor_strike": 2.5,
    "exchange_index": 0,
}
ORDER = {
    "order_id": "o-1",
    "client_order_id": "c-1",
    "ticker": "A",
    "outcome_side": "no",
    "book_side": "ask",
    "side": "yes",
    "action": "sell",
    "type": "limit",
    "status": "resting",
    "yes_price_dollars": "0.0100",
    "no_price_dollars": "0.9900",
    "initial_count_fp": "3.00",
    "fill_count_fp": "1.00",
    "remaining_count_fp": "2.00",
}
FILL = {
    "fill_id": "t-1",
    "trade_id": "t-1",
    "order_id": "o-1",
    "ticker": "A",
    "market_ticker": "A",
    "book_side": "bid",
    "side": "no",
    "action": "sell",
    "count_fp": "1.00",
    "yes_price_dollars": "0.5200",
    "is_taker": True,
    "fee_cost": "0.017500",
    "created_time": "2026-06-11T06:29:30Z",
    "ts": 1781159370,
}
TRADE = {
    "trade_id": "t-1",
    "ticker": "A",
    "count_fp": "7.77",
    "yes_price_dollars": "0.0300",
    "no_price_dollars": "0.9700",
    "taker_side": "yes",
    "taker_outcome_side": "yes",
    "taker_book_side": "bid",
    "created_time": "2026-06-11T05:39:31.28563Z",
    "is_block_trade": False,
}
POSITION = {
    "ticker": "A",
    "exchange_index": 0,
    "position_fp": "-3.00",
    "market_exposure_dollars": "2.500000",
    "realized_pnl_dollars": "-0.100000",
    "fees_paid_dollars": "0.018900",
}


def body(value):
    return json.dumps(value).encode()


def without(value, key):
    return {name: field for name, field in value.items() if name != key}


def test_a_market_is_read_with_its_grid_and_times():
    listing = read_market(body({"market": MARKET}))

    assert listing.status is MarketStatus.ACTIVE
    assert listing.title == "Vegas"
    assert (listing.best_bid, listing.best_ask) == (5500, 5700)
    assert listing.volume_24h == 123_456
    assert len(listing.grid.prices) == 99
    assert listing.open_time == 1_791_295_200_500_000_000
    assert listing.close_time % 10**9 == 123_456_000
    assert listing.settlement_value is None
    market = listing.as_market(family="nhl", series_ticker="KXNHLGAME", fees=fee_schedule("quadratic", Fraction(1)))
    assert (market.ticker, market.close_time, market.grid) == (listing.ticker, listing.close_time, listing.grid)


def test_the_venues_marks_of_an_empty_side_are_no_prices():
    listing = read_market(body({"market": {**MARKET, "yes_bid_dollars": "0.0000", "yes_ask_dollars": "1.0000"}}))

    assert (listing.best_bid, listing.best_ask) == (None, None)


def test_a_tapered_grid_is_read_band_by_band():
    bands = [("0.0000", "0.1000", "0.0010"), ("0.1000", "0.9000", "0.0100"), ("0.9000", "1.0000", "0.0010")]
    ranges = [dict(zip(("start", "end", "step"), band, strict=True)) for band in bands]

    grid = read_market(body({"market": {**MARKET, "price_ranges": ranges}})).grid

    assert grid.accepts(Price(10))
    assert not grid.accepts(Price(5010))
    assert grid.accepts(Price(9010))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ticker", None),
        ("status", "napping"),
        ("close_time", "2026-10-15 00:00:00"),
        ("close_time", "2026-13-15T00:00:00Z"),
        ("close_time", 1781159370),
        ("yes_bid_dollars", 0.55),
        ("yes_bid_dollars", "0.55001"),
        ("yes_ask_dollars", "1.2000"),
        ("yes_ask_dollars", "-0.1000"),
        ("price_ranges", []),
        ("price_ranges", [{"start": "0.0000", "end": "1.0000", "step": "0.0000"}]),
        ("price_ranges", [{"start": "0.0000", "end": "1.0000"}]),
        ("volume_24h_fp", "-1.00"),
        ("settlement_value_dollars", "yes"),
    ],
)
def test_an_odd_market_field_is_an_error_that_names_it(field, value):
    with pytest.raises(WireError, match=field):
        read_market(body({"market": {**MARKET, field: value}}))


@pytest.mark.parametrize(
    "field",
    ["ticker", "event_ticker", "status", "open_time", "close_time", "yes_bid_dollars", "price_ranges", "volume_24h_fp"],
)
def test_a_missing_market_field_is_an_error_that_names_it(field):
    with pytest.raises(WireError, match=f"GET /markets/.*{field}"):
        read_market(body({"market": without(MARKET, field)}))


def test_an_odd_market_on_a_page_is_left_out_with_its_reason():
    page = read_markets(body({"markets": [MARKET, {**MARKET, "status": "napping"}, 7], "cursor": "next"}))

    assert [listing.ticker for listing in page.listings] == [MARKET["ticker"]]
    assert len(page.unreadable) == 2
    assert "napping" in page.unreadable[0]
    assert page.cursor == "next"


@pytest.mark.parametrize(("text", "exact"), [("1", 1), ("0.5", Fraction(1, 2)), ("0.1", Fraction(1, 10)), ("0", 0)])
def test_a_fee_multiplier_is_exactly_what_its_text_says(text, exact):
    raw = b'{"series":{"ticker":"S","fee_type":"quadratic_with_maker_fees","fee_multiplier":%s}}' % text.encode()

    terms = read_series(raw)

    assert terms.fee_multiplier == exact
    assert terms.fees.taker_rate == TAKER_RATE * exact


@pytest.mark.parametrize("text", ["-1", '"NaN"', '"Infinity"', "null", "[]", "true"])
def test_an_odd_fee_multiplier_is_an_error(text):
    with pytest.raises(WireError, match="fee_multiplier"):
        read_series(b'{"series":{"ticker":"S","fee_type":"quadratic","fee_multiplier":%s}}' % text.encode())


def test_an_event_overrides_each_part_of_its_series_fees_on_its_own():
    series = read_series(b'{"series":{"ticker":"S","fee_type":"quadratic","fee_multiplier":0.5}}')
    event = {"event_ticker": "E", "series_ticker": "S", "title": "t", "sub_title": "", "mutually_exclusive": True}

    plain = read_event(body({"event": event, "markets": []}))
    dearer = read_event(body({"event": {**event, "fee_multiplier_override": 1}, "markets": []}))
    other = read_event(body({"event": {**event, "fee_type_override": "quadratic_with_maker_fees"}}))

    assert plain.fees(series) == series.fees
    assert dearer.fees(series) == fee_schedule("quadratic", Fraction(1))
    assert other.fees(series) == fee_schedule("quadratic_with_maker_fees", Fraction(1, 2))


def test_an_order_book_is_turned_into_the_yes_frame_best_first():
    sides = {"yes_dollars": [["0.4600", "1.00"], ["0.4700", "3.00"]], "no_dollars": [["0.4800", "2.00"]]}

    book = read_order_book(body({"orderbook_fp": sides}))

    assert book.levels(Side.BID) == ((4700, 300), (4600, 100))
    assert book.levels(Side.ASK) == ((5200, 200),)
    assert read_order_book(body({"orderbook_fp": {"yes_dollars": [], "no_dollars": []}})).levels(Side.BID) == ()


@pytest.mark.parametrize(
    "sides",
    [
        {"yes_dollars": [["0.4700", "3.00"]]},
        {"yes_dollars": [["0.4700"]], "no_dollars": []},
        {"yes_dollars": [["0.4700", "0.00"]], "no_dollars": []},
        {"yes_dollars": [["0.4700", "1.00"], ["0.4700", "1.00"]], "no_dollars": []},
        {"yes_dollars": [["0.6000", "1.00"]], "no_dollars": [["0.4000", "1.00"]]},
        {"yes_dollars": [[0.47, 3]], "no_dollars": []},
    ],
)
def test_a_book_that_cannot_be_is_an_error(sides):
    with pytest.raises(WireError, match="orderbook"):
        read_order_book(body({"orderbook_fp": sides}))


def test_public_trades_carry_the_takers_side():
    page = read_trades(body({"trades": [TRADE], "cursor": ""}))

    ((ticker, at, trade),) = page.trades
    assert ticker == "A"
    assert at % 10**9 == 285_630_000
    assert trade == Print("t-1", Price(300), Size(777), Side.BID)
    with pytest.raises(WireError, match="taker_book_side"):
        read_trades(body({"trades": [without(TRADE, "taker_book_side")], "cursor": ""}))


def test_exchange_status_is_two_answers():
    status = read_exchange_status(b'{"exchange_active":true,"trading_active":false}')

    assert (status.exchange_active, status.trading_active) == (True, False)
    with pytest.raises(WireError, match="trading_active"):
        read_exchange_status(b'{"exchange_active":true}')


def test_balance_is_read_from_dollars_and_not_from_truncated_cents():
    raw = body({"balance": 9801, "balance_dollars": "98.0186", "portfolio_value": 198, "updated_ts": 1781159348})

    assert read_balance(raw) == Balance(98_018_600)
    with pytest.raises(WireError, match="balance_dollars"):
        read_balance(body({"balance": 9801}))


def test_limits_are_read_and_an_empty_bucket_is_an_error():
    raw = {
        "usage_tier": "basic",
        "read": {"refill_rate": 200, "bucket_capacity": 200},
        "write": {"refill_rate": 100, "bucket_capacity": 300},
        "grants": [],
    }

    assert read_limits(body(raw)) == AccountLimits("basic", BucketLimits(200, 200), BucketLimits(100, 300))
    with pytest.raises(WireError, match="write"):
        read_limits(body({**raw, "write": {"refill_rate": 0, "bucket_capacity": 1}}))


def test_an_orders_side_is_its_book_side():
    order = read_order(body({"order": ORDER}))

    assert (order.side, order.price, order.size, order.filled, order.remaining) == (Side.ASK, 100, 300, 100, 200)
    assert order.status is VenueOrderStatus.RESTING


def test_an_unknown_order_status_is_unknown_and_not_an_error():
    (order,) = read_orders(body({"orders": [{**ORDER, "status": "pondering"}], "cursor": ""})).items

    assert order.status is VenueOrderStatus.UNKNOWN


def test_a_fills_side_is_its_book_side_whatever_the_deprecated_fields_say():
    (fill,) = read_fills(body({"fills": [FILL], "cursor": ""})).items

    assert fill == VenueFill(
        trade_id="t-1",
        order_id="o-1",
        ticker="A",
        side=Side.BID,
        price=Price(5200),
        size=Size(100),
        fee=17_500,
        is_taker=True,
        at=Timestamp(1_781_159_370_000_000_000),
    )


def test_a_position_is_signed():
    (position,) = read_positions(body({"market_positions": [POSITION], "event_positions": [], "cursor": ""})).items

    assert position == VenuePosition(ticker="A", net=-300, exposure=2_500_000, realized=-100_000, fees=18_900)


@pytest.mark.parametrize(
    ("read", "wrap", "item"),
    [
        (read_order, lambda item: {"order": item}, ORDER),
        (read_fills, lambda item: {"fills": [item], "cursor": ""}, FILL),
        (read_positions, lambda item: {"market_positions": [item], "cursor": ""}, POSITION),
    ],
)
@pytest.mark.parametrize("change", ["missing", "null", "number", "list"])
def test_every_used_field_of_an_account_body_is_needed(read, wrap, item, change):
    unused = {"outcome_side", "side", "action", "type", "no_price_dollars", "fill_id", "market_ticker", "ts"}
    unused |= {"exchange_index"}
    for field in item.keys() - unused:
        value = {"null": None, "number": 0.5, "list": []}.get(change)
        changed = without(item, field) if change == "missing" else {**item, field: value}
        with pytest.raises(WireError, match=r"GET /portfolio/"):
            read(body(wrap(changed)))


@pytest.mark.parametrize("garbage", [b"", b"null", b"[]", b"{", b"<html>", b"\xff", b"[" * 100_000, b'"text"', b"7"])
@pytest.mark.parametrize("read", [read_market, read_markets, read_order_book, read_balance, read_orders, read_trades])
def test_garbage_is_a_wire_error_that_names_the_endpoint(read, garbage):
    with pytest.raises(WireError, match=r"^GET /"):
        read(garbage)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-06-11T05:39:31Z", 1_781_156_371_000_000_000),
        ("2026-06-11T05:39:31.2Z", 1_781_156_371_200_000_000),
        ("2026-06-11T05:39:31.28563Z", 1_781_156_371_285_630_000),
        ("2026-06-11T05:39:31.123456789+00:00", 1_781_156_371_123_456_789),
    ],
)
def test_times_are_exact_to_the_nanosecond(text, nanoseconds):
    assert time_field(text, "field", "endpoint") == nanoseconds


@given(st.text(max_size=40).filter(lambda text: not text.endswith(("Z", "+00:00"))))
def test_text_that_is_no_time_is_a_wire_error(text):
    with pytest.raises(WireError, match="field"):
        time_field(text, "field", "endpoint")


@pytest.mark.parametrize(
    ("raw", "code", "text"),
    [
        (
            {"error": {"code": "order_already_exists", "message": "order already exists"}},
            "order_already_exists",
            "order already exists",
        ),
        ({"error": {"code": "x", "message": "m", "details": "d", "service": "s"}}, "x", "m (d)"),
        ({"code": "bad_request", "message": "bad request", "details": "json"}, "bad_request", "bad request (json)"),
        ({"msg": "Parameter validation failed"}, "http_400", "Parameter validation failed"),
        ({"error": "too many requests"}, "http_400", "too many requests"),
    ],
)
def test_all_shapes_of_a_refusal_are_read(raw, code, text):
    error = read_error(400, body(raw))

    assert (error.status, error.code, error.text) == (400, code, text)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"{}", b"[]", b'{"error":{}}', b'{"error":7}', b'{"message":"m"}', b"\xff"]
)
def test_a_body_in_no_shape_of_the_venue_is_none_of_its_refusals(raw):
    assert read_error(404, raw) is None
