"""Nothing in a paper or shadow process can sign an order; the same search finds what can in a live one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.running_bot import PATIENCE_S, PROJECT, environment


def found_in(directory: Path, **variables: str) -> dict[str, Any]:
    """What the search found in a process of this mode while it quoted."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.scenarios.who_can_sign", str(directory)],
        cwd=PROJECT,
        env=environment(directory, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith('{"signers"')]
    assert lines, ended.stdout[-2000:] + ended.stderr[-2000:]
    found: dict[str, Any] = json.loads(lines[0])
    return found


@pytest.mark.parametrize(
    "variables",
    [{}, {"SHADOW_MODE": "true"}, {"SHADOW_MODE": "true", "LIVE_TRADING_ENABLED": "true"}],
    ids=["paper", "shadow", "shadow over live"],
)
def test_nothing_in_a_process_that_must_not_trade_can_sign_an_order(variables: dict[str, str], tmp_path: Path):
    found = found_in(tmp_path, **variables)

    assert found["signers"] == []
    assert found["readers"] > 0


def test_the_search_finds_the_signer_of_a_live_process(tmp_path: Path):
    found = found_in(tmp_path, LIVE_TRADING_ENABLED="true")

    assert {"TradingRest", "Credentials signed POST", "Credentials signed DELETE"} <= set(found["signers"])
