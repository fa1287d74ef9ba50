"""The embedded exchange as a child: its first line, its refusals, its end. Small scripts stand in for it."""

import json
import os
import sys
import threading
from fractions import Fraction
from pathlib import Path

import pytest

from edgelock.ops.embedded_process import exchange_command, start_exchange
from edgelock.ops.settings import EmbeddedSettings
from edgelock.ops.settings_environment import CREDENTIAL_VARIABLES
from edgelock.ops.user_error import UserError

READY = {
    "rest_url": "http://127.0.0.1:1/trade-api/v2",
    "ws_url": "ws://127.0.0.1:1/ws",
    "api_key_id": "key",
    "private_key_path": "key.pem",
    "private_key_pem": "-----BEGIN-----",
    "clock": {"origin_ns": 5, "anchor_wall_ns": 6, "speed": 0.1},
    "markets": ["A", "B"],
}


class Listener:
    """Keeps what the exchange says, and lets a test wait for a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait_for(self, line: str) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: line in self.lines, timeout=20)


def child(script: str) -> list[str]:
    return [sys.executable, "-c", f"import sys\nREADY = {json.dumps(READY)!r}\n{script}"]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_ready_line_becomes_a_value_without_floats_or_secrets_in_its_text():
    exchange, ready = start_exchange(child("print(READY, flush=True); sys.stdin.read()"), told=Listener())
    exchange.stop()

    assert ready.markets == ("A", "B")
    assert Fraction(1, 10) == ready.speed
    assert Path("key.pem") == ready.private_key_path
    assert "BEGIN" not in repr(ready)


def test_what_it_says_on_stderr_is_told():
    told = Listener()
    exchange, _ = start_exchange(
        child("print(READY, flush=True); print('hot', file=sys.stderr, flush=True); sys.stdin.read()"), told=told
    )

    assert told.wait_for("hot")
    exchange.stop()


def test_stop_ends_it_and_may_be_repeated():
    exchange, _ = start_exchange(child("print(READY, flush=True); sys.stdin.read()"), told=Listener())
    assert exchange.exit_code is None

    exchange.stop()
    exchange.stop()

    assert gone(exchange.pid)


def test_a_child_that_ignores_everything_is_killed():
    script = (
        "import signal, threading\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(READY, flush=True)\nthreading.Event().wait()"
    )
    exchange, _ = start_exchange(child(script), told=Listener())

    exchange.stop()

    assert exchange.exit_code == -9


def test_a_refusal_is_our_error_in_its_words():
    script = "sys.stderr.write('edgelock exchange: port 80 is in use\\n'); sys.exit(2)"

    with pytest.raises(UserError) as caught:
        start_exchange(child(script), told=Listener())

    assert (str(caught.value), caught.value.exit_code) == ("port 80 is in use", 2)


def test_a_crash_before_it_is_ready_names_the_last_line():
    with pytest.raises(UserError, match="ended with exit code 1: ZeroDivisionError: division by zero") as caught:
        start_exchange(child("1/0"), told=Listener())

    assert caught.value.exit_code == 70


def test_a_child_that_never_gets_ready_is_not_left_running():
    with pytest.raises(UserError, match=r"not ready within 0\.3 s"):
        start_exchange(child("sys.stdin.read()"), told=Listener(), ready_timeout_s=0.3)


@pytest.mark.parametrize("line", ["[]", "{}", "hello"])
def test_a_first_line_that_is_no_description_is_an_error(line: str):
    with pytest.raises(UserError, match="first line is not its description"):
        start_exchange(child(f"print({line!r}, flush=True); sys.stdin.read()"), told=Listener())


def test_the_command_carries_the_settings():
    settings = EmbeddedSettings.model_validate({"speed": "2.5", "seed": 9, "recording": "game.gz"})

    command = exchange_command(settings, request_log=Path("requests.jsonl"), faults=Path("faults.yaml"))

    assert command[:3] == [sys.executable, "-m", "edgelock.exchange"]
    flags, values = command[3:5], command[5:]
    assert set(flags) == {"--exit-with-parent", "--hold-clock"}
    given = dict(zip(values[::2], values[1::2], strict=True))
    assert given == {
        "--scenario": "evening",
        "--seed": "9",
        "--speed": "2.5",
        "--balance": "10000.000000",
        "--recording": "game.gz",
        "--request-log": "requests.jsonl",
        "--faults": "faults.yaml",
    }


def test_the_real_exchange_gets_ready_and_stops():
    exchange, ready = start_exchange(
        exchange_command(EmbeddedSettings.model_validate({"scenario": "quiet"})), told=Listener()
    )
    exchange.stop()

    assert ready.markets
    assert ready.rest_url.startswith("http://127.0.0.1:")
    assert exchange.exit_code == 0


def test_it_inherits_no_credential(monkeypatch: pytest.MonkeyPatch):
    for name in CREDENTIAL_VARIABLES:
        monkeypatch.setenv(name, "canary")
    told = Listener()
    exchange, _ = start_exchange(
        child(
            "import os; print(READY, flush=True)\n"
            "print('canary' in os.environ.values(), 'PATH' in os.environ, file=sys.stderr, flush=True)\n"
            "sys.stdin.read()"
        ),
        told=told,
    )

    try:
        assert told.wait_for("False True")
    finally:
        exchange.stop()
