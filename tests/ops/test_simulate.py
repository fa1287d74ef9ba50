"""The command `simulate`: its mistakes are one line, and whatever happens no process of it stays behind."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgelock.ops import simulated_run
from edgelock.ops.simulated_run import SimulatedRun, SimulationFailed, SimulationStopped, simulate
from tests.scenarios.running_bot import PATIENCE_S, PROJECT, environment


def command(*words: str) -> list[str]:
    return [sys.executable, "run.py", "simulate", *words]


def called(directory: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*words),
        cwd=PROJECT,
        env=environment(directory, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def processes_of(directory: Path) -> list[int]:
    """Processes whose command line names this folder: every one of a simulation does."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # it ended while we looked
        if os.fsencode(directory) in words and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


def a_run(directory: Path, **changes: int) -> SimulatedRun:
    return SimulatedRun(
        **{"seed": 1, "minutes": 1, "speed": 60, "markets": 2, "is_killed": False, **changes},
        directory=directory / "seed-1",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seeds", "0"), "Invalid value for '--seeds': 0 is not in the range"),
        (("--minutes", "many"), "Invalid value for '--minutes': 'many' is not a valid integer"),
        (("--speed", "100000"), "Invalid value for '--speed': 100000 is not in the range"),
        (("--unknown",), "No such option"),
        (("surplus",), "Got unexpected extra argument (surplus)"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(words: tuple[str, ...], said: str, tmp_path: Path):
    result = called(tmp_path, *words)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"edgelock: {said}")
    assert result.stderr.count("\n") == 1


def test_a_folder_that_holds_a_run_already_is_left_as_it_is(tmp_path: Path):
    (tmp_path / "seed-1").mkdir()
    (tmp_path / "seed-1" / "ledger.json").write_text("{}")

    result = called(tmp_path, "--seeds", "1", "--out", str(tmp_path))

    assert result.returncode == 2
    assert result.stderr == f"edgelock: {tmp_path}/seed-1 holds a run already; choose another --out DIR\n"
    assert [path.name for path in (tmp_path / "seed-1").iterdir()] == ["ledger.json"]


def test_a_folder_that_cannot_be_made_is_one_line_and_exit_code_2(tmp_path: Path):
    (tmp_path / "file").write_text("")

    result = called(tmp_path, "--seeds", "1", "--out", str(tmp_path / "file" / "below"))

    assert result.returncode == 2
    assert result.stderr.endswith("seed-1: Not a directory\n")
    assert result.stderr.count("\n") == 1


def test_a_bot_that_does_not_start_is_one_line_with_its_own_words_and_leaves_nothing(tmp_path: Path):
    out = tmp_path / "out"

    result = called(tmp_path, "--seeds", "2", "--minutes", "1", "--out", str(out), EDGELOCK_LIVE__MAX_IN_FLIGHT="1")

    assert result.returncode == 2
    assert result.stderr.startswith("edgelock: seed 1: the bot did not start: edgelock: ")
    assert "EDGELOCK_LIVE__MAX_IN_FLIGHT" in result.stderr
    assert result.stderr.count("\n") == 1
    assert processes_of(out) == []


def test_an_exchange_that_does_not_start_is_told_with_its_own_words_and_leaves_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(simulated_run, "mixed_faults", lambda seed, **_: {"seed": seed, "faults": "none"})

    with pytest.raises(SimulationFailed, match=r"seed 1: the exchange did not start: .*faults must be a list"):
        simulate(a_run(tmp_path), threading.Event())

    assert processes_of(tmp_path) == []


def test_a_run_that_is_stopped_while_it_plays_leaves_nothing(tmp_path: Path):
    stop, ended = threading.Event(), threading.Event()
    raised: list[Exception] = []

    def play() -> None:
        try:
            simulate(a_run(tmp_path, minutes=200), stop)
        except SimulationStopped as error:
            raised.append(error)
        ended.set()

    thread = threading.Thread(target=play)
    thread.start()
    pause = threading.Event()
    while not (tmp_path / "seed-1" / "run.jsonl").is_file() and thread.is_alive():
        pause.wait(0.05)
    stop.set()

    assert ended.wait(PATIENCE_S)
    thread.join()
    assert len(raised) == 1
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_ends_whatever_it_started(number: signal.Signals, tmp_path: Path):
    out = tmp_path / "out"
    with subprocess.Popen(
        command("--seeds", "3", "--minutes", "200", "--out", str(out)),
        cwd=PROJECT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        pause = threading.Event()
        while not (out / "seed-1" / "run.jsonl").is_file() and process.poll() is None:
            pause.wait(0.05)
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, told.strip()) == (130, "edgelock: interrupted")
    assert processes_of(out) == []
    assert not (out / "seed-2").exists()


@pytest.mark.parametrize(
    ("seed", "is_killed"),
    [
        pytest.param(1, False, id="orderly end"),
        pytest.param(12, True, id="SIGKILL", marks=pytest.mark.campaign),
    ],
)
def test_every_promise_is_kept_in_a_short_run(seed: int, is_killed: bool, tmp_path: Path):
    run = a_run(tmp_path, seed=seed, minutes=10, speed=60, markets=8, is_killed=is_killed)

    result = simulate(run, threading.Event())

    assert result.report.breaches == []
    assert result.orders > 0
    assert result.strikes > 0
    assert processes_of(tmp_path) == []
