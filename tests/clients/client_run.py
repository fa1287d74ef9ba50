"""Runs somebody else's client, in an interpreter that has it, against `python run.py exchange`.

The interpreter is the one named by EDGELOCK_CLIENT_PYTHON, else the one that runs the tests. Where the client is not
installed in it, or in another version, the tests are skipped and say so.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "EDGELOCK_CLIENT_PYTHON"
PROJECT = Path(__file__).parents[2]
SCRIPT_LASTS_AT_MOST_S = 120
_SAY_VERSION = "import importlib.metadata, sys; sys.stdout.write(importlib.metadata.version(sys.argv[1]))"
# Clients must reach this machine directly, and must not find a real account's key in the environment.
_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "NO_PROXY": "*"}


def interpreter_with(package: str, version: str) -> str:
    """An interpreter that has this package in a version that starts so; skips the caller's test when there is none."""
    python = os.environ.get(VARIABLE) or sys.executable
    asked = subprocess.run([python, "-c", _SAY_VERSION, package], capture_output=True, text=True, env=_ENVIRONMENT)
    found = asked.stdout if asked.returncode == 0 else "none"
    if not found.startswith(version):
        pytest.skip(f"{package} {version} is needed (found: {found}); name an interpreter that has it in {VARIABLE}")
    return python


@contextmanager
def running_exchange(*options: str) -> Iterator[dict[str, Any]]:
    """`python run.py exchange` with these options; its ready line."""
    command = [sys.executable, "run.py", "exchange", "--exit-with-parent", *options]
    process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(SCRIPT_LASTS_AT_MOST_S)
        process.stdout.close()


def told_by(python: str, script: str, ready: dict[str, Any]) -> Any:
    """What a script of this folder printed about the exchange."""
    done = subprocess.run(
        [python, str(Path(__file__).with_name(script)), json.dumps(ready)],
        capture_output=True,
        text=True,
        timeout=SCRIPT_LASTS_AT_MOST_S,
        env=_ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
