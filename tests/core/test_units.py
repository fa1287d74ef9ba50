"""Prices, sizes and money are integers, and text goes there and back without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import (
    CENT,
    CONTRACT,
    MINUTE,
    MONEY_PER_DOLLAR,
    ONE_DOLLAR,
    SECOND,
    Money,
    Price,
    Size,
    ceil_div,
    cost,
    money_text,
    parse_money,
    parse_price,
    parse_size,
    price_text,
    size_text,
)

UNITS = st.integers(-(10**15), 10**15)


def test_one_contract_at_one_dollar_costs_one_dollar():
    assert cost(ONE_DOLLAR, CONTRACT) == MONEY_PER_DOLLAR
    assert ONE_DOLLAR == 100 * CENT
    assert MINUTE == 60 * SECOND


@pytest.mark.parametrize(
    ("parse", "text", "units"),
    [
        (parse_price, "0.56", 5600),
        (parse_price, "0.5600", 5600),
        (parse_price, "1", 10_000),
        (parse_price, "0.560000", 5600),
        (parse_size, "10", 1000),
        (parse_size, "10.0", 1000),
        (parse_size, "-3.25", -325),
        (parse_money, "0.017500", 17_500),
        (parse_money, "-0.000001", -1),
    ],
)
def test_text_of_the_venue_becomes_its_integer(parse, text, units):
    assert parse(text) == units


@pytest.mark.parametrize(
    "text",
    ["", " ", "1e3", "0x1", "+1", "1.", ".5", "1,0", "1.0.0", "--1", " 1", "1 ", "1\n", "nan", "inf", "٣", "1_000"],
)
@pytest.mark.parametrize("parse", [parse_price, parse_size, parse_money])
def test_anything_but_fixed_point_text_is_an_error(parse, text):
    with pytest.raises(ValueError, match="is not fixed-point text"):
        parse(text)


@pytest.mark.parametrize("value", [0.56, 1, None, b"0.56", True])
def test_a_number_that_is_no_text_is_an_error(value):
    with pytest.raises(ValueError, match="is not fixed-point text"):
        parse_price(value)


@pytest.mark.parametrize(
    ("parse", "text"), [(parse_price, "0.56001"), (parse_size, "1.001"), (parse_money, "0.0000001")]
)
def test_more_decimals_than_the_venue_has_are_an_error(parse, text):
    with pytest.raises(ValueError, match="has more than"):
        parse(text)


@pytest.mark.parametrize(
    ("write", "units", "text"),
    [
        (price_text, 5600, "0.5600"),
        (price_text, -1, "-0.0001"),
        (size_text, 1000, "10.00"),
        (size_text, -5, "-0.05"),
        (money_text, 17_500, "0.017500"),
        (money_text, -1_500_000, "-1.500000"),
    ],
)
def test_integers_are_written_with_all_their_decimals(write, units, text):
    assert write(units) == text


@given(UNITS)
def test_text_and_back_is_the_same_integer(units):
    assert parse_price(price_text(Price(units))) == units
    assert parse_size(size_text(Size(units))) == units
    assert parse_money(money_text(Money(units))) == units


@given(st.integers(0, 10_000), st.integers(0, 10**9))
def test_cost_is_dollars_times_contracts_to_the_last_unit(price, size):
    assert cost(Price(price), Size(size)) * ONE_DOLLAR * CONTRACT == price * size * MONEY_PER_DOLLAR


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_ceil_div_is_the_smallest_integer_not_below_the_quotient(numerator, denominator):
    quotient = ceil_div(numerator, denominator)

    assert quotient * denominator >= numerator > (quotient - 1) * denominator
