"""A sleep is told once, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.clock import asleep_ns
from edgelock.core.units import SECOND
from edgelock.ops.sleep_watch import SLEPT_NS, SleepWatch


class Machine:
    """How long it has slept, as a test has it."""

    def __init__(self) -> None:
        self.asleep_ns = 5 * SECOND

    def __call__(self) -> int:
        return self.asleep_ns


def test_a_sleep_before_the_start_is_no_news():
    assert SleepWatch(Machine()).look() == 0


def test_a_sleep_is_told_with_its_length_and_once():
    machine = Machine()
    watch = SleepWatch(machine)
    machine.asleep_ns += 3600 * SECOND

    assert watch.look() == 3600 * SECOND
    assert watch.look() == 0


def test_what_the_clocks_differ_by_is_no_sleep():
    machine = Machine()
    watch = SleepWatch(machine)
    machine.asleep_ns += SLEPT_NS

    assert watch.look() == 0


@given(st.lists(st.integers(0, 10 * SECOND), max_size=20))
def test_no_sleep_is_lost_however_short_its_pieces(pieces):
    machine = Machine()
    watch = SleepWatch(machine)
    told = 0
    for piece in pieces:
        machine.asleep_ns += piece
        told += watch.look()

    assert 0 <= sum(pieces) - told <= SLEPT_NS


def test_this_machine_has_not_slept_between_two_readings():
    watch = SleepWatch()

    assert asleep_ns() > -SECOND
    assert watch.look() == 0
