"""The trim against a market that went the wrong way: exact fractions, whole contracts, half to even."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.mae_trim import adverse_excursion, trim_for
from edgelock.core.settings import StrategySettings
from edgelock.core.units import CONTRACT, Size
from tests.core.builders import contracts, in_cents

SETTINGS = StrategySettings()
excursions = st.fractions(min_value=1000, max_value=9_000, max_denominator=200)
holdings = st.integers(1, 20_000).map(Size)


def test_the_excursion_of_a_long_is_how_far_the_mark_fell_below_the_vwap():
    assert adverse_excursion(Fraction(4800), 1, Fraction(3700)) == 1100


def test_the_excursion_of_a_short_is_how_far_the_mark_rose_above_the_vwap():
    assert adverse_excursion(Fraction(6500), -1, Fraction(7600)) == 1100


@pytest.mark.parametrize(("sign", "mark"), [(1, 6000), (-1, 3000)])
def test_the_favourable_side_is_never_an_excursion(sign, mark):
    assert adverse_excursion(Fraction(4800), sign, Fraction(mark)) == 0


def test_below_the_trigger_nothing_is_trimmed():
    assert trim_for(in_cents("9.99"), contracts(40), SETTINGS) is None


def test_nothing_is_trimmed_of_nothing():
    assert trim_for(in_cents("12"), contracts(0), SETTINGS) is None


@pytest.mark.parametrize(
    ("excursion", "percent"),
    [("10", "25"), ("11", "28.125"), ("14", "37.5"), ("18", "50"), ("30", "50")],
)
def test_the_fraction_grows_from_a_quarter_at_ten_cents_to_a_half_at_eighteen_and_stays(excursion, percent):
    trim = trim_for(in_cents(excursion), contracts(40), SETTINGS)

    assert trim is not None
    assert Fraction(percent) / 100 == trim.fraction


def test_eleven_cents_trims_exactly_28_125_percent():
    trim = trim_for(in_cents("11"), contracts(32), SETTINGS)

    assert trim is not None
    assert (Fraction(1, 8), Fraction(9, 32), contracts(9)) == (trim.severity, trim.fraction, trim.size)


@pytest.mark.parametrize(("held", "trimmed"), [(10, 2), (6, 2), (14, 4), (2, 1), (3, 1), (1, 1)])
def test_a_quarter_is_rounded_half_to_even_and_is_at_least_one_contract(held, trimmed):
    trim = trim_for(in_cents("10"), contracts(held), SETTINGS)

    assert trim is not None
    assert contracts(trimmed) == trim.size


@pytest.mark.parametrize("held", [Size(30), Size(100), Size(150), Size(199)])
def test_less_than_one_contract_is_never_left_over(held):
    trim = trim_for(in_cents("10"), held, SETTINGS)

    assert trim is not None
    assert held == trim.size


@given(excursions, holdings)
def test_a_trim_is_whole_contracts_unless_it_is_everything_and_never_more_than_is_held(excursion, held):
    trim = trim_for(excursion, held, SETTINGS)

    assert trim is not None
    assert 0 < trim.size <= held
    if trim.size == held:
        assert held - max(CONTRACT, round(trim.fraction * held / CONTRACT) * CONTRACT) < CONTRACT
    else:
        assert trim.size % CONTRACT == 0
        assert held - trim.size >= CONTRACT
        exact = trim.fraction * held / CONTRACT
        assert trim.size == CONTRACT or abs(trim.size // CONTRACT - exact) <= Fraction(1, 2)


@given(excursions, excursions, holdings)
def test_a_worse_excursion_never_trims_less(one, other, held):
    mild, bad = (trim_for(excursion, held, SETTINGS) for excursion in sorted((one, other)))

    assert mild is not None
    assert bad is not None
    assert mild.fraction <= bad.fraction
    assert mild.size <= bad.size
