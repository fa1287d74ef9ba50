"""The reference price: seeded by the book, moved by prints, exact enough that nobody sees the rounding."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.reference import STEPS_PER_PRICE_UNIT, Reference
from edgelock.core.units import Price
from tests.core.builders import a_reference, cents

ALPHA = Fraction(3, 10)
prices = st.integers(1, 9_999).map(Price)


def test_it_starts_at_the_mid_of_the_book_also_between_two_price_units():
    assert Fraction(9_401, 2) == Reference().seeded(9_401).ratio


def test_a_print_moves_it_by_alpha_of_the_way():
    reference = a_reference(4800).after_print(Price(5800), ALPHA)

    assert reference.ratio == 5100


def test_a_print_before_the_seed_is_not_a_reference():
    assert Reference() == Reference().after_print(cents(50), ALPHA)


def test_an_unknown_reference_is_inside_no_gate():
    assert not Reference().is_at_or_below(cents(99))
    assert not Reference().is_at_or_above(cents(1))
    assert Reference().ratio is None


def test_the_gates_include_their_own_price():
    at_the_gate = a_reference(4800)

    assert at_the_gate.is_at_or_below(cents(48))
    assert at_the_gate.is_at_or_above(cents(48))
    assert not at_the_gate.is_at_or_below(Price(4799))
    assert not at_the_gate.is_at_or_above(Price(4801))


def test_less_rounds_down_and_more_rounds_up():
    between = Reference(4800 * STEPS_PER_PRICE_UNIT + 1)

    assert between.less(cents(1)) == 4700
    assert between.more(cents(1)) == 4901


@given(st.integers(2, 19_998), st.lists(prices, max_size=50))
def test_it_follows_the_exact_average_to_a_thousandth_of_a_price_unit(double_mid, prints):
    reference, exact = Reference().seeded(double_mid), Fraction(double_mid, 2)
    for price in prints:
        reference = reference.after_print(price, ALPHA)
        exact += ALPHA * (price - exact)

    assert reference.ratio is not None
    assert abs(reference.ratio - exact) < Fraction(1, 1000)


@given(st.integers(2, 19_998), st.lists(prices, min_size=1, max_size=20))
def test_it_never_leaves_the_range_of_the_seed_and_the_prints(double_mid, prints):
    reference = Reference().seeded(double_mid)
    for price in prints:
        reference = reference.after_print(price, ALPHA)

    seen = [Fraction(double_mid, 2), *prints]
    assert reference.ratio is not None
    assert min(seen) - 1 <= reference.ratio <= max(seen)
