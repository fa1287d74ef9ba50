"""The process: its ready line, its end, and its complaints."""

import asyncio
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgelock.exchange.service import exchange
from tests.exchange.signing_client import WAIT_S, SigningClient

LINE_MAX = 1 << 20


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Any]]:
    """A running exchange process and its ready line. Its standard input is a pipe of ours."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edgelock.exchange",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_MAX,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), WAIT_S)
        assert line, (await process.stderr.read()).decode()
        yield process, json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        # Draining both pipes to their ends closes them before the loop goes.
        await process.communicate()


async def refused(*arguments: str) -> tuple[int | None, str]:
    """Exit code and standard error of a process that cannot start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edgelock.exchange",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert out == b""
    return process.returncode, errors.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_a_ledger_and_without_its_key_folder(number: int, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"

    async def scenario() -> None:
        async with started("--ledger", str(ledger), "--scenario", "quiet", "--key-type", "ed25519") as (process, ready):
            key_path = Path(ready["private_key_path"])
            assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
            assert key_path.read_text() == ready["private_key_pem"]
            assert ready["markets"]
            origin = ready["rest_url"].removesuffix("/trade-api/v2")
            async with SigningClient(origin, ready["api_key_id"], ready["private_key_pem"]) as client:
                clock = await client.embedded("clock")
                assert {name: clock[name] for name in ready["clock"]} == ready["clock"]
                await client.place(ready["markets"][0], "bid", "0.0100", "3", client_order_id="left-open")
            process.send_signal(number)
            assert await asyncio.wait_for(process.wait(), WAIT_S) == 0
            assert not key_path.parent.exists()

    asyncio.run(scenario())
    (account,) = json.loads(ledger.read_text())["accounts"]
    assert [order["client_order_id"] for order in account["open_orders"]] == ["left-open"]


def test_it_ends_with_its_parent() -> None:
    async def scenario() -> None:
        async with started("--exit-with-parent", "--key-type", "ed25519") as (process, _):
            assert process.stdin is not None
            process.stdin.close()
            assert await asyncio.wait_for(process.wait(), WAIT_S) == 0

    asyncio.run(scenario())


def test_without_that_option_the_end_of_standard_input_means_nothing() -> None:
    async def scenario() -> None:
        async with started("--key-type", "ed25519") as (process, ready):
            assert process.stdin is not None
            process.stdin.close()
            origin = ready["rest_url"].removesuffix("/trade-api/v2")
            async with SigningClient(origin, ready["api_key_id"], ready["private_key_pem"]) as client:
                assert (await client.get("/exchange/status"))["trading_active"] is True

    asyncio.run(scenario())


def test_it_ends_by_itself_after_its_duration() -> None:
    async def scenario() -> None:
        async with started("--duration", "0.2", "--key-type", "ed25519") as (process, _):
            assert await asyncio.wait_for(process.wait(), WAIT_S) == 0

    asyncio.run(scenario())


def test_a_chosen_key_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("an old one, readable by all")
    os.chmod(path, 0o644)

    async def scenario() -> None:
        async with started("--key-file", str(path), "--key-type", "rsa", "--duration", "0.1") as (process, ready):
            assert ready["private_key_path"] == str(path)
            assert await asyncio.wait_for(process.wait(), WAIT_S) == 0

    asyncio.run(scenario())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, errors = asyncio.run(refused("--port", str(port), "--key-type", "ed25519"))
    assert code == 2
    assert errors.startswith(f"edgelock exchange: cannot listen on 127.0.0.1 port {port}: Address already in use")
    assert errors.count("\n") == 1


def test_a_recording_that_is_no_recording_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text("this is not JSON\n")
    for recording in (path, tmp_path / "missing.jsonl.gz"):
        code, errors = asyncio.run(refused("--recording", str(recording)))
        assert code == 2
        assert errors.startswith(f"edgelock exchange: recording {recording}: ")
        assert errors.count("\n") == 1


def test_an_unknown_scenario_is_told_the_allowed_ones() -> None:
    code, errors = asyncio.run(refused("--scenario", "cricket"))
    assert code == 2
    assert "cricket" in errors
    assert "nhl" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--speed", "0"], "--speed"),
        (["--speed", "fast"], "--speed"),
        (["--port", "70000"], "--port"),
        (["--balance", "-5"], "0 or more dollars"),
        (["--balance", "1.00005"], "at most four decimals"),
        (["--balance", "lots"], "--balance"),
        (["--key-type", "dsa"], "--key-type"),
        (["--tier", "gold"], "--tier"),
        (["--read-lag-ms", "-1"], "--read-lag-ms"),
        (["--shard", "KXNHLGAME"], "must look like KXNHLGAME=3"),
        (["--shard-cash", "three=500"], "three is not the number of a shard"),
        (["--seed", "-1"], "--seed"),
        (["--host", "0.0.0.0"], "not a loopback address"),
        (["--duration", "0"], "--duration"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_bad_option_names_itself_and_ends_with_code_2(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(exchange, arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_the_help_names_every_option() -> None:
    text = CliRunner().invoke(exchange, ["--help"]).output
    for option in exchange.params:
        assert option.opts[0] in text
