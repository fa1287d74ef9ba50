"""A market pays what the venue decided and nothing before; other contracts are refused; every grid is read."""

import json
from itertools import product

import pytest

from edgelock.core.units import Price
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_market import read_exchange_status, read_market, read_markets
from tests.kalshi.test_wire import MARKET

STEPS = {"whole": "0.0100", "half": "0.0050", "quint": "0.0020", "deci": "0.0010", "centi": "0.0001"}


def listed(**changes):
    return read_market(json.dumps({"market": {**MARKET, **changes}}).encode())


@pytest.mark.parametrize(
    ("result", "value", "paid"),
    [
        ("yes", "1.0000", 10_000),
        ("no", "0.0000", 0),
        ("scalar", "0.5000", 5_000),
        ("scalar", "0.3725", 3_725),
        ("", "0.5000", None),
        ("", None, None),
        ("yes", None, None),
        ("scalar", None, None),
    ],
)
def test_a_market_pays_what_its_settlement_value_says_once_there_is_a_result(result, value, paid):
    assert listed(result=result, settlement_value_dollars=value).settlement_value == paid


@pytest.mark.parametrize(("result", "value"), [("yes", "0.0000"), ("no", "0.5000"), ("yes", "0.9900")])
def test_a_value_that_contradicts_its_result_is_no_value(result, value):
    with pytest.raises(WireError, match="contradicts it"):
        listed(result=result, settlement_value_dollars=value)


def test_a_result_that_nobody_knows_is_named():
    with pytest.raises(WireError, match=r"GET /markets/\{ticker\} \(.*VGK\): result is 'void'"):
        listed(result="void", settlement_value_dollars="0.5000")


@pytest.mark.parametrize(
    ("field", "value"), [("market_type", "scalar"), ("market_type", "perpetual"), ("notional_value_dollars", "10.0000")]
)
def test_a_contract_of_another_kind_is_named_and_left_off_a_list(field, value):
    odd = {**MARKET, field: value}

    page = read_markets(json.dumps({"markets": [odd, MARKET], "cursor": ""}).encode())

    assert [listing.ticker for listing in page.listings] == [MARKET["ticker"]]
    assert field in page.unreadable[0]


def test_a_status_that_nobody_knows_costs_only_its_own_market():
    page = read_markets(json.dumps({"markets": [{**MARKET, "status": "frozen"}, MARKET], "cursor": ""}).encode())

    assert len(page.listings) == 1
    assert "status is 'frozen', which this version does not know" in page.unreadable[0]


@pytest.mark.parametrize(("centre", "edge"), [(c, e) for c, e in product(STEPS, STEPS) if c != e])
def test_every_grid_is_read_from_its_bands_whatever_its_label(centre, edge):
    at = ("0.0100", "0.9900") if (centre, edge) == ("deci", "centi") else ("0.1000", "0.9000")
    bands = [("0.0000", at[0], STEPS[edge]), (*at, STEPS[centre]), (at[1], "1.0000", STEPS[edge])]

    grid = listed(
        price_level_structure="a_label_of_tomorrow",
        price_ranges=[{"start": start, "end": end, "step": step} for start, end, step in bands],
    ).grid

    in_units = {name: int(step.replace(".", "")) for name, step in STEPS.items()}
    assert grid.tick_at(Price(5_000)) == in_units[centre]
    assert grid.lowest == in_units[edge]
    assert grid.highest == 10_000 - in_units[edge]


def test_a_market_keeps_its_shard_and_one_that_names_none_is_on_the_first():
    terms = {"family": "NHL", "series_ticker": "KXNHLGAME", "fees": None}

    assert listed(exchange_index=3).as_market(**terms).exchange_index == 3
    assert listed(exchange_index=None).as_market(**terms).exchange_index == 0


def test_each_shards_status_is_read_and_when_the_venue_expects_to_be_back():
    status = read_exchange_status(
        json.dumps(
            {
                "exchange_active": True,
                "trading_active": True,
                "exchange_estimated_resume_time": "2026-11-26T10:00:00Z",
                "exchange_index_statuses": [
                    {"exchange_index": 0, "description": "Default", "exchange_active": True, "trading_active": True},
                    {"exchange_index": 3, "exchange_active": True, "trading_active": False},
                ],
            }
        ).encode()
    )

    assert [(shard.exchange_index, shard.trading_active) for shard in status.shards] == [(0, True), (3, False)]
    assert status.resumes_at == 1_795_687_200 * 10**9


@pytest.mark.parametrize("absent", [{}, {"exchange_estimated_resume_time": None, "exchange_index_statuses": None}])
def test_a_venue_that_lists_no_shards_is_read_as_a_whole(absent):
    status = read_exchange_status(json.dumps({"exchange_active": True, "trading_active": False, **absent}).encode())

    assert (status.trading_active, status.shards, status.resumes_at) == (False, (), None)


def test_a_shard_without_its_state_is_an_error():
    odd = {"exchange_active": True, "trading_active": True, "exchange_index_statuses": [{"exchange_index": 3}]}

    with pytest.raises(WireError, match=r"GET /exchange/status: .*exchange_active"):
        read_exchange_status(json.dumps(odd).encode())
