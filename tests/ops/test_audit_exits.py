from decimal import Decimal

import pytest

from edgelock.ops.audit_exits import ExitWatch, ExitWindows, exit_windows

WINDOWS = ExitWindows()


@pytest.mark.parametrize(
    "settings",
    [
        '{"strategy.hard_cap_s":"3000000000000","markets.X.hard_cap_s":"3600000000000"}',
        '{"strategy":{"hard_cap_s":3000000000000},"markets":{"X":{"hard_cap_s":3600000000000}}}',
    ],
)
def test_the_latest_window_of_all_markets_holds(settings):
    windows = exit_windows(settings=settings, speed=Decimal(1))

    assert windows.hard_cap == 3_600
    assert windows.sweet_spot_from == 480


@pytest.mark.parametrize("settings", ["", "no json", "[]", '{"hard_cap_s":"soon"}'])
def test_settings_that_say_nothing_leave_the_defaults(settings):
    assert exit_windows(settings=settings, speed=Decimal(1)) == ExitWindows()


def test_a_faster_clock_gives_the_machine_more_engine_time():
    assert exit_windows(settings="{}", speed=Decimal(60)).grace == 330
    assert exit_windows(settings="{}", speed=Decimal("0.5")).grace == 35


@pytest.mark.parametrize(("age", "is_late"), [(100, False), (500, False), (520, True), (719, True), (721, False)])
def test_the_sweet_spot_is_missed_after_its_grace(age, is_late):
    found = ExitWatch().overdue(opened_at=Decimal(0), now=Decimal(age), windows=WINDOWS)

    assert (found is not None) == is_late


def test_the_hard_cap_is_missed_once():
    watch = ExitWatch()

    assert watch.overdue(opened_at=Decimal(0), now=Decimal(2_500), windows=WINDOWS) is not None
    assert watch.overdue(opened_at=Decimal(0), now=Decimal(2_501), windows=WINDOWS) is None


def test_an_exit_that_was_announced_or_said_to_be_blocked_is_not_missed():
    announced, blocked = ExitWatch(), ExitWatch()
    announced.announced("hard_cap_exit")
    blocked.blocked(Decimal(2_450))

    assert announced.overdue(opened_at=Decimal(0), now=Decimal(2_500), windows=WINDOWS) is None
    assert blocked.overdue(opened_at=Decimal(0), now=Decimal(2_500), windows=WINDOWS) is None
    assert blocked.overdue(opened_at=Decimal(0), now=Decimal(2_600), windows=WINDOWS) is not None


def test_a_new_position_owes_its_own_exits():
    watch = ExitWatch()
    watch.announced("hard_cap_exit")
    watch.new_position()

    assert watch.overdue(opened_at=Decimal(0), now=Decimal(2_500), windows=WINDOWS) is not None
