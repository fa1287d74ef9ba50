import json
import logging
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry_format import TelemetryFormatter, TelemetryLine
from edgelock.core import telemetry
from edgelock.core.telemetry import KillOn, LibraryLog, PriceRatio, QuoteAmend, QuotePlace, Record
from edgelock.core.units import Price, Size, Timestamp, money_text, price_text, size_text
from tests.actors.telemetry_samples import FLAT, LONG, NOON, RUN, SAMPLES

GOLDEN_LINES = (Path(__file__).parent / "telemetry_golden.txt").read_text(encoding="utf-8").splitlines()
QUOTE = next(sample for sample in SAMPLES if isinstance(sample, QuotePlace))


def line(record: Record, formatter: TelemetryFormatter | None = None) -> str:
    return (formatter or TelemetryFormatter(Redactor())).format(TelemetryLine(record, seq=1, run=RUN))


def classes_with_an_action() -> set[type]:
    return {
        value
        for value in vars(telemetry).values()
        if isinstance(value, type) and issubclass(value, Record) and isinstance(getattr(value, "action", None), str)
    }


def test_every_record_class_has_a_sample():
    assert {type(sample) for sample in SAMPLES} == classes_with_an_action()


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=[sample.action for sample in SAMPLES])
def test_each_record_class_prints_its_golden_line(number):
    formatted = TelemetryFormatter(Redactor()).format(TelemetryLine(SAMPLES[number], seq=number + 1, run=RUN))

    assert formatted == GOLDEN_LINES[number]


def test_every_action_that_names_an_exit_has_a_numeric_age():
    exits = [json.loads(golden) for golden in GOLDEN_LINES if "exit" in json.loads(golden)["action"]]

    assert len(exits) == 6
    assert all(isinstance(exit_line["age_s"], int | float) for exit_line in exits)


def test_prices_of_a_market_without_a_book_are_null_and_not_missing():
    context = replace(FLAT, best_bid=None)

    data = json.loads(line(replace(QUOTE, context=context)))

    assert [data[key] for key in ("vwap", "tp", "best_bid", "best_ask", "mid_ema")] == [None] * 5


def test_a_line_about_the_whole_system_has_neither_market_nor_state():
    data = json.loads(line(KillOn(at=NOON, who="command")))

    assert data.keys().isdisjoint({"market", "state", "net", "vwap"})


def test_an_amendment_nests_what_was_and_what_will_be():
    amend = next(sample for sample in SAMPLES if isinstance(sample, QuoteAmend))

    data = json.loads(line(amend))

    assert (data["from"], data["to"]) == ({"price": 0.53, "qty": 5}, {"price": 0.54, "qty": 10})


@given(st.integers(min_value=-10_000, max_value=10_000))
def test_a_price_prints_as_the_decimal_it_is(price):
    data = json.loads(line(replace(QUOTE, price=Price(price))), parse_float=Decimal, parse_int=Decimal)

    assert data["price"] == Decimal(price_text(Price(price)))


@given(st.integers(min_value=0, max_value=10**10))
def test_a_size_prints_as_the_decimal_it_is(size):
    data = json.loads(line(replace(QUOTE, qty=Size(size))), parse_float=Decimal, parse_int=Decimal)

    assert data["qty"] == Decimal(size_text(Size(size)))


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_money_prints_to_the_last_millionth(money):
    settlement = next(sample for sample in SAMPLES if isinstance(sample, telemetry.Settlement))

    data = json.loads(line(replace(settlement, pnl=money)), parse_float=Decimal, parse_int=Decimal)

    assert data["pnl"] == Decimal(money_text(money))


@given(st.fractions(min_value=1, max_value=9_999))
def test_a_vwap_is_printed_within_half_a_price_unit(vwap):
    context = replace(LONG, vwap=PriceRatio(vwap))

    data = json.loads(line(replace(QUOTE, context=context)), parse_float=Decimal, parse_int=Decimal)

    assert abs(Fraction(data["vwap"]) * 10_000 - vwap) <= Fraction(1, 2)


@given(st.integers(min_value=0, max_value=4 * 10**18))
def test_time_is_printed_to_the_microsecond(at):
    data = json.loads(line(replace(QUOTE, at=Timestamp(at))), parse_float=Decimal)

    assert abs(data["ts"] - Decimal(at) / 10**9) <= Decimal("0.000001")


def test_the_line_is_compact_and_keeps_the_cent_sign():
    check = next(sample for sample in SAMPLES if isinstance(sample, telemetry.StartupCheck))

    formatted = line(check)

    assert '"action":"startup_check"' in formatted
    assert "TP Offset: 7¢" in formatted
    assert "\n" not in formatted


def test_a_record_that_cannot_be_formatted_becomes_a_log_line_with_its_seq():
    formatter = TelemetryFormatter(Redactor())

    data = json.loads(line(replace(QUOTE, price="0.45"), formatter))

    assert (data["action"], data["level"], data["seq"], data["run"]) == ("log", "error", 1, RUN)
    assert "QuotePlace" in data["message"]
    assert formatter.failures == 1


def test_text_that_is_not_unicode_becomes_a_log_line():
    data = json.loads(line(KillOn(at=NOON, who="\ud800")))

    assert data["action"] == "log"


def test_secrets_are_redacted_in_every_text_field():
    redactor = Redactor()
    redactor.register_secret("canary-of-the-coal-mine")
    formatter = TelemetryFormatter(redactor)
    crash = next(sample for sample in SAMPLES if isinstance(sample, telemetry.ActorCrash))

    formatted = line(replace(crash, traceback="ValueError: canary-of-the-coal-mine", actor="canary-of-the-coal-mine"))
    redacted = line(
        replace(crash, traceback="ValueError: canary-of-the-coal-mine", market="canary-of-the-coal-mine"), formatter
    )

    assert "canary" in formatted
    assert "canary" not in redacted


@pytest.mark.parametrize(
    ("severity", "level"), [("WARNING", "warning"), ("ERROR", "error"), ("CRITICAL", "error"), ("INFO", "info")]
)
def test_a_library_line_has_the_level_that_the_library_gave_it(severity, level):
    data = json.loads(line(LibraryLog(at=NOON, logger="x", severity=severity, message="m")))

    assert data["level"] == level


def test_a_line_is_formatted_once_for_both_handlers():
    formatter = TelemetryFormatter(Redactor())
    telemetry_line = TelemetryLine(QUOTE, seq=1, run=RUN)

    assert formatter.format(telemetry_line) is formatter.format(telemetry_line)


def test_a_foreign_log_record_is_refused():
    with pytest.raises(TypeError, match="TelemetryLine"):
        TelemetryFormatter(Redactor()).format(logging.LogRecord("x", logging.INFO, "", 0, "m", (), None))
