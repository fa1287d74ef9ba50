"""One simulated run: an exchange with faults, a bot that trades live on it, its end, and what both left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgelock.ops.ledger_check import check_ledger
from edgelock.ops.ledger_evidence import Evidence, LedgerReport, read_lines
from edgelock.ops.mixed_faults import mixed_faults
from edgelock.ops.settings_environment import CREDENTIAL_VARIABLES

READY_WITHIN_S = 30.0
END_WITHIN_S = 40.0
ANSWER_WITHIN_S = 10.0
EXPIRED_AFTER_MARKET_S = 930
"""The longest life of an order that nobody renews, and a little more."""
START_S = 3.0
"""Real time that the bot has before its market minutes count."""
LOOK_EVERY_S = 0.1
PROGRAM = Path(__file__).parents[2] / "run.py"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Process = subprocess.Popen[bytes]


class SimulationFailed(Exception):
    """A run did not come about; the text says which and why."""


class SimulationStopped(Exception):
    """A run was ended before its time, because somebody asked for it."""


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


@dataclass(frozen=True, slots=True)
class _Ending:
    """The bot's exit code, and the exchange's time when it was gone."""

    exit_code: int
    gone_at_ns: int


def simulate(run: SimulatedRun, stop: threading.Event) -> SimulatedResult:
    """Play one run and check it. Files of it stay in its directory; processes do not, whatever happens.

    Raises SimulationFailed, and SimulationStopped once `stop` is set.
    """
    try:
        run.directory.mkdir(parents=True)
    except FileExistsError:
        raise SimulationFailed(f"{run.directory} holds a run already; choose another --out DIR") from None
    except OSError as error:
        raise SimulationFailed(f"{run.directory}: {error.strerror}") from None
    faults = run.directory / "faults.yaml"
    faults.write_text(yaml.safe_dump(mixed_faults(run.seed, minutes=run.minutes), sort_keys=False), encoding="utf-8")
    with ExitStack() as stack:
        exchange = _start_exchange(run, faults)
        stack.callback(_end, exchange)
        ready = _wait_for_ready(run, exchange, stop)
        bot = _start_bot(run)
        stack.callback(_end, bot)
        ending = _play(run, bot, ready, stop)
        ledger = _final_ledger(run, ready, stop)
    return _examined(run, ledger, ending)


def _examined(run: SimulatedRun, ledger: Mapping[str, Any], ending: _Ending) -> SimulatedResult:
    (run.directory / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
    evidence = Evidence(
        ledger=ledger,
        requests=read_lines(run.directory / "requests.jsonl"),
        log=read_lines(run.directory / "run.jsonl"),
        was_killed=run.is_killed and ending.exit_code == -signal.SIGKILL,
        gone_at_ns=ending.gone_at_ns,
        exit_code=ending.exit_code,
        speed=run.speed,
    )
    return SimulatedResult(
        seed=run.seed,
        exit_code=ending.exit_code,
        report=check_ledger(evidence),
        orders=evidence.account["orders_accepted"],
        fills=evidence.account["fills"],
        strikes=sum(1 for request in evidence.requests if request.get("fault") and request.get("operation")),
    )


def _start_exchange(run: SimulatedRun, faults: Path) -> Process:
    command = [
        sys.executable, str(PROGRAM), "exchange", "--exit-with-parent", "--speed", str(run.speed),
        "--seed", str(run.seed), "--faults", str(faults), "--request-log", str(run.directory / "requests.jsonl"),
    ]  # fmt: skip
    with (run.directory / "ready.json").open("wb") as out, (run.directory / "exchange.err").open("wb") as err:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=err, env=_environment(), start_new_session=True
        )


def _start_bot(run: SimulatedRun) -> Process:
    # A bot whose simulation was killed ends by itself, too.
    at_the_latest = run.minutes * 60 / run.speed + START_S + END_WITHIN_S
    command = [
        sys.executable, str(PROGRAM), "--exchange", str(run.directory / "ready.json"), "--no-live-view",
        "--log", str(run.directory / "run.jsonl"), "--duration", f"{at_the_latest:.3f}",
    ]  # fmt: skip
    settings = {
        **dict.fromkeys(CREDENTIAL_VARIABLES, ""),  # which .env might have, too
        "KALSHI_ENV": "embedded",
        "LIVE_TRADING_ENABLED": "true",
        "SHADOW_MODE": "false",
        "MAX_MARKETS_TO_TRADE": str(run.markets),
        "EDGELOCK_SELECTION__SERIES": "NHL,NFL,CFB",
        "EDGELOCK_STATE__DIRECTORY": str(run.directory / "state"),
    }
    with (run.directory / "bot.out").open("wb") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment() | settings,
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """Ours, without what belongs to a real account."""
    return {name: text for name, text in os.environ.items() if name not in CREDENTIAL_VARIABLES}


def _wait_for_ready(run: SimulatedRun, exchange: Process, stop: threading.Event) -> Mapping[str, Any]:
    path = run.directory / "ready.json"
    _wait(lambda: path.read_bytes().endswith(b"\n") or exchange.poll() is not None, READY_WITHIN_S, stop)
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        raise SimulationFailed(f"seed {run.seed}: the exchange did not start: {_last_words(run, 'exchange.err')}")
    ready: Mapping[str, Any] = json.loads(text)
    return ready


def _play(run: SimulatedRun, bot: Process, ready: Mapping[str, Any], stop: threading.Event) -> _Ending:
    _wait(lambda: bot.poll() is not None, run.minutes * 60 / run.speed + START_S, stop)
    if not (run.directory / "run.jsonl").is_file():
        raise SimulationFailed(f"seed {run.seed}: the bot did not start: {_last_words(run, 'bot.out')}")
    if bot.poll() is None and run.is_killed:
        gone_at_ns = int(_get(run, ready, "clock")["now_ns"])
        bot.kill()
        return _Ending(bot.wait(), gone_at_ns)
    if bot.poll() is None:
        bot.send_signal(signal.SIGINT)
        _wait(lambda: bot.poll() is not None, END_WITHIN_S, stop)
    exit_code = bot.poll()
    if exit_code is None:
        raise SimulationFailed(f"seed {run.seed}: the bot did not end within {END_WITHIN_S:g} s of Ctrl-C")
    return _Ending(exit_code, int(_get(run, ready, "clock")["now_ns"]))


def _final_ledger(run: SimulatedRun, ready: Mapping[str, Any], stop: threading.Event) -> dict[str, Any]:
    """The books, once every order that may have been left has passed its expiry."""
    ledger = _get(run, ready, "ledger")
    if not any(account["open_orders"] for account in ledger["accounts"]):
        return ledger
    _wait(lambda: False, EXPIRED_AFTER_MARKET_S / run.speed, stop)
    return _get(run, ready, "ledger")


def _wait(is_over: Callable[[], bool], seconds: float, stop: threading.Event) -> None:
    """Until it is over or the time is; raises SimulationStopped when somebody wants to stop."""
    deadline = time.monotonic() + seconds
    while not is_over() and time.monotonic() < deadline:
        if stop.wait(min(LOOK_EVERY_S, max(deadline - time.monotonic(), 0))):
            raise SimulationStopped


def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(ANSWER_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(run: SimulatedRun, name: str) -> str:
    """The last line that it said; where to look when it said nothing."""
    path = run.directory / name
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return said[-1] if said else f"see {path}"


def _get(run: SimulatedRun, ready: Mapping[str, Any], what: str) -> dict[str, Any]:
    base = str(ready["rest_url"]).removesuffix("/trade-api/v2")
    try:
        with _DIRECT.open(f"{base}/embedded/{what}", timeout=ANSWER_WITHIN_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError as error:
        raise SimulationFailed(f"seed {run.seed}: the exchange does not answer: {error}") from None
