from dataclasses import replace
from fractions import Fraction

import pytest

from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.core import telemetry as t
from edgelock.core.units import SECOND, Duration, Money, Price, Size
from edgelock.ops.live_view_text import average_cents, cents, contracts, dollars, event_line, farewell, stopwatch
from tests.actors.telemetry_samples import SAMPLES, TICKER


def sample(record_class):
    return next(record for record in SAMPLES if isinstance(record, record_class))


@pytest.mark.parametrize(
    ("price", "text"), [(4_600, "46"), (4_650, "46.5"), (4_655, "46.55"), (10, "0.1"), (10_000, "100"), (None, "")]
)
def test_a_price_has_decimals_only_when_it_needs_them(price, text):
    assert cents(price) == text


@pytest.mark.parametrize(
    ("average", "text"),
    [
        (Fraction(4_400), "44"),
        (Fraction(4_450), "44.5"),
        (Fraction(14_001, 3), "46.7"),
        (Fraction(4_399_999, 1_000), "44"),
        (None, ""),
    ],
)
def test_an_average_has_one_decimal_when_it_is_not_whole(average, text):
    assert average_cents(average) == text


@pytest.mark.parametrize(("size", "text"), [(1_000, "10"), (-1_000, "-10"), (750, "7.5"), (-25, "-0.25"), (0, "0")])
def test_a_size_is_signed_contracts(size, text):
    assert contracts(size) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(12_340_000, "+12.34"), (-70_000, "-0.07"), (0, "0.00"), (1_000, "0.00"), (Fraction(-1_005_001, 1), "-1.01")],
)
def test_an_amount_is_signed_dollars_and_cents(amount, text):
    assert dollars(amount) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (185, "3:05"), (3_723, "1:02:03")])
def test_a_duration_reads_like_a_stopwatch(seconds, text):
    assert stopwatch(Duration(seconds * SECOND)) == text


def test_every_record_that_a_person_sees_is_told_in_one_line():
    board = TelemetryBoard()
    for record in SAMPLES:
        board.note(record)

    lines = [event_line(record) for record in board.recent()]

    assert lines
    assert all(line and "\n" not in line for line in lines)


def test_a_fill_reads_as_a_trader_would_say_it():
    fill = replace(sample(t.Fill), qty=Size(1_000), price=Price(4_650))

    assert event_line(fill) == f"16:00:00 {TICKER} FILL bid 10 @ 46.5"


def test_a_crash_outside_the_markets_names_who_crashed():
    crash = replace(
        sample(t.ActorCrash), market=None, actor="feed", error="edgelock.actors.feed.FeedError: no route: a.b.c"
    )

    assert event_line(crash) == "16:00:00 actor_crash feed FeedError: no route: a.b.c"


def test_the_end_of_a_run_names_everything_that_is_left():
    done = replace(
        sample(t.ShutdownDone), open_orders=0, positions=("A 10.00", "B -5.00"), realized=Money(-642_301), exit_code=0
    )

    assert farewell(done) == "stopped; 0 orders left open; positions: A 10.00, B -5.00; realised -0.64; exit code 0"
    assert "unknown" in farewell(replace(done, open_orders=-1))
    assert "no position" in farewell(replace(done, positions=()))
