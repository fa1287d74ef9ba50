"""The embedded exchange as a child process: started, waited for, listened to, and never left behind.

It runs in a session of its own, so that Ctrl-C at the terminal reaches the bot alone and the bot can still cancel its
orders there; and it ends when the pipe to its stdin closes, so that not even a bot killed with SIGKILL leaves it.
"""

import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import IO

from edgelock.core.units import Timestamp, money_text
from edgelock.ops.settings import EmbeddedSettings
from edgelock.ops.settings_environment import CREDENTIAL_VARIABLES
from edgelock.ops.user_error import UserError

READY_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 3.0
LINES_KEPT = 20
LINE_BYTES_MAX = 1_000_000
EXIT_SOFTWARE = 70
_OWN_PREFIX = re.compile(r"^edgelock[a-z ]*: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyExchange:
    """What the exchange said when it was ready to be traded on.

    origin_ns, anchor_wall_ns, speed  its clock: exchange time = origin + (wall clock − anchor) × speed
    """

    rest_url: str
    ws_url: str
    api_key_id: str
    private_key_path: Path | None
    private_key_pem: str | None = field(repr=False)
    origin_ns: Timestamp
    anchor_wall_ns: int
    speed: Fraction
    markets: tuple[str, ...]


class EmbeddedExchange:
    """One running exchange. Construct with `start_exchange`; `stop` ends it, twice is harmless."""

    def __init__(self, process: "subprocess.Popen[bytes]", told: Callable[[str], None]) -> None:
        self._process = process
        self._told = told
        self._first_line: queue.Queue[bytes] = queue.Queue()
        self._last_words: deque[str] = deque(maxlen=LINES_KEPT)
        assert process.stdout is not None  # both were asked for as pipes
        assert process.stderr is not None
        self._readers = (
            threading.Thread(target=self._read_stdout, args=(process.stdout,), name="exchange-stdout", daemon=True),
            threading.Thread(target=self._read_stderr, args=(process.stderr,), name="exchange-stderr", daemon=True),
        )
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_until_ready(self, timeout_s: float) -> ReadyExchange:
        """The exchange's own description. Raises UserError, with the exchange stopped, when none comes in time."""
        try:
            line = self._first_line.get(timeout=timeout_s)
        except queue.Empty:
            self.stop()
            raise UserError(
                f"the embedded exchange was not ready within {timeout_s:g} s{self._and_last_words()}",
                exit_code=EXIT_SOFTWARE,
            ) from None
        if not line.strip():
            raise self._early_exit()
        try:
            return _parse_ready(line)
        except (ValueError, KeyError, TypeError) as error:
            self.stop()
            raise UserError(
                f"the embedded exchange's first line is not its description ({type(error).__name__}: {error})",
                exit_code=EXIT_SOFTWARE,
            ) from None

    def stop(self) -> None:
        """End it: close its stdin and ask it to terminate, wait up to three seconds, then kill it."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for reader in self._readers:
            reader.join(STOP_TIMEOUT_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _early_exit(self) -> UserError:
        self._readers[1].join(STOP_TIMEOUT_S)
        self.stop()
        words = _OWN_PREFIX.sub("", self._last_words[-1]) if self._last_words else ""
        if self._process.returncode == 2 and words:
            return UserError(words)
        return UserError(
            f"the embedded exchange ended with exit code {self._process.returncode}{self._and_last_words()}",
            exit_code=EXIT_SOFTWARE,
        )

    def _and_last_words(self) -> str:
        return f": {self._last_words[-1]}" if self._last_words else ""

    def _read_stdout(self, stream: IO[bytes]) -> None:
        self._first_line.put(stream.readline(LINE_BYTES_MAX))  # empty when it ended before it said anything
        for line in iter(lambda: stream.readline(LINE_BYTES_MAX), b""):
            self._told(_text(line))

    def _read_stderr(self, stream: IO[bytes]) -> None:
        for line in iter(lambda: stream.readline(LINE_BYTES_MAX), b""):
            text = _text(line)
            if text:
                self._last_words.append(text)
                self._told(text)


def start_exchange(
    command: Sequence[str], *, told: Callable[[str], None], ready_timeout_s: float = READY_TIMEOUT_S
) -> tuple[EmbeddedExchange, ReadyExchange]:
    """Start the child and wait until it can be traded on.

    command  as `exchange_command` makes it
    told     called from another thread with every line that the exchange says besides its description
    Raises UserError with the exchange's own words when it refuses to start; nothing is left running then.
    """
    process = subprocess.Popen(
        command,
        env={name: text for name, text in os.environ.items() if name not in CREDENTIAL_VARIABLES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    exchange = EmbeddedExchange(process, told)
    try:
        return exchange, exchange.wait_until_ready(ready_timeout_s)
    except BaseException:
        exchange.stop()
        raise


def running_exchange(path: Path) -> ReadyExchange:
    """An exchange that runs already, by the line it printed. Raises UserError when the file does not hold one."""
    try:
        return _parse_ready(path.read_bytes())
    except OSError as error:
        raise UserError(f"--exchange {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"--exchange {path}: not the line that python run.py exchange prints when it is ready "
            f"({type(error).__name__}: {error})"
        ) from None


def exchange_command(
    settings: EmbeddedSettings,
    *,
    request_log: Path | None = None,
    ledger: Path | None = None,
    faults: Path | None = None,
) -> list[str]:
    """The command that runs the embedded exchange as our child.

    request_log  where it writes every request it receives, or None
    ledger       where it writes its books at its end, or None
    faults       the file that says what goes wrong, or None
    """
    command = [sys.executable, "-m", "edgelock.exchange", "--exit-with-parent", "--hold-clock"]
    command += ["--scenario", settings.scenario, "--seed", str(settings.seed), "--speed", _decimal_text(settings.speed)]
    command += ["--balance", money_text(settings.balance)]
    if settings.recording is not None:
        command += ["--recording", str(settings.recording)]
    if request_log is not None:
        command += ["--request-log", str(request_log)]
    if ledger is not None:
        command += ["--ledger", str(ledger)]
    if faults is not None:
        command += ["--faults", str(faults)]
    return command


def _decimal_text(speed: Fraction) -> str:
    return f"{Decimal(speed.numerator) / Decimal(speed.denominator):f}"


def _parse_ready(line: bytes) -> ReadyExchange:
    raw = json.loads(line, parse_float=Decimal)
    if not isinstance(raw, Mapping):
        raise ValueError("it is not a JSON object")
    clock = raw["clock"]
    path = raw.get("private_key_path")
    return ReadyExchange(
        rest_url=str(raw["rest_url"]),
        ws_url=str(raw["ws_url"]),
        api_key_id=str(raw["api_key_id"]),
        private_key_path=Path(path) if path else None,
        private_key_pem=raw.get("private_key_pem"),
        origin_ns=Timestamp(int(clock["origin_ns"])),
        anchor_wall_ns=int(clock["anchor_wall_ns"]),
        speed=Fraction(clock["speed"]),
        markets=tuple(str(market if isinstance(market, str) else market["ticker"]) for market in raw["markets"]),
    )


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()
