"""The switch strikes at the passing that was asked for, and at no other."""

import pytest

from tests.crash.switch import CrashSwitch


class Strikes:
    """Takes note instead of dying."""

    def __init__(self) -> None:
        self.count = 0
        self.switch = CrashSwitch(self)

    def __call__(self) -> None:
        self.count += 1


def test_it_strikes_once_at_the_passing_that_was_asked_for():
    strikes = Strikes()
    strikes.switch.arm("journal.record_fill.after", 3)

    after_each = []
    for _ in range(5):
        strikes.switch.passes("journal.record_fill.after")
        strikes.switch.passes("journal.record_fill.before")
        after_each.append(strikes.count)

    assert after_each == [0, 0, 1, 1, 1]


def test_what_was_passed_before_it_was_armed_does_not_count():
    strikes = Strikes()
    strikes.switch.passes("rest.orders.sent")
    strikes.switch.arm("rest.orders.sent", 2)

    strikes.switch.passes("rest.orders.sent")

    assert strikes.count == 0


def test_disarmed_or_armed_for_another_label_it_does_not_strike():
    strikes = Strikes()
    strikes.switch.arm("rest.orders.sent", 1)
    strikes.switch.arm("rest.fills.sent", 1)
    strikes.switch.passes("rest.orders.sent")
    strikes.switch.disarm()

    strikes.switch.passes("rest.fills.sent")

    assert strikes.count == 0


def test_passings_are_counted_by_phase_from_the_first_phase_on():
    switch = CrashSwitch()
    switch.passes("feed.frame.before")
    switch.count_as("recovery")
    switch.passes("feed.frame.before")
    switch.count_as("trading")
    switch.passes("feed.frame.before")
    switch.passes("feed.frame.before")

    assert switch.counts() == {"recovery": {"feed.frame.before": 1}, "trading": {"feed.frame.before": 2}}


def test_a_passing_before_the_first_is_a_mistake():
    with pytest.raises(ValueError, match="0 is not an occurrence"):
        CrashSwitch().arm("feed.frame.before", 0)
