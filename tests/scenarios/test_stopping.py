"""Asked to stop at every stage of its life, the bot goes at once, tells the truth and leaves nothing resting.

An earlier run was killed and left orders at the exchange, so that there is something to leave.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.live_bot import LiveBot, RunningExchange, wait_until

EXIT_CLEAN, EXIT_ORDERS_LEFT, EXIT_TRY_AGAIN, EXIT_SECOND_SIGNAL, EXIT_INTERRUPTED = 0, 1, 75, 130, 130
STOPS_WITHIN_S = 30
"""Far less than what a start may wait for a venue that does not answer; more than its own deadlines to stop."""

BEFORE_ANYTHING_RAN = (("limits", signal.SIGINT), ("positions", signal.SIGTERM))
WHILE_IT_STARTS = {"the exchange's status": "status", "the markets": "markets"}
Fault = dict[str, object]


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[RunningExchange]:
    """A running one, on which the orders of a killed run rest."""
    running = RunningExchange(tmp_path, "--speed", "10", "--seed", "7")
    try:
        (tmp_path / "first").mkdir()
        with LiveBot(tmp_path / "first", running, **of_one_state(tmp_path)) as bot:
            wait_until(lambda: len(running.open_orders()) >= 2, "orders rest")
            bot.process.kill()
        assert running.open_orders()
        yield running
    finally:
        running.stop()


def of_one_state(directory: Path) -> dict[str, str]:
    return {"EDGELOCK_STATE__DIRECTORY": str(directory / "state")}


def next_run(directory: Path, exchange: RunningExchange) -> LiveBot:
    (directory / "second").mkdir()
    return LiveBot(directory / "second", exchange, **of_one_state(directory))


def hang(operation: str, **more: object) -> Fault:
    return {"name": operation, "on": operation, "do": "hang", "when": "before", "hang_s": 120, "clock": "real", **more}


def wait_until_struck(exchange: RunningExchange, name: str) -> None:
    def struck() -> bool:
        board = json.loads(exchange._ask("faults", "GET"))
        return any(fault["name"] == name and fault["strikes"] for fault in board["faults"])

    wait_until(struck, f"the bot waits for {name}")


@pytest.mark.parametrize(("operation", "number"), BEFORE_ANYTHING_RAN)
def test_before_anything_ran_a_signal_just_ends_it(
    operation: str, number: signal.Signals, exchange: RunningExchange, tmp_path: Path
):
    exchange.fail(hang(operation))
    with next_run(tmp_path, exchange) as bot:
        wait_until_struck(exchange, operation)
        bot.process.send_signal(number)

        assert bot.end(STOPS_WITHIN_S) == EXIT_INTERRUPTED
        assert "".join(bot.raw).strip() == "edgelock: interrupted"


@pytest.mark.parametrize("operation", WHILE_IT_STARTS.values(), ids=WHILE_IT_STARTS)
def test_a_start_that_waits_for_the_venue_is_stopped_and_leaves_nothing(
    operation: str, exchange: RunningExchange, tmp_path: Path
):
    exchange.fail(hang(operation))
    with next_run(tmp_path, exchange) as bot:
        wait_until_struck(exchange, operation)
        bot.process.send_signal(signal.SIGINT)

        assert bot.end(STOPS_WITHIN_S) == EXIT_CLEAN
        (begin,) = bot.of("shutdown_begin")
        (done,) = bot.of("shutdown_done")
        assert (begin["who"], done["open_orders"], done["exit_code"]) == ("SIGINT", 0, EXIT_CLEAN)
        assert exchange.open_orders() == {}


def test_a_stop_while_the_past_cannot_be_read_says_that_it_does_not_know(exchange: RunningExchange, tmp_path: Path):
    """The lists of orders do not answer: what rests can be neither swept at the start nor confirmed at the end."""
    exchange.fail(hang("orders"))
    with next_run(tmp_path, exchange) as bot:
        wait_until_struck(exchange, "orders")
        bot.process.send_signal(signal.SIGINT)

        assert bot.end(STOPS_WITHIN_S) == EXIT_ORDERS_LEFT
        (done,) = bot.of("shutdown_done")
        assert (done["open_orders"], done["exit_code"]) == (-1, EXIT_ORDERS_LEFT)
        assert any("did not confirm" in str(line.get("message")) for line in bot.of("log"))


@pytest.mark.parametrize("operation", WHILE_IT_STARTS.values(), ids=WHILE_IT_STARTS)
def test_a_second_signal_during_the_start_ends_it_at_once_with_what_it_knows(
    operation: str, exchange: RunningExchange, tmp_path: Path
):
    exchange.fail(hang(operation), hang("orders"))
    with next_run(tmp_path, exchange) as bot:
        wait_until_struck(exchange, operation)
        bot.process.send_signal(signal.SIGTERM)
        bot.wait_for("shutdown_begin")
        bot.process.send_signal(signal.SIGINT)

        assert bot.end(STOPS_WITHIN_S) == EXIT_SECOND_SIGNAL
        assert bot.of("shutdown_done") == []
        (said,) = bot.of("shutdown_aborted")
        assert "the start was not done" in str(said["message"])


def test_a_run_that_trades_is_stopped_and_leaves_nothing(exchange: RunningExchange, tmp_path: Path):
    with next_run(tmp_path, exchange) as bot:
        bot.wait_for("quote_place", count=2)
        bot.process.send_signal(signal.SIGTERM)

        assert bot.end(STOPS_WITHIN_S) == EXIT_CLEAN
        (done,) = bot.of("shutdown_done")
        assert (done["open_orders"], done["exit_code"]) == (0, EXIT_CLEAN)
        assert exchange.open_orders() == {}


def test_a_second_signal_names_the_orders_that_are_left_to_their_expiry(exchange: RunningExchange, tmp_path: Path):
    with next_run(tmp_path, exchange) as bot:
        wait_until(lambda: len(ours(exchange, bot)) >= 2, "orders of this run rest")
        exchange.fail(hang("writes"), hang("orders"))
        bot.process.send_signal(signal.SIGINT)
        bot.wait_for("shutdown_begin")
        bot.process.send_signal(signal.SIGINT)

        assert bot.end(STOPS_WITHIN_S) == EXIT_SECOND_SIGNAL
        (said,) = bot.of("shutdown_aborted")
        assert {name for name in ours(exchange, bot) if name not in str(said["message"])} == set()


def test_a_start_that_fails_half_way_leaves_nothing_of_it(exchange: RunningExchange, tmp_path: Path):
    """The earlier run's orders were found by then; the actors ran, and are taken down in order."""
    exchange.fail({"name": "markets", "on": "markets", "do": "status", "status": 500})
    with next_run(tmp_path, exchange) as bot:
        code = bot.end(STOPS_WITHIN_S)

    assert code == EXIT_TRY_AGAIN
    (done,) = [line for line in map(json.loads, bot.raw[:-1]) if line["action"] == "shutdown_done"]
    assert (done["open_orders"], done["exit_code"]) == (0, EXIT_TRY_AGAIN)
    assert bot.raw[-1].startswith("edgelock: the venue's markets could not be read")
    assert exchange.open_orders() == {}


def ours(exchange: RunningExchange, bot: LiveBot) -> set[str]:
    """What rests of this run's orders, by the exchange's books."""
    run = bot.wait_for("config")["run"]
    return {name for name in exchange.open_orders() if name.startswith(run)}
