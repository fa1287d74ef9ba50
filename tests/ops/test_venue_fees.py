"""Fees hold from their moment: the series', the event's over it, and each change when it is due."""

from fractions import Fraction

import pytest

from edgelock.core.fees import FeeTerms
from edgelock.core.units import Timestamp
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire_directory import EventFeeChange, SeriesFeeChange
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import EventTerms, SeriesTerms
from edgelock.ops.venue_fees import READ_AGAIN_AFTER, ReadEvent, VenueFees, fee_terms_at
from tests.core.builders import NOON, after

PLAIN = FeeTerms("quadratic", Fraction(1))
MAKER = "quadratic_with_maker_fees"


def an_event(fee_type=None, multiplier=None, *, at=NOON) -> ReadEvent:
    return ReadEvent(
        EventTerms(
            ticker="E",
            series_ticker="S",
            title="",
            mutually_exclusive=True,
            fee_type_override=fee_type,
            fee_multiplier_override=None if multiplier is None else Fraction(multiplier),
        ),
        at,
    )


def series_change(fee_type, multiplier, at) -> SeriesFeeChange:
    return SeriesFeeChange("S", fee_type, Fraction(multiplier), at)


def event_change(fee_type, multiplier, at, ticker="E") -> EventFeeChange:
    return EventFeeChange(ticker, fee_type, None if multiplier is None else Fraction(multiplier), at)


# --- which terms hold -------------------------------------------------------------------------------------------


def test_a_change_of_the_series_holds_from_its_moment():
    changes = (series_change(MAKER, 2, after(60)),)

    assert fee_terms_at(PLAIN, changes, an_event(), (), after(59)) == PLAIN
    assert fee_terms_at(PLAIN, changes, an_event(), (), after(60)) == FeeTerms(MAKER, Fraction(2))


def test_the_last_of_several_due_changes_holds_in_whatever_order_they_are_listed():
    changes = (series_change(MAKER, 3, after(30)), series_change(MAKER, 2, after(10)))

    assert fee_terms_at(PLAIN, changes, an_event(), (), after(60)).multiplier == 3
    assert fee_terms_at(PLAIN, changes[::-1], an_event(), (), after(60)).multiplier == 3


def test_an_event_overrides_what_its_series_changed_to():
    changes = (series_change(MAKER, 2, after(10)),)

    assert fee_terms_at(PLAIN, changes, an_event(multiplier=5), (), after(60)) == FeeTerms(MAKER, Fraction(5))


def test_a_change_of_the_event_holds_from_its_moment_and_one_of_another_event_never():
    changes = (event_change(MAKER, None, after(60)), event_change("flat", 9, after(1), ticker="OTHER"))

    assert fee_terms_at(PLAIN, (), an_event(), changes, after(59)) == PLAIN
    assert fee_terms_at(PLAIN, (), an_event(), changes, after(60)) == FeeTerms(MAKER, Fraction(1))


def test_a_change_that_clears_the_override_brings_the_series_back():
    changes = (event_change(None, None, after(60)),)

    assert fee_terms_at(PLAIN, (), an_event(MAKER, 2), changes, after(60)) == PLAIN


def test_what_was_due_before_the_event_was_read_is_part_of_what_was_read():
    changes = (event_change(MAKER, 2, after(10)),)

    assert fee_terms_at(PLAIN, (), an_event("quadratic", 7, at=after(20)), changes, after(60)).multiplier == 7


# --- reading ----------------------------------------------------------------------------------------------------


class ChargingVenue:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.charges = "quadratic"
        self.scheduled: tuple[SeriesFeeChange, ...] | Exception = ()

    def series(self, ticker):
        self.asked.append(f"series {ticker}")
        return SeriesTerms(ticker, self.charges, Fraction(1))

    def series_fee_changes(self, ticker):
        self.asked.append(f"changes {ticker}")
        if isinstance(self.scheduled, Exception):
            raise self.scheduled
        return self.scheduled

    def event_fee_changes(self):
        self.asked.append("event changes")
        return (event_change(None, 4, after(60)),)


def test_everything_is_read_once_and_again_when_it_is_old():
    venue = ChargingVenue()
    fees = VenueFees(venue, say=lambda _: None)
    fees.terms(an_event(), NOON)
    fees.terms(an_event(), after(60))
    once = sorted(venue.asked)
    venue.charges = MAKER

    terms = fees.terms(an_event(at=after(599)), Timestamp(NOON + READ_AGAIN_AFTER))

    assert once == ["changes S", "event changes", "series S"]
    assert sorted(venue.asked) == sorted(once * 2)
    assert terms.fee_type == MAKER


def test_a_change_that_becomes_due_between_two_reads_holds_without_one():
    venue = ChargingVenue()
    fees = VenueFees(venue, say=lambda _: None)

    assert fees.terms(an_event(), NOON).multiplier == 1
    asked = list(venue.asked)
    assert fees.terms(an_event(), after(60)).multiplier == 4
    assert venue.asked == asked


def test_a_schedule_that_the_venue_does_not_give_is_said_and_the_fees_of_now_hold():
    venue, said = ChargingVenue(), []
    venue.scheduled = VenueError(404, "not_found", "not found", "")

    terms = VenueFees(venue, say=said.append).terms(an_event(), NOON)

    assert terms == PLAIN
    assert said == ["scheduled fee changes could not be read: 404 not_found: not found"]


def test_a_venue_that_is_away_is_the_callers_to_tell():
    venue = ChargingVenue()
    venue.scheduled = VenueUnreachable("no answer")

    with pytest.raises(VenueUnreachable):
        VenueFees(venue, say=lambda _: None).terms(an_event(), NOON)
