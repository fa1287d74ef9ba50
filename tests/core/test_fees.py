"""Fees follow the venue's model and rounding to the last millionth of a dollar."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.fees import (
    BALANCE_PRECISION,
    COMBO_MAKER_RATE,
    GAME_FEES,
    MAKER_RATE,
    TAKER_RATE,
    FeeTerms,
    charge,
    fee_schedule,
    model_fee,
)
from edgelock.core.units import Money, Price, Size, cost, parse_money, parse_price, parse_size

BROKER_PRECISION = Money(10_000)
PRICES = st.integers(1, 9999).map(Price)
SIZES = st.integers(1, 1_000_000).map(Size)
RATES = st.sampled_from([TAKER_RATE, MAKER_RATE, COMBO_MAKER_RATE, Fraction(0), TAKER_RATE / 2])
REVENUES = st.integers(-(10**12), 10**12).map(Money)
PRECISIONS = st.sampled_from([BALANCE_PRECISION, BROKER_PRECISION])


def bought(rate, price, size, *, gathered=0, precision=BALANCE_PRECISION):
    return charge(
        rate,
        price,
        size,
        revenue=Money(-cost(price, size)),
        gathered_rounding=Money(gathered),
        precision=precision,
    )


@pytest.mark.parametrize(
    ("price", "contracts", "rate", "direct", "broker"),
    [
        ("0.50", "1", TAKER_RATE, "0.0175", "0.02"),
        ("0.42", "1", TAKER_RATE, "0.0171", "0.02"),
        ("0.52", "1", TAKER_RATE, "0.0175", "0.02"),
        ("0.99", "1", TAKER_RATE, "0.0007", "0.01"),
        ("0.42", "100", TAKER_RATE, "1.7052", "1.71"),
        ("0.50", "1", MAKER_RATE, "0.0044", "0.01"),
        ("0.42", "100", MAKER_RATE, "0.4263", "0.43"),
        ("0.055", "1", TAKER_RATE, "0.0037", "0.005"),
    ],
)
def test_the_check_values_of_the_venue_reference_hold(price, contracts, rate, direct, broker):
    """Venue reference §9.3."""
    price, size = parse_price(price), parse_size(contracts)

    assert bought(rate, price, size).net == parse_money(direct)
    assert bought(rate, price, size, precision=BROKER_PRECISION).net == parse_money(broker)


def test_the_fourth_of_four_one_lot_fills_gets_the_gathered_rounding_back():
    """Venue reference §9.3: four taker fills of one order at 0.52."""
    fees, gathered = [], 0
    for _ in range(4):
        charged = bought(TAKER_RATE, Price(5200), Size(100), gathered=gathered)
        fees.append(charged.net)
        gathered = charged.gathered_rounding

    assert fees == [17_500, 17_500, 17_500, 17_400]


@pytest.mark.parametrize(
    ("fee_type", "maker_rate"),
    [
        ("quadratic", 0),
        ("quadratic_with_maker_fees", MAKER_RATE),
        ("quadratic_with_combo_maker_fees", COMBO_MAKER_RATE),
        ("flat", TAKER_RATE),
        ("something new", TAKER_RATE),
    ],
)
@pytest.mark.parametrize("multiplier", [Fraction(1), Fraction(1, 2), Fraction(0)])
def test_an_unknown_fee_type_never_looks_like_a_free_one(fee_type, maker_rate, multiplier):
    schedule = fee_schedule(fee_type, multiplier)

    assert schedule.rate(is_taker=True) == TAKER_RATE * multiplier
    assert schedule.rate(is_taker=False) == maker_rate * multiplier


def test_the_game_series_charge_makers_a_quarter_of_the_taker_fee():
    assert GAME_FEES.maker_rate * 4 == GAME_FEES.taker_rate


@given(RATES, PRICES, SIZES)
def test_the_model_fee_is_the_exact_formula_rounded_up(rate, price, size):
    exact_dollars = rate * Fraction(size, 100) * Fraction(price, 10_000) * (1 - Fraction(price, 10_000))

    assert model_fee(rate, price, size) == ceil(exact_dollars * 10**6)


@given(RATES, PRICES, SIZES)
def test_a_price_and_its_mirror_cost_the_same(rate, price, size):
    assert model_fee(rate, price, size) == model_fee(rate, Price(10_000 - price), size)


@given(RATES, PRICES, SIZES, REVENUES, st.integers(0, 10**6).map(Money), PRECISIONS)
def test_a_charge_follows_the_rule_step_by_step(rate, price, size, revenue, gathered, precision):
    """The rule of venue reference §9.3, written again with fractions of a dollar."""
    dollar, step = Fraction(1, 10**6), Fraction(precision, 10**6)
    trade_fee = model_fee(rate, price, size) * dollar
    change = revenue * dollar - trade_fee
    rounding_fee = change - floor(change / step) * step
    total = gathered * dollar + rounding_fee
    rebate = floor(min(total, trade_fee + rounding_fee) / step) * step

    charged = charge(rate, price, size, revenue=revenue, gathered_rounding=gathered, precision=precision)

    assert charged.net * dollar == trade_fee + rounding_fee - rebate
    assert charged.gathered_rounding * dollar == total - rebate


@given(RATES, PRICES, SIZES, REVENUES, st.integers(0, 99).map(Money))
def test_a_fee_is_never_negative_and_never_a_step_above_the_model(rate, price, size, revenue, gathered):
    charged = charge(rate, price, size, revenue=revenue, gathered_rounding=gathered)

    assert 0 <= charged.net < model_fee(rate, price, size) + BALANCE_PRECISION
    assert charged.gathered_rounding >= 0


@given(RATES, st.lists(st.tuples(PRICES, SIZES, st.sampled_from([1, -1])), min_size=1, max_size=30))
def test_over_an_order_the_rounding_kept_is_what_is_still_gathered(rate, fills):
    """The sum of the fees is the sum of the models plus what has not been paid back: nothing is lost or made up."""
    gathered, paid, models = Money(0), 0, 0
    for price, size, direction in fills:
        revenue = Money(direction * cost(price, size))
        charged = charge(rate, price, size, revenue=revenue, gathered_rounding=gathered)
        gathered = charged.gathered_rounding
        paid += charged.net
        models += model_fee(rate, price, size)

    assert paid == models + gathered


@given(RATES, PRICES, SIZES)
def test_an_opening_sale_is_charged_like_a_closing_one(rate, price, size):
    """Selling what one does not hold costs (1 − price) × size; the rounding sees no difference."""
    closing = charge(rate, price, size, revenue=cost(price, size), gathered_rounding=Money(0))
    opening_cost = Money(-cost(Price(10_000 - price), size))

    assert charge(rate, price, size, revenue=opening_cost, gathered_rounding=Money(0)) == closing


# --- the venue's words for its fees -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fee_type", "multiplier", "expected"),
    [
        (None, None, FeeTerms("quadratic", Fraction(1))),
        ("quadratic_with_maker_fees", None, FeeTerms("quadratic_with_maker_fees", Fraction(1))),
        (None, Fraction(1, 2), FeeTerms("quadratic", Fraction(1, 2))),
        (None, Fraction(0), FeeTerms("quadratic", Fraction(0))),
        ("flat", Fraction(2), FeeTerms("flat", Fraction(2))),
    ],
)
def test_an_event_overrides_type_and_multiplier_each_on_its_own(fee_type, multiplier, expected):
    assert FeeTerms("quadratic", Fraction(1)).overridden(fee_type, multiplier) == expected


@pytest.mark.parametrize("fee_type", ["flat", "", "cubic"])
def test_fees_that_say_no_rate_are_not_known_and_look_like_the_dearest(fee_type):
    terms = FeeTerms(fee_type, Fraction(1))

    assert not terms.is_known
    assert (terms.schedule.taker_rate, terms.schedule.maker_rate) == (TAKER_RATE, TAKER_RATE)


@pytest.mark.parametrize("fee_type", ["quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"])
def test_known_fees_have_their_schedule(fee_type):
    assert FeeTerms(fee_type, Fraction(3)).is_known
    assert FeeTerms(fee_type, Fraction(3)).schedule == fee_schedule(fee_type, Fraction(3))
