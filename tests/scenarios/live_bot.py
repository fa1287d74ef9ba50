"""The bot trading live on an embedded exchange that outlives it, so that the exchange's own books can be read after."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from edgelock.ops.control_client import ask
from edgelock.ops.user_error import UserError
from tests.scenarios.running_bot import PATIENCE_S, PROJECT, RunningBot, environment

LOOK_EVERY_S = 0.02
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Request = Mapping[str, Any]


class RunningExchange:
    """`python run.py exchange` in a process of its own."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.ready_file = directory / "ready.json"
        self._requests = directory / "requests.jsonl"
        self._errors = (directory / "exchange.err").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "run.py", "exchange", "--request-log", str(self._requests), *options],
            cwd=PROJECT,
            env=environment(directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        self.ready_file.write_text(first)
        self.origin = json.loads(first)["rest_url"].removesuffix("/trade-api/v2")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()

    def requests(self) -> list[Request]:
        """Its request log so far, oldest first."""
        return [json.loads(line) for line in self._requests.read_text().splitlines()]

    def fail(self, *faults: Mapping[str, object]) -> None:
        """From now on these faults strike, and no others."""
        self._ask("faults", "POST", yaml.safe_dump({"faults": list(faults)}).encode())

    def heal(self) -> None:
        """No faults any more."""
        self._ask("faults", "DELETE")

    def open_orders(self) -> dict[str, Mapping[str, Any]]:
        """What rests of the bot's, by client order id, in the exchange's own books."""
        ledger = json.loads(self._ask("ledger", "GET"))
        (account,) = [each for each in ledger["accounts"] if each["account_id"] == "member"]
        return {order["client_order_id"]: order for order in account["open_orders"]}

    def _ask(self, what: str, method: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.origin}/embedded/{what}", data=body, method=method)
        with _DIRECT.open(request, timeout=PATIENCE_S) as answer:
            return answer.read()


class LiveBot(RunningBot):
    """Live on a running exchange. Nothing expires within the test: what ends, somebody ended."""

    pace = ()

    def __init__(self, directory: Path, exchange: RunningExchange, **variables: str) -> None:
        super().__init__(
            directory,
            "--exchange",
            str(exchange.ready_file),
            **{
                "LIVE_TRADING_ENABLED": "true",
                "EDGELOCK_LIVE__ENTRY_LIFE_S": "600",
                "EDGELOCK_SELECTION__SERIES": "NHL,NFL,CFB",
                "MAX_MARKETS_TO_TRADE": "8",
                **variables,
            },
        )

    def wait_for_control(self) -> None:
        """Until it takes commands."""

        def answers() -> bool:
            try:
                ask(self.directory / "state", "status")
            except UserError:
                return False
            return True

        wait_until(answers, "the bot answers commands")

    def kill_entries(self) -> int:
        """The operator's kill switch; monotonic nanoseconds at which it was acknowledged."""
        assert ask(self.directory / "state", "kill") == {"kill": True}
        return time.monotonic_ns()

    def entry_ids(self) -> set[str]:
        """Client order ids of every entry it wanted so far."""
        return {line["client_order_id"] for line in self.of("quote_place") if line["role"] == "entry"}


@contextmanager
def live(
    directory: Path, *, speed: int = 10, seed: int = 7, **variables: str
) -> Iterator[tuple[RunningExchange, LiveBot]]:
    """An exchange and a bot that trades on it."""
    exchange = RunningExchange(directory, "--speed", str(speed), "--seed", str(seed))
    try:
        with LiveBot(directory, exchange, **variables) as bot:
            yield exchange, bot
    finally:
        exchange.stop()


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> int:
    """Until it holds; monotonic nanoseconds at which it was first seen to. Fails when it does not come to that."""
    pause, deadline = threading.Event(), time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if condition():
            return time.monotonic_ns()
        pause.wait(LOOK_EVERY_S)
    raise AssertionError(f"within {patience_s} s it did not come to this: {what}")


def entries_received(requests: list[Request], since_ns: int) -> list[Request]:
    """Creations of entries that reached the exchange after this monotonic time: an entry names an order group."""
    return [
        request
        for request in requests
        if request.get("operation") in ("create", "batch_create")
        and request["received"]["monotonic_ns"] > since_ns
        and any(order.get("order_group_id") for order in request["asked"])
    ]
