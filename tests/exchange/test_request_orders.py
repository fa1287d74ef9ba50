"""What a call says about orders, as the request log and the faults want to know it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.exchange.request_orders import orders_answered, orders_asked, tickers_of


def test_a_create_asks_for_one_order_with_its_terms() -> None:
    body = b'{"ticker":"T","side":"bid","price":"0.40","count":"1","client_order_id":"c","unknown":3,"post_only":true}'
    (asked,) = orders_asked({}, {}, body, None)
    assert asked == {
        "ticker": "T", "side": "bid", "price": "0.40", "count": "1", "client_order_id": "c", "post_only": True
    }  # fmt: skip
    assert tickers_of([asked], {}, {}) == ("T",)


def test_a_batch_asks_for_each_of_its_orders() -> None:
    body = b'{"orders":[{"order_id":"a","market_ticker":"T"},{"order_id":"b","market_ticker":"U"},3]}'
    asked = orders_asked({}, {}, body, None)
    assert asked == [{"order_id": "a", "ticker": "T"}, {"order_id": "b", "ticker": "U"}]
    assert tickers_of(asked, {}, {}) == ("T", "U")


def test_a_cancel_names_its_order_in_the_path_and_its_market_in_the_query() -> None:
    (asked,) = orders_asked({"order_id": "a"}, {"market_ticker": ["T"]}, b"", None)
    assert asked == {"order_id": "a", "ticker": "T"}


def test_an_order_group_is_named_in_the_path() -> None:
    assert orders_asked({"group_id": "g"}, {}, b"{}", None) == [{"order_group_id": "g"}]


@pytest.mark.parametrize(("path", "query"), [({"ticker": "T"}, {}), ({}, {"ticker": ["T"]}), ({}, {"tickers": ["T"]})])
def test_a_read_is_about_the_markets_it_names(path: dict[str, str], query: dict[str, list[str]]) -> None:
    assert tickers_of([], path, query) == ("T",)


def test_several_markets_of_a_read_are_all_its_own() -> None:
    assert tickers_of([], {}, {"tickers": ["T,U", "V"]}) == ("T", "U", "V")


def test_an_answer_tells_of_each_order_and_of_each_refusal() -> None:
    body = {
        "orders": [{"order_id": "a", "fill_count": "0.00", "ts_ms": 3}, {"order_id": None, "error": {"code": "no"}}]
    }
    assert orders_answered(body) == [{"order_id": "a", "fill_count": "0.00"}, {"error": "no"}]
    assert orders_answered({"code": "bad_request", "message": "m"}) == [{"error": "bad_request"}]
    assert orders_answered(None) == []


@given(st.binary(max_size=200))
def test_any_body_is_read_without_an_error(body: bytes) -> None:
    assert isinstance(orders_asked({}, {}, body, None), list)
