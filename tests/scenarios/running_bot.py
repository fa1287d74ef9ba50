"""The real program in a process of its own, its lines as they come, and whoever else talks to it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
_OURS = ("EDGELOCK_", "KALSHI_", "LIVE_", "SHADOW_", "MAX_", "DISABLE_", "USE_LEGACY", "DISCORD_")

Line = dict[str, Any]


def environment(directory: Path, **variables: str) -> dict[str, str]:
    """This process's environment without any setting of the bot, and with a state directory of its own."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    return {**bare, "EDGELOCK_STATE__DIRECTORY": str(directory / "state"), **variables}


class RunningBot:
    """Started in the constructor; `with` ends it, whatever happens inside."""

    pace = ("--speed", "60")
    """Of the exchange that it starts itself."""
    program: tuple[str, ...] = ("run.py",)
    """What Python runs."""

    def __init__(self, directory: Path, *options: str, **variables: str) -> None:
        self.directory = directory
        self.log = directory / "log.jsonl"
        self.environment = environment(directory, **variables)
        self.raw: list[str] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, *self.program, "--no-live-view", *self.pace, "--log", str(self.log), *options],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="bot-stdout", daemon=True)
        self._reader.start()

    def __enter__(self) -> "RunningBot":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def lines(self) -> list[Line]:
        """What it has printed so far; raises when a line is not JSON."""
        with self._changed:
            return [json.loads(text) for text in self.raw]

    def of(self, *actions: str) -> list[Line]:
        return [line for line in self.lines if line["action"] in actions]

    def wait_for(self, action: str, where: Callable[[Line], bool] = lambda _: True, *, count: int = 1) -> Line:
        """The `count`-th line of this action that fits; fails when it does not come."""
        found: list[Line] = []

        def is_there() -> bool:
            nonlocal found
            found = [line for text in self.raw for line in (json.loads(text),)
                     if line["action"] == action and where(line)]  # fmt: skip
            return len(found) >= count

        with self._changed:
            if not self._changed.wait_for(lambda: is_there() or self.process.poll() is not None, PATIENCE_S):
                raise AssertionError(f"no {action} came; the last lines are {self.raw[-5:]}")
            if not is_there():
                raise AssertionError(f"the bot ended without {action}; the last lines are {self.raw[-5:]}")
        return found[count - 1]

    def end(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait until it ends and everything it said was read; its exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(PATIENCE_S)
        return code

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another process of the same person: `python run.py WORDS`."""
        return subprocess.run(
            [sys.executable, "run.py", *words],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            with self._changed:
                self.raw.append(text)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def entries(lines: Iterable[Line]) -> list[Line]:
    """Quotes that would grow a position."""
    return [line for line in lines if line["action"] in ("quote_place", "shadow_quote") and line["role"] == "entry"]


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # it ended while we looked
        fields = text[text.rindex(")") + 2 :].split()
        if int(fields[1]) == pid:
            children.append(int(stat.parent.name))
    return children
