"""The schedule in force: from when its times count, and what is told of it."""

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_file import read_faults
from edgelock.exchange.faults_schedule import FaultSchedule, Occasion

LATER = b"faults: [{on: create, do: throttle, at_s: 10, for_s: 20}]"
CREATE = Occasion("create")


class HandClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.at = Timestamp(1_000 * SECOND)

    def now(self) -> Timestamp:
        return self.at

    def pass_s(self, seconds: int) -> None:
        self.at = Timestamp(self.at + seconds * SECOND)


def test_the_times_of_a_schedule_count_from_when_it_came_into_force() -> None:
    clock = HandClock()
    board = FaultBoard(clock.now, 1.0, read_faults(LATER, "f"))
    clock.pass_s(15)
    assert board.strike(CREATE) is not None
    board.replace(read_faults(LATER, "f"))
    assert board.strike(CREATE) is None
    clock.pass_s(10)
    assert board.strike(CREATE) is not None


def test_a_real_second_is_as_many_of_the_exchange_as_its_speed() -> None:
    clock = HandClock()
    board = FaultBoard(clock.now, 60.0)
    clock.pass_s(90)
    elapsed = board.elapsed()
    assert (elapsed.market, elapsed.real) == (90 * SECOND, 1.5 * SECOND)


def test_the_report_tells_what_is_to_come_what_is_on_and_what_is_over() -> None:
    clock = HandClock()
    board = FaultBoard(clock.now, 1.0, read_faults(LATER, "f"))

    def told() -> tuple[object, ...]:
        (fault,) = board.report()["faults"]  # type: ignore[misc, attr-defined]
        return fault["state"], fault["occasions"], fault["strikes"]

    seen = []
    for _ in range(4):
        board.strike(CREATE)
        seen.append(told())
        clock.pass_s(10)
    assert seen == [("waiting", 0, 0), ("active", 1, 1), ("active", 2, 2), ("over", 2, 2)]


def test_without_faults_nothing_strikes() -> None:
    board = FaultBoard(HandClock().now, 1.0, FaultSchedule())
    assert board.strike(CREATE) is None
    assert board.report()["faults"] == []
