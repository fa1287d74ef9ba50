"""A disk that never answers: nothing can be recorded, so everything is withdrawn by the venue's own list."""

import os
from pathlib import Path

from tests.scenarios.live_bot import LiveBot, RunningExchange, wait_until

EXIT_SOFTWARE = 70


class BotOnABadDisk(LiveBot):
    """Live on a running exchange, until `stick`."""

    def __init__(self, directory: Path, exchange: RunningExchange) -> None:
        self._stuck = directory / "stuck"
        self.program = ("-m", "tests.scenarios.bot_with_a_stuck_disk", os.fspath(self._stuck))
        super().__init__(directory, exchange)

    def stick(self) -> None:
        """From now on no write to the journal returns."""
        self._stuck.touch()


def test_a_write_that_never_returns_ends_the_run_with_nothing_left_at_the_venue(tmp_path: Path):
    exchange = RunningExchange(tmp_path, "--speed", "10", "--seed", "7")
    try:
        with BotOnABadDisk(tmp_path, exchange) as bot:
            wait_until(lambda: len(exchange.open_orders()) >= 2, "orders rest")
            bot.stick()

            assert bot.end() == EXIT_SOFTWARE
            (begin,) = bot.of("shutdown_begin")
            (done,) = bot.of("shutdown_done")
            assert begin["who"].startswith("supervisor: ")
            assert (done["open_orders"], done["exit_code"]) == (0, EXIT_SOFTWARE)
            assert exchange.open_orders() == {}
    finally:
        exchange.stop()
