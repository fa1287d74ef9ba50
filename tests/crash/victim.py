"""A live bot that can be told to die, and the exchange that outlives it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from edgelock.ops.control_client import ask
from edgelock.ops.user_error import UserError
from tests.crash.crashing_bot import ARMED_VARIABLE, COUNTS_VARIABLE, SABOTAGE_VARIABLE
from tests.crash.points import Phase, Point

PROJECT = Path(__file__).resolve().parents[2]
LOOK_EVERY_S = 0.02
READY_WITHIN_S = 60.0
END_WITHIN_S = 30.0
ANSWER_WITHIN_S = 15.0
_OURS = ("EDGELOCK_", "KALSHI_", "LIVE_", "SHADOW_", "MAX_", "DISABLE_", "USE_LEGACY", "DISCORD_", "CRASH_")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

SETTINGS = {
    "LIVE_TRADING_ENABLED": "true",
    "EDGELOCK_LIVE__ENTRY_LIFE_S": "600",
    "EDGELOCK_SELECTION__SERIES": "NHL,NFL,CFB",
    "MAX_MARKETS_TO_TRADE": "8",
    "EDGELOCK_RISK__MAX_DAILY_LOSS_USD": "1000",
}
"""Nothing expires within a check: what ends, somebody ended. And no losing day ends the trading."""


class VictimFailed(Exception):
    """A process did not do what it has to do; the text says which and what."""


def wait_until(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether it came to hold in time."""
    pause, deadline = threading.Event(), time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(LOOK_EVERY_S)
    return True


class Exchange:
    """`python run.py exchange` in a process of its own, with its books open to us."""

    def __init__(self, directory: Path, *, speed: int, seed: int) -> None:
        self.speed = speed
        self.ready_file = directory / "ready.json"
        self._errors = (directory / "exchange.err").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "run.py", "exchange", "--exit-with-parent", "--speed", str(speed), "--seed", str(seed),
             "--request-log", str(directory / "requests.jsonl")],
            cwd=PROJECT, env=bare_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if not first:
            raise VictimFailed(f"the exchange did not start; see {directory / 'exchange.err'}")
        self.ready_file.write_text(first, encoding="utf-8")
        self._origin = json.loads(first)["rest_url"].removesuffix("/trade-api/v2")

    def ledger(self) -> dict[str, Any]:
        """Its books at this moment."""
        return dict(json.loads(self._ask("ledger", "GET")))

    def fail(self, *faults: Mapping[str, object]) -> None:
        """From now on these faults strike, and no others."""
        self._ask("faults", "POST", yaml.safe_dump({"faults": list(faults)}).encode())

    def heal(self) -> None:
        """No faults any more."""
        self._ask("faults", "DELETE")

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.terminate()
        self.process.wait(END_WITHIN_S)
        self.process.stdin.close()
        self.process.stdout.close()
        self._errors.close()

    def _ask(self, what: str, method: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self._origin}/embedded/{what}", data=body, method=method)
        with _DIRECT.open(request, timeout=ANSWER_WITHIN_S) as answer:
            return bytes(answer.read())


class Victim:
    """The real bot in a process of its own, started in the constructor. `with` ends it, whatever happens inside.

    armed     a point of the recovery at which it dies by itself
    sabotage  how it is damaged, if at all
    """

    def __init__(
        self, directory: Path, exchange: Exchange, name: str, *, armed: Point | None = None, is_counting: bool = False,
        sabotage: str | None = None, **settings: str,
    ) -> None:  # fmt: skip
        self.state_directory = directory / "state"
        self.log = directory / f"{name}.jsonl"
        self.output = directory / f"{name}.out"
        self._counts_file = directory / f"{name}.counts.json"
        environment = {
            **bare_environment(), **SETTINGS, "EDGELOCK_STATE__DIRECTORY": str(self.state_directory), **settings
        }  # fmt: skip
        if armed is not None:
            environment[ARMED_VARIABLE] = f"{armed.label}:{armed.occurrence}"
        if is_counting:
            environment[COUNTS_VARIABLE] = str(self._counts_file)
        if sabotage is not None:
            environment[SABOTAGE_VARIABLE] = sabotage
        self._said = self.output.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.crashing_bot", "--no-live-view", "--log", str(self.log),
             "--exchange", str(exchange.ready_file)],
            cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=self._said, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> "Victim":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(END_WITHIN_S)
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self._said.close()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    @property
    def was_struck(self) -> bool:
        """Whether it died by the switch (or somebody else's SIGKILL)."""
        return self.process.poll() == -signal.SIGKILL

    def wait_until_it_answers(self) -> None:
        """Until it takes commands, or is dead. Raises VictimFailed when neither comes."""

        def answers() -> bool:
            return not self.is_alive or self.status() is not None

        if not wait_until(answers, READY_WITHIN_S):
            raise VictimFailed(f"the bot takes no commands: {self.last_words()}")

    def status(self) -> Mapping[str, Any] | None:
        """What it says of itself; None when it does not answer."""
        try:
            return ask(self.state_directory, "status")
        except UserError:
            return None

    def command(self, word: str) -> None:
        """An operator's command. Raises VictimFailed when the bot does not confirm it."""
        try:
            ask(self.state_directory, word)
        except UserError as error:
            raise VictimFailed(f"{word}: {error}") from None

    def arm(self, point: Point) -> None:
        """Have it die there, counted from now."""
        self._order(f"arm {point.label} {point.occurrence}")

    def disarm(self) -> None:
        """Let it live."""
        self._order("disarm")

    def count_as(self, phase: Phase) -> None:
        """What is passed from now on belongs to this phase."""
        self._order(f"count {phase.value}")

    def counts(self) -> dict[str, dict[str, int]]:
        """How often it passed each label in its life, by phase; once it has ended by itself."""
        return dict(json.loads(self._counts_file.read_text(encoding="utf-8")))

    def ask_to_end(self) -> None:
        """The orderly way."""
        self.process.send_signal(signal.SIGTERM)

    def wait_for_its_end(self, within_s: float) -> bool:
        """Whether it ended in time."""
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self) -> str:
        """The last line that it said that is not telemetry, or the last line."""
        lines = [line for line in self.output.read_text(encoding="utf-8", errors="replace").splitlines() if line]
        words = [line for line in lines if not line.startswith("{")]
        return next(iter([*words[-1:], *lines[-1:]]), f"nothing; see {self.output}")

    def _order(self, line: str) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is dead, as its exit code will tell
            os.write(self.process.stdin.fileno(), f"{line}\n".encode())


def bare_environment() -> dict[str, str]:
    """This process's environment without any setting of the bot."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
