"""A run whose clock stood still while the venue's went on begins anew."""

from edgelock.core.units import SECOND
from edgelock.ops.sleep_watch import SleepWatch
from tests.ops.trading_house import a_run


def test_a_machine_that_slept_ends_the_run_so_that_the_next_begins_with_a_right_clock(tmp_path):
    asleep = [0]
    with a_run(tmp_path) as run:
        run.loop._sleep = SleepWatch(lambda: asleep[0])
        asleep[0] = 3600 * SECOND

        assert run.loop.run() == 75
        assert run.told("shutdown_begin").who == "the machine slept for 3600 s, and our clock with it"
        assert run.told("shutdown_done").open_orders == 0
