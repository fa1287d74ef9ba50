"""One simulated run: an exchange with faults, a bot that trades live on it, its end, and what both left behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgelock.ops.ledger_check import Evidence, LedgerReport, check_ledger, read_lines
from edgelock.ops.mixed_faults import mixed_faults

READY_WITHIN_S = 30.0
END_WITHIN_S = 40.0
EXPIRED_AFTER_MARKET_S = 930
"""The longest life of an order that nobody renews, and a little more."""
PROGRAM = Path(__file__).parents[2] / "run.py"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SimulationFailed(Exception):
    """A run did not come about; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRun:
    """What to play. `minutes` are the market's; with `is_killed` the bot is killed at the end, else it shuts down."""

    seed: int
    minutes: int
    speed: int
    markets: int
    is_killed: bool
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedResult:
    """What came of it. `exit_code` is the bot's, negative for a signal."""

    seed: int
    exit_code: int
    report: LedgerReport
    orders: int
    fills: int
    strikes: int


def simulate(run: SimulatedRun) -> SimulatedResult:
    """Play one run and check it. Files of it stay in its directory."""
    run.directory.mkdir(parents=True, exist_ok=True)
    faults = run.directory / "faults.yaml"
    faults.write_text(yaml.safe_dump(mixed_faults(run.seed, minutes=run.minutes), sort_keys=False), encoding="utf-8")
    exchange = _start_exchange(run, faults)
    try:
        ready = _wait_for_ready(run, exchange)
        bot = _start_bot(run)
        exit_code, gone_at_ns = _play(run, bot, ready)
        base = ready["rest_url"].removesuffix("/trade-api/v2")
        ledger = _get(f"{base}/embedded/ledger")
        (run.directory / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
    finally:
        exchange.terminate()
        exchange.wait(END_WITHIN_S)
    if not (run.directory / "run.jsonl").is_file():
        words = (run.directory / "bot.out").read_text(encoding="utf-8").strip()
        raise SimulationFailed(f"seed {run.seed}: the bot did not start: {words}")
    evidence = Evidence(
        ledger=ledger,
        requests=read_lines(run.directory / "requests.jsonl"),
        log=read_lines(run.directory / "run.jsonl"),
        gone_at_ns=gone_at_ns,
        speed=run.speed,
    )
    member = ledger["accounts"][0]
    strikes = sum(1 for request in evidence.requests if request.get("fault"))
    return SimulatedResult(
        seed=run.seed,
        exit_code=exit_code,
        report=check_ledger(evidence),
        orders=member["orders_accepted"],
        fills=member["fills"],
        strikes=strikes,
    )


def _start_exchange(run: SimulatedRun, faults: Path) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, str(PROGRAM), "exchange", "--speed", str(run.speed), "--seed", str(run.seed),
        "--faults", str(faults), "--request-log", str(run.directory / "requests.jsonl"),
    ]  # fmt: skip
    with (run.directory / "ready.json").open("wb") as out, (run.directory / "exchange.err").open("wb") as err:
        return subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)


def _wait_for_ready(run: SimulatedRun, exchange: "subprocess.Popen[bytes]") -> Mapping[str, Any]:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and exchange.poll() is None:
        text = (run.directory / "ready.json").read_text(encoding="utf-8")
        if text.endswith("\n"):
            ready: Mapping[str, Any] = json.loads(text)
            return ready
        time.sleep(0.05)
    raise SimulationFailed(f"seed {run.seed}: the exchange did not start; see {run.directory / 'exchange.err'}")


def _start_bot(run: SimulatedRun) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, str(PROGRAM), "--exchange", str(run.directory / "ready.json"), "--no-live-view",
        "--log", str(run.directory / "run.jsonl"),
    ]  # fmt: skip
    environment = {
        **os.environ,
        "LIVE_TRADING_ENABLED": "true",
        "MAX_MARKETS_TO_TRADE": str(run.markets),
        "EDGELOCK_SELECTION__SERIES": "NHL,NFL,CFB",
        "EDGELOCK_STATE__DIRECTORY": str(run.directory / "state"),
    }
    with (run.directory / "bot.out").open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)


def _play(run: SimulatedRun, bot: "subprocess.Popen[bytes]", ready: Mapping[str, Any]) -> tuple[int, int | None]:
    base = ready["rest_url"].removesuffix("/trade-api/v2")
    try:
        return bot.wait(run.minutes * 60 / run.speed + 3), None
    except subprocess.TimeoutExpired:
        pass
    if not run.is_killed:
        bot.send_signal(signal.SIGINT)
        return bot.wait(END_WITHIN_S), None
    gone_at_ns = int(_get(f"{base}/embedded/clock")["now_ns"])
    bot.kill()
    exit_code = bot.wait()
    time.sleep(EXPIRED_AFTER_MARKET_S / run.speed)
    return exit_code, gone_at_ns


def _get(url: str) -> dict[str, Any]:
    with _DIRECT.open(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
