"""The program as a process, asked to go live on prod when it must not: one line, exit code 2, nothing started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.ops.stand_in_venue import KEY_ID, StandInVenue
from tests.scenarios.running_bot import PATIENCE_S, PROJECT, environment

PEM = generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
LIVE_ON_PROD = {"KALSHI_ENV": "prod", "LIVE_TRADING_ENABLED": "true"}


@pytest.fixture
def venue() -> Iterator[StandInVenue]:
    with StandInVenue() as stand_in:
        yield stand_in


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder of its own to start from, with a good key in it."""
    (tmp_path / "settings.yaml").write_text("")
    (tmp_path / "key.pem").write_bytes(PEM)
    (tmp_path / "key.pem").chmod(0o600)
    return tmp_path


def start(desk: Path, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    own = {"KALSHI_API_KEY_ID": KEY_ID, "KALSHI_PRIVATE_KEY_PATH": str(desk / "key.pem"), **variables}
    env = environment(desk, **{**LIVE_ON_PROD, **own}, PYTHONPATH=str(PROJECT))
    return subprocess.run(
        [sys.executable, *command], cwd=desk, env={name: text for name, text in env.items() if text},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def refusal(desk: Path, command: list[str], **variables: str) -> str:
    """The one line of a start that is refused."""
    ended = start(desk, command, **variables)
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    assert ended.stderr.startswith("edgelock: ")
    assert ended.stderr.count("\n") == 1
    assert not any(line in ended.stderr for line in PEM.decode().splitlines()[1:-1])
    assert KEY_ID not in ended.stderr
    assert not list(desk.rglob("*.jsonl"))
    return ended.stderr.removeprefix("edgelock: ").strip()


def the_program() -> list[str]:
    return [str(PROJECT / "run.py")]


def at(venue: StandInVenue, *options: str) -> list[str]:
    prod = venue.addresses["prod"]
    return ["-m", "tests.scenarios.bot_at_a_stand_in", prod.rest_url, prod.ws_url, *options]


def test_without_a_key(desk: Path):
    assert refusal(desk, the_program(), KALSHI_API_KEY_ID="", KALSHI_PRIVATE_KEY_PATH="") == (
        "venue prod needs KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH (or KALSHI_PRIVATE_KEY) in the environment or "
        ".env: it sends even market data only over a signed connection"
    )


def test_with_a_key_that_everybody_may_read(desk: Path):
    (desk / "key.pem").chmod(0o644)

    path = desk / "key.pem"
    assert refusal(desk, the_program()) == (f"key file {path} may be read by others (mode 0644); chmod 600 {path}")


def test_with_a_key_declared_for_demo(desk: Path):
    assert refusal(desk, the_program(), KALSHI_KEY_ENV="demo") == (
        "KALSHI_KEY_ENV says that this key belongs to demo, and the venue is prod; "
        "keys are not shared between demo and prod"
    )


def test_with_a_dotenv_that_everybody_may_read(desk: Path):
    (desk / ".env").write_text(f"KALSHI_PRIVATE_KEY={PEM.decode()!r}\n")
    (desk / ".env").chmod(0o644)

    assert refusal(desk, the_program(), KALSHI_PRIVATE_KEY_PATH="") == (
        ".env holds KALSHI_PRIVATE_KEY and may be read by others (mode 0644); chmod 600 .env"
    )


def test_with_a_demo_key_the_venue_does_not_know_it(desk: Path, venue: StandInVenue):
    venue.known_key = "a-key-of-prod"

    assert refusal(desk, at(venue)) == (
        "live trading on prod is refused: API key: the key 1111… is not known at prod; keys are not shared between "
        "demo and prod; use a key that was made at prod"
    )


def test_with_a_failing_check(desk: Path, venue: StandInVenue):
    venue.answers["/portfolio/balance"] = (200, {"balance_dollars": "0.0000"})

    assert refusal(desk, at(venue)) == (
        "live trading on prod is refused: balance: $0.00 available, 0 open positions; one contract costs up to $0.35; "
        "add cash to the account"
    )
    ended = start(desk, at(venue, "check"))
    assert ended.returncode == 1
    assert "FAIL     balance          $0.00 available" in ended.stdout
    assert ended.stdout.endswith("1 of 22 checks failed\n")
    assert {method for method, _ in venue.asked} == {"GET"}


def test_with_nobody_at_the_venues_address_it_ends_by_itself(desk: Path):
    with StandInVenue() as gone:
        command = at(gone)

    assert "live trading on prod is refused: network: venue not reachable: 127.0.0.1: " in refusal(desk, command)
    assert "network: venue not reachable" in refusal(desk, command, LIVE_TRADING_ENABLED="false")


def test_prod_without_the_second_opt_in_never_asks_for_anything_that_trades(desk: Path, venue: StandInVenue):
    venue.known_key = "a-key-of-prod"

    text = refusal(desk, at(venue), LIVE_TRADING_ENABLED="false")

    assert text.startswith("API key: the key 1111… is not known at prod")
    assert {method for method, _ in venue.asked} == {"GET"}
    assert os.listdir(desk / "state") == []
