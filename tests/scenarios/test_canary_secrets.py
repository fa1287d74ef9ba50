"""Canary secrets in every place that holds one, a live bot under every kind of fault, and not a byte of them outside.

Read are all files that the bot and its exchange wrote, both streams, and what the control socket answered.
"""

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.scenarios.running_bot import PATIENCE_S, PROJECT, environment

KEY_ID = "0ddba11e-ca4a-4a4a-8a4a-ca4a7ca4a7ca"
WEBHOOK = "https://discord.com/api/webhooks/8675309867530/the-canary-sings-in-the-webhook"
PEM = (
    generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
SIGNATURE = re.compile(rb"[A-Za-z0-9+/]{86,}")
"""RSA and Ed25519 signatures in base64, of any key."""

FAULTS = """
seed: 11
faults:
  - {on: create, do: drop_after, probability: 0.08}
  - {on: create, do: status, status: 401, code: authentication_error, probability: 0.05}
  - {on: writes, do: status, status: 503, probability: 0.05}
  - {on: writes, do: malformed, how: html, probability: 0.05}
  - {on: writes, do: other_order, probability: 0.03}
  - {on: [cancel, amend], do: reset_before, probability: 0.1}
  - {on: writes, do: hang, hang_s: 2, probability: 0.02}
  - {on: reads, do: status, status: 403, code: forbidden, at_s: 3, probability: 0.1, clock: real}
  - {on: reads, do: missing_field, field: any, at_s: 3, probability: 0.1, clock: real}
  - {on: reads, do: drop_before, at_s: 3, probability: 0.1, clock: real}
  - {on: connect, do: status, status: 401, at_s: 3, probability: 0.5, clock: real}
  - {on: socket, do: garble, at_s: 3, probability: 0.01, clock: real}
  - {on: public, do: disconnect_reset, at_s: 5, for_s: 1, count: 1, clock: real}
  - {on: private, do: disconnect, at_s: 6, every_s: 3, clock: real}
  - {on: clock, do: skew, skew_s: 40, at_s: 8, for_s: 2, clock: real}
"""


@dataclass
class Stage:
    """A folder in which everything happens. `inputs` are the files in it that hold the secrets on purpose."""

    directory: Path
    canaries: list[str]
    inputs: set[Path] = field(default_factory=set)

    def run(self, command: list[str], name: str, **variables: str) -> "subprocess.Popen[bytes]":
        """A process whose streams are files of this folder."""
        streams = {stream: (self.directory / f"{name}.{stream}").open("wb") for stream in ("stdout", "stderr")}
        env = environment(self.directory, PYTHONPATH=str(PROJECT), **variables)
        try:
            return subprocess.Popen(command, cwd=self.directory, env=env, stdin=subprocess.DEVNULL, **streams)
        finally:
            for stream in streams.values():
                stream.close()

    def secret_file(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o600)
        self.inputs.add(path)
        return path

    def written(self) -> Iterator[Path]:
        for path in sorted(self.directory.rglob("*")):
            if path.is_file() and path not in self.inputs:
                yield path

    def leaks(self) -> list[str]:
        """Where a canary, or anything shaped like a signature, is to be read."""
        found = []
        for path in self.written():
            content = path.read_bytes()
            found += [f"{path.name}: {canary[:12]}…" for canary in self.canaries if canary.encode() in content]
            found += [f"{path.name}: {shape[:12]!r}…" for shape in SIGNATURE.findall(content)]
        return found


def parts_of(pem: str, *more: str) -> list[str]:
    """Everything of a key that must not be seen: its lines, and the beginning and end of each."""
    lines = [line for line in pem.splitlines() if not line.startswith("-----")]
    return [part for line in lines if len(line) == 64 for part in (line[:24], line[-24:])] + list(more)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    shutil.copy(PROJECT / "settings.yaml", tmp_path)
    (tmp_path / "faults.yaml").write_text(FAULTS)
    return Stage(tmp_path, parts_of(PEM, KEY_ID, "canary-sings", "8675309867530"))


def wait_for_quotes(stage: Stage, bot: "subprocess.Popen[bytes]") -> None:
    """Until the bot quotes, or has ended."""
    pause, log = threading.Event(), stage.directory / "run.jsonl"
    while bot.poll() is None and not (log.exists() and b'"action":"quote_place"' in log.read_bytes()):
        pause.wait(0.1)


def let_it_fail(rest_url: str) -> None:
    """From now on the exchange that runs there fails."""
    url = f"{rest_url.removesuffix('/trade-api/v2')}/embedded/faults"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.open(urllib.request.Request(url, data=FAULTS.encode(), method="POST"), timeout=PATIENCE_S).close()


def converse(stage: Stage, bot: "subprocess.Popen[bytes]") -> int:
    """Ask the running bot for everything that it answers; its exit code."""
    program = [sys.executable, str(PROJECT / "run.py")]
    words = [["status"], ["status", "--json"], ["kill"], ["resume"], ["restart", "nobody"], ["check"]]
    for number, command in enumerate(words):
        stage.run([*program, *command], f"asked-{number}").wait(PATIENCE_S)
    return bot.wait(PATIENCE_S)


def actions(stage: Stage) -> set[str]:
    return {json.loads(line)["action"] for line in (stage.directory / "run.jsonl").read_text().splitlines()}


def test_a_live_bot_on_the_failing_embedded_exchange_shows_no_secret_of_its_owner(stage: Stage):
    stage.secret_file(".env", f'DISCORD_WEBHOOK_URL="{WEBHOOK}"\nKALSHI_API_KEY_ID={KEY_ID}\n')
    options = ["--speed", "60", "--duration", "12", "--log", "run.jsonl", "--faults", "faults.yaml"]
    options += ["--exchange-log", "requests.jsonl", "--crash-market", "any@7", "--no-live-view"]

    key = PEM.replace("\n", "\\n")
    command = [sys.executable, str(PROJECT / "run.py"), *options]
    bot = stage.run(command, "bot", LIVE_TRADING_ENABLED="true", KALSHI_PRIVATE_KEY=key)
    wait_for_quotes(stage, bot)
    converse(stage, bot)

    assert stage.leaks() == []
    assert {"order_unknown", "actor_crash", "ws_disconnect", "shutdown_done"} <= actions(stage)


def test_a_live_bot_shows_nothing_of_the_key_that_it_signs_with_at_a_failing_venue(stage: Stage):
    exchange = stage.run(
        [sys.executable, "-m", "edgelock.exchange", "--request-log", "requests.jsonl",
         "--duration", "60"],
        "exchange",
    )  # fmt: skip
    try:
        ready = wait_for_ready(stage, exchange)
        stage.inputs.add(stage.directory / "exchange.stdout")  # the exchange hands out its key there, once
        stage.canaries += parts_of(ready["private_key_pem"], ready["api_key_id"])
        key = stage.secret_file("key.pem", ready["private_key_pem"])
        secrets = {
            "KALSHI_API_KEY_ID": ready["api_key_id"],
            "KALSHI_PRIVATE_KEY_PATH": str(key),
            "DISCORD_WEBHOOK_URL": WEBHOOK,
        }
        command = [sys.executable, "-m", "tests.scenarios.bot_at_a_stand_in", ready["rest_url"], ready["ws_url"]]
        options = ["--log", "run.jsonl", "--duration", "8", "--no-live-view"]
        live = {"KALSHI_ENV": "prod", "LIVE_TRADING_ENABLED": "true"}

        bot = stage.run([*command, *options], "bot", **live, **secrets)
        wait_for_quotes(stage, bot)
        let_it_fail(ready["rest_url"])
        converse(stage, bot)
        stage.run([*command, "check"], "check", **live, **secrets).wait(PATIENCE_S)
    finally:
        exchange.terminate()
        exchange.wait(PATIENCE_S)

    assert stage.leaks() == []
    assert {"quote_place", "ws_disconnect", "shutdown_done"} <= actions(stage)


def wait_for_ready(stage: Stage, exchange: "subprocess.Popen[bytes]") -> dict[str, str]:
    """What the exchange says of itself once it can be traded on."""
    pause, said = threading.Event(), stage.directory / "exchange.stdout"
    while exchange.poll() is None and not said.read_bytes().endswith(b"\n"):
        pause.wait(0.1)
    ready: dict[str, str] = json.loads(said.read_bytes().splitlines()[0])
    return ready


def test_the_search_finds_a_secret_where_there_is_one(stage: Stage):
    (stage.directory / "a.log").write_text(f"key {KEY_ID}")
    (stage.directory / "b.log").write_text("signature " + "Ab3/" * 22)
    (stage.directory / "c.log").write_text(PEM)

    assert {leak.split(":")[0] for leak in stage.leaks()} == {"a.log", "b.log", "c.log"}
