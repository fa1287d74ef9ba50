"""A live bot whose journal is lost, damaged, locked or out of room, between its runs and under its hands.

The exchange's books are the judge: nothing is doubled, positions keep their exits, and entries wait as documented.
"""

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from edgelock.actors.journal import FILE_NAME, Journal
from edgelock.ops.control_client import ask
from edgelock.ops.ledger_evidence import Breach
from edgelock.ops.user_error import UserError
from tests.scenarios.live_bot import LiveBot, RunningExchange, entries_received, wait_until
from tests.scenarios.running_bot import PATIENCE_S
from tests.scenarios.test_live_restart import (
    SPEED,
    account_of,
    end,
    order_promises,
    positions_of,
    wait_for_a_protected_position,
)

pytestmark = pytest.mark.timeout(300)
MARKETS = "4"
IN_FLIGHT_NS = 2_000_000_000
"""What was sent before a trouble was noticed (a second) has reached the exchange by then."""


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[RunningExchange]:
    running = RunningExchange(tmp_path, "--speed", str(SPEED), "--seed", "7")
    yield running
    running.stop()


def first_start(directory: Path, exchange: RunningExchange) -> LiveBot:
    return started(directory, exchange, "first")


def second_start(directory: Path, exchange: RunningExchange) -> LiveBot:
    return started(directory, exchange, "second")


def started(directory: Path, exchange: RunningExchange, name: str) -> LiveBot:
    """With a state directory that all runs share."""
    (directory / name).mkdir()
    state = str(directory / "state")
    return LiveBot(directory / name, exchange, EDGELOCK_STATE__DIRECTORY=state, MAX_MARKETS_TO_TRADE=MARKETS)


def control(directory: Path, command: str) -> Mapping[str, Any]:
    """What the bot answers, as soon as it takes commands."""
    answers: list[Mapping[str, Any]] = []

    def answered() -> bool:
        try:
            answers.append(ask(directory / "state", command))
        except UserError:
            return False
        return True

    wait_until(answered, f"{command} is answered", 3 * PATIENCE_S)
    return answers[0]


def journal_file(directory: Path) -> Path:
    return directory / "state" / FILE_NAME


def delete(path: Path) -> None:
    for end_of_name in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{end_of_name}").unlink(missing_ok=True)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def halve(path: Path) -> None:
    with sqlite3.connect(path) as writer:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.close()
    os.truncate(path, path.stat().st_size // 2)


def spoil_a_page(path: Path) -> None:
    with sqlite3.connect(path) as writer:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((page,),) = writer.execute("SELECT rootpage FROM sqlite_master WHERE name = 'fills'")
    writer.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(random.Random(7).randbytes(4096))


BETWEEN_RUNS: Mapping[str, Callable[[Path], None]] = {
    "deleted": delete,
    "empty": empty,
    "truncated": halve,
    "one page spoilt": spoil_a_page,
}


def wait_for_a_way_out(bot: LiveBot, exchange: RunningExchange, held: set[str]) -> None:
    """Until one of the positions found is being left, by whichever exit its age asks for, or none of them is held."""

    def is_left() -> bool:
        exits = {line["market"] for line in bot.of("quote_place") if line["role"] == "exit"}
        return bool(exits & held) or not held & positions_of(exchange).keys()

    wait_until(is_left, "an exit of a position that was found", 2 * PATIENCE_S)


def doubled_exits(exchange: RunningExchange) -> list[str]:
    """Markets in which more rests to leave a position than is held, or in which two runs have orders at once."""
    account: Mapping[str, Any] = account_of(exchange)
    held = {each["ticker"]: abs(float(each["position_fp"])) for each in account["positions"]}
    runs: dict[str, set[str]] = {}
    leaving: dict[str, float] = {}
    for order in account["open_orders"]:
        runs.setdefault(order["ticker"], set()).add(order["client_order_id"].split("-")[0])
        if order.get("reduce_only"):
            leaving[order["ticker"]] = leaving.get(order["ticker"], 0.0) + float(order["remaining_count_fp"])
    return [ticker for ticker in runs if len(runs[ticker]) > 1 or leaving.get(ticker, 0.0) > held.get(ticker, 0.0)]


def broken_promises(directory: Path, exchange: RunningExchange) -> list[Breach]:
    """What the books say of the orders of both runs; not when orders expired, which is the exchange's own doing."""
    breaches = order_promises(directory, exchange, was_killed=False)
    return [breach for breach in breaches if breach.promise != "gone by expiry"]


@pytest.mark.parametrize("damage", BETWEEN_RUNS)
def test_a_journal_lost_between_runs_holds_entries_until_resume_and_doubles_nothing(
    damage: str, exchange: RunningExchange, tmp_path: Path
):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        end(bot, signal.SIGKILL)
    run, held = bot.lines[0]["run"], positions_of(exchange)
    BETWEEN_RUNS[damage](journal_file(tmp_path))
    start_ns = time.monotonic_ns()

    with second_start(tmp_path, exchange) as bot:
        bot.wait_for("log", lambda line: "a new one was begun" in line["message"])
        wait_until(lambda: not any(name.startswith(run) for name in exchange.open_orders()), "leftovers withdrawn")
        wait_for_a_way_out(bot, exchange, set(held))
        assert entries_received(exchange.requests(), start_ns) == []
        assert doubled_exits(exchange) == []

        control(tmp_path, "resume")
        wait_until(lambda: entries_received(exchange.requests(), start_ns) != [], "entries after resume")
        end(bot, signal.SIGINT)

    kept = [path.name for path in (tmp_path / "state").glob(f"{FILE_NAME}.damaged-1")]
    assert kept == ([] if damage == "deleted" else [f"{FILE_NAME}.damaged-1"])
    assert broken_promises(tmp_path, exchange) == []


def test_a_journal_deleted_under_a_bot_is_put_back_and_nothing_of_it_is_lost(exchange: RunningExchange, tmp_path: Path):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        delete(journal_file(tmp_path))
        bot.wait_for("journal_trouble", lambda line: "deleted under us" in line["message"])
        bot.wait_for("journal_ok")
        end(bot, signal.SIGKILL)
    told = {line["client_order_id"] for line in bot.of("FILL")}
    wanted = {line["client_order_id"] for line in bot.of("quote_place")}

    journal = Journal(tmp_path / "state")
    with journal._file.reading() as connection:
        filled = {name for (name,) in connection.execute("SELECT client_order_id FROM fills")}
        intents = {name for (name,) in connection.execute("SELECT client_order_id FROM order_intents")}
    journal.close()
    assert told <= filled
    assert {order["client_order_id"] for order in account_of(exchange)["order_history"]} <= intents
    assert filled <= wanted


def test_a_page_spoilt_under_a_bot_is_noticed_at_the_next_start_at_the_latest_and_doubles_nothing(
    exchange: RunningExchange, tmp_path: Path
):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        spoil_a_page(journal_file(tmp_path))
        seen = len(bot.of("order_ack", "journal_trouble"))
        wait_until(lambda: len(bot.of("order_ack", "journal_trouble")) > seen, "it goes on, or notices")
        end(bot, signal.SIGKILL)
    run, held = bot.lines[0]["run"], positions_of(exchange)

    with second_start(tmp_path, exchange) as bot:
        control(tmp_path, "status")
        wait_until(lambda: not any(name.startswith(run) for name in exchange.open_orders()), "leftovers withdrawn")
        wait_for_a_way_out(bot, exchange, set(held))
        assert doubled_exits(exchange) == []
        end(bot, signal.SIGINT)

    assert broken_promises(tmp_path, exchange) == []


@contextmanager
def locked(path: Path) -> Iterator[None]:
    holder = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE_S)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.execute("ROLLBACK")
    holder.close()


def exits_received(exchange: RunningExchange, since_ns: int) -> list[Mapping[str, Any]]:
    """Creations and amendments of orders that leave a position, after this time."""
    return [
        request
        for request in exchange.requests()
        if request.get("operation") in ("create", "batch_create", "amend")
        and request["received"]["monotonic_ns"] > since_ns
        and not any(order.get("order_group_id") for order in request["asked"])
    ]


def entries_stop_and_come_back(bot: LiveBot, exchange: RunningExchange, trouble: Callable[[], Any]) -> None:
    """While `trouble` lasts no entry is sent, exits and cancels go on, and the operator's commands work."""
    with trouble():
        bot.wait_for("journal_trouble")
        told_ns = time.monotonic_ns()
        wait_until(lambda: not exchange.open_orders().keys() & bot.entry_ids(), "resting entries are withdrawn")
        held = positions_of(exchange).keys()  # some may have been left by a take-profit that rested already
        wait_until(
            lambda: exits_received(exchange, told_ns) != [] or not held & positions_of(exchange).keys(),
            "an exit is sent all the same",
            3 * PATIENCE_S,
        )
        assert entries_received(exchange.requests(), told_ns + IN_FLIGHT_NS) == []
        assert control(bot.directory.parent, "kill") == {"kill": True}
    bot.wait_for("journal_ok")
    over_ns = time.monotonic_ns()
    control(bot.directory.parent, "resume")
    wait_until(lambda: entries_received(exchange.requests(), over_ns) != [], "entries again", 2 * PATIENCE_S)


def test_a_journal_locked_by_another_process_stops_entries_and_nothing_else(exchange: RunningExchange, tmp_path: Path):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        entries_stop_and_come_back(bot, exchange, lambda: locked(journal_file(tmp_path)))
        end(bot, signal.SIGINT)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB at `state`."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "edgelock-test", str(state)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield state
    subprocess.run(["umount", "--lazy", str(state)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


def test_a_full_disk_stops_entries_and_nothing_else_and_a_halt_survives_it(
    exchange: RunningExchange, tmp_path: Path, small_disk: Path
):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        entries_stop_and_come_back(bot, exchange, lambda: filled(small_disk))
        with filled(small_disk):
            bot.wait_for("journal_trouble", count=2)
            assert control(tmp_path, "kill") == {"kill": True}
            end(bot, signal.SIGKILL)

    with second_start(tmp_path, exchange) as bot:
        bot.wait_for("kill_on", lambda line: "latch" in line["who"])
        end(bot, signal.SIGINT)


@pytest.mark.parametrize("how", ["full", "read_only"])
def test_a_start_without_a_place_to_write_is_refused_in_one_line(
    how: str, exchange: RunningExchange, tmp_path: Path, small_disk: Path
):
    if how == "read_only":
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with filled(small_disk) if how == "full" else nullcontext(), first_start(tmp_path, exchange) as bot:
        code = bot.end()

    assert code != 0
    assert len(bot.raw) == 1
    assert "Traceback" not in bot.raw[0]


def test_a_start_while_another_process_holds_the_journal_is_refused_in_one_line(
    exchange: RunningExchange, tmp_path: Path
):
    Journal(tmp_path / "state").close()
    with locked(journal_file(tmp_path)), first_start(tmp_path, exchange) as bot:
        code = bot.end()

    assert code != 0
    assert ["locked" in text for text in bot.raw] == [True]
