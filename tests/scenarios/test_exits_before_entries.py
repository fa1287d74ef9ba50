"""A start in the middle of positions: the exchange gets every exit before it gets the first entry."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelock.ops.audit import run_audit
from edgelock.ops.ledger_evidence import Evidence, Timeline, read_lines
from tests.scenarios.live_bot import RunningExchange, wait_until
from tests.scenarios.test_live_restart import (
    SPEED,
    end,
    first_start,
    ledger_of,
    positions_of,
    protected_positions,
    second_start,
)

POSITIONS = 3


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[RunningExchange]:
    running = RunningExchange(tmp_path, "--speed", str(SPEED), "--seed", "11")
    yield running
    running.stop()


def creations(exchange: RunningExchange, run: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What a run asked for and the exchange took, with the request, in the order in which it was carried out."""
    taken = []
    for request in exchange.requests():
        if request.get("operation") in ("create", "batch_create") and request["outcome"] == 201:
            for asked, answered in zip(request["asked"], request["answered"], strict=True):
                if not answered.get("error") and str(asked["client_order_id"]).startswith(run):
                    taken.append((asked, request))
    return taken


def is_entry(asked: dict[str, Any]) -> bool:
    return "order_group_id" in asked


def held_at(exchange: RunningExchange, directory: Path, ticker: str, at_ns: int) -> bool:
    evidence = Evidence(
        ledger=ledger_of(exchange),
        requests=exchange.requests(),
        log=read_lines(directory / "second" / "log.jsonl"),
        was_killed=False,
        gone_at_ns=at_ns,
        exit_code=0,
        speed=SPEED,
    )
    return 0 not in evidence.positions.get(ticker, Timeline(())).during(at_ns, at_ns)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_every_exit_is_at_the_exchange_before_the_first_entry_is(
    number: signal.Signals, exchange: RunningExchange, tmp_path: Path
):
    with first_start(tmp_path, exchange) as bot:
        wait_until(lambda: len(protected_positions(bot.lines)) >= POSITIONS, f"{POSITIONS} positions have an exit")
        end(bot, number)
    held = positions_of(exchange)
    assert held

    with second_start(tmp_path, exchange) as bot:
        run = bot.wait_for("config")["run"]
        wait_until(lambda: any(is_entry(asked) for asked, _ in creations(exchange, run)), "an entry was taken")
        end(bot, signal.SIGINT)

    taken = creations(exchange, run)
    first = next(number for number, (asked, _) in enumerate(taken) if is_entry(asked))
    entered_ns = taken[first][1]["received"]["exchange_ns"]
    exits = {asked["ticker"] for asked, _ in taken[:first]}
    missing = [ticker for ticker in held if held_at(exchange, tmp_path, ticker, entered_ns) and ticker not in exits]
    assert missing == []
    assert run_audit([tmp_path / "first" / "log.jsonl", tmp_path / "second" / "log.jsonl"]) == 0
    told = [line["detail"] for line in bot.lines if line["action"] == "reconcile"]
    assert any("net" in detail for detail in told)
