"""The most that the limits allow to be lost, and how many write tokens they allow to be asked for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import CONTRACT, MONEY_PER_DOLLAR, ONE_DOLLAR, Price, Size
from edgelock.ops.settings import Settings
from edgelock.ops.worst_case import smallest_entry, worst_case
from edgelock.ops.write_demand import write_demand


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


def test_the_defaults_risk_a_hundred_contracts_at_forty_eight_cents_and_fees():
    worst = worst_case(settings())

    assert (worst.contracts, worst.price, worst.fees) == (100 * CONTRACT, 4800, 350)
    assert worst.money == 51_500_000


@pytest.mark.parametrize(
    ("sections", "contracts", "price"),
    [
        ({"selection": {"max_markets_to_trade": 1}}, 50, 4800),
        ({"selection": {"series": ["NHL", "CFB"]}}, 100, 4800),
        ({"selection": {"series": ["other"]}, "strategy": {"low": "0.30", "high": "0.40"}}, 100, 6000),
        ({"trading": {"use_legacy_logic": True}}, 100, 10_000),
        ({"markets": {"T": {"low": "0.60"}}}, 100, 6000),
        ({"markets": {"T": {"max_inventory_per_market": 70}}, "selection": {"max_markets_to_trade": 1}}, 70, 4800),
        ({"risk": {"max_global_inventory_contracts": "0.5"}}, Fraction(1, 2), 4800),
    ],
)
def test_the_strictest_limit_and_the_dearest_market_count(sections, contracts, price):
    worst = worst_case(settings(**sections))

    assert (worst.contracts, worst.price) == (contracts * CONTRACT, price)


@given(
    low=st.integers(2, 97), width=st.integers(1, 97), each=st.integers(1, 500), most=st.integers(1, 900),
    markets=st.integers(1, 60),
)  # fmt: skip
def test_no_fill_inside_the_gates_and_limits_costs_more(low, width, each, most, markets):
    high = min(low + width, 98)
    own = settings(
        strategy={"low": f"0.{low:02}", "high": f"0.{high:02}", "max_inventory_per_market": each},
        selection={"series": ["other"], "max_markets_to_trade": markets},
        risk={"max_global_inventory_contracts": most},
    )
    worst = worst_case(own)
    size = min(most, each * markets)

    assert worst.money >= size * low * MONEY_PER_DOLLAR // 100
    assert worst.money >= size * (100 - high) * MONEY_PER_DOLLAR // 100
    assert worst.contracts <= Size(most * CONTRACT)
    assert worst.price <= Price(ONE_DOLLAR)
    assert smallest_entry(own) <= worst.money


def test_busy_markets_replace_up_to_the_soft_breaker_and_renew_two_entries():
    demand = write_demand(settings(selection={"max_markets_to_trade": 3}))

    assert demand.busy == 3 * (Fraction(12 * 12, 30) + Fraction(20, 30))
    assert demand.one_entry == 10
