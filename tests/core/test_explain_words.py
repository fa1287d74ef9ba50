from edgelock.core.book import BookView, Level
from edgelock.core.explain_words import mid_text, price_or_none, reference_text, seconds_text, tenths_text
from edgelock.core.units import MILLISECOND, SECOND, Price
from tests.core.builders import a_book, a_reference, cents, contracts


def test_what_is_not_known_is_said():
    assert (price_or_none(None), mid_text(a_book(None, 48)), reference_text(a_reference(None))) == (
        "none", "unknown", "unknown",
    )  # fmt: skip


def test_prices_are_in_dollars_and_the_mid_exact_to_half_a_unit():
    fine = BookView((Level(Price(4_801), contracts(1)),), (Level(cents(49), contracts(1)),))

    assert (price_or_none(cents(48)), reference_text(a_reference(4_801))) == ("0.4800", "0.4801")
    assert (mid_text(a_book(46, 48)), mid_text(fine)) == ("0.4700", "0.48505")


def test_times_are_rounded_down_and_carry_their_unit():
    assert (seconds_text(2 * SECOND - 1), tenths_text(1_990 * MILLISECOND)) == ("1 s", "1.9 s")
