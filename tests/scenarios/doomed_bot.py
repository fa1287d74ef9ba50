"""The real program with defects that a test switches on and off while it runs.

`python -m tests.scenarios.doomed_bot DEFECTS ARGUMENTS...` runs `python run.py ARGUMENTS...`. While the directory
DEFECTS holds a file that has the name of a market or of an actor of the infrastructure, every step of that market, and
every message that this actor handles, raises.
"""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelock.actors import market_actor
from edgelock.actors.exchange_actor import ExchangeActor
from edgelock.ops.command_line import main
from tests.scenarios.live_bot import LiveBot, RunningExchange


class Defect(RuntimeError):
    """What a defect of the test raises."""


class DoomedBot(LiveBot):
    """A live bot whose actors the test can make fail, again and again."""

    def __init__(self, directory: Path, exchange: RunningExchange, **variables: str) -> None:
        self._defects = directory / "defects"
        self._defects.mkdir()
        self.program = ("-m", "tests.scenarios.doomed_bot", str(self._defects))
        super().__init__(directory, exchange, **variables)

    def break_down(self, name: str) -> None:
        """From now on it fails at everything it does."""
        (self._defects / name).touch()

    def repair(self, name: str) -> None:
        """The cause is gone."""
        (self._defects / name).unlink()


def install(defects: Path) -> None:
    """Let the actors look for their defects."""
    _guard(market_actor, "step", lambda state, *_: defects / state.market.ticker)
    _guard(ExchangeActor, "handle", lambda *_: defects / "exchange")


def _guard(owner: Any, name: str, defect_of: Callable[..., Path]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def guarded(*arguments: Any) -> Any:
        if defect_of(*arguments).exists():
            raise Defect("switched on by the test")
        return original(*arguments)

    setattr(owner, name, guarded)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
