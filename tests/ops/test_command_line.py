"""What a mistake at the keyboard looks like: one line, what is allowed, exit code 2, and no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgelock.ops import command_line
from edgelock.ops.command_line import main
from edgelock.ops.settings_environment import PREFIX, RUNBOOK_VARIABLES

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the shipped settings and none of our variables set."""
    for name in list(os.environ):
        if name in RUNBOOK_VARIABLES or name.startswith((PREFIX, "KALSHI_")):
            monkeypatch.delenv(name)
    (tmp_path / "settings.yaml").write_text((PROJECT / "settings.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *argv: str, exit_code: int = 2) -> str:
    """The one line on stderr after this command line."""
    assert main(argv) == exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("edgelock: ")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("edgelock: ").rstrip("\n")


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--sped", "3"], "No such option '--sped'. (Did you mean one of: '--append', '--seed', '--speed'?)"),
        (["--duration"], "Option '--duration' requires an argument."),
        (["statu"], "No such command 'statu'. (Did you mean one of: 'restart', 'restarts', 'status'?)"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["status", "extra"], "Got unexpected extra argument (extra)"),
        (["restart"], "Missing argument 'TICKER'."),
        (
            ["--duration", "0"],
            "Invalid value for '--duration': must be a number of seconds above 0 and at most 2678400",
        ),
        (["--duration", "nan"], "Invalid value for '--duration': must be a number of seconds above 0"),
        (["--duration", "9e9999999"], "Invalid value for '--duration': must be a number of seconds above 0"),
        (["--markets", "A,,B"], "Invalid value for '--markets': must be tickers with commas between, such as T1,T2"),
        (["--markets", "A,A"], "Invalid value for '--markets': names a ticker twice"),
        (["--crash-market", "A"], "Invalid value for '--crash-market': must be TICKER@SECONDS, such as "),
        (["--crash-market", "A@x"], "Invalid value for '--crash-market': must be a number of seconds above 0"),
        (["--speed", "0"], "command line --speed: embedded.speed is 0: must be a number between 0.1 and 10000"),
        (["--seed", "-1"], "command line --seed: embedded.seed is -1: must be a whole number between 0 and 4294967295"),
        (["--scenario", "moon"], "command line --scenario: embedded.scenario is 'moon': must be one of evening, "),
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such settings file; name one with --config FILE"),
        (["--recording", "nowhere.gz"], "command line --recording: nowhere.gz: no such recording"),
        (["--log", "nowhere/run.jsonl"], "nowhere/run.jsonl: there is no directory nowhere to write the log in"),
        (["--log", "settings.yaml"], "settings.yaml exists; continue it with --append or choose another --log FILE"),
        (["--log", "."], ".: the log must be a file, and this is a directory"),
        (["--speed", "3", "status"], "--speed before 'status': it belongs to trading; options of status come after"),
    ],
)
def test_a_wrong_command_line_is_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], line: str):
    assert told(capsys, *argv).startswith(line)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "MAX_MARKETS_TO_TRADE",
            "abc",
            "environment variable MAX_MARKETS_TO_TRADE: selection.max_markets_to_trade is 'abc': "
            "must be a whole number between 1 and 400 markets",
        ),
        ("LIVE_TRADING_ENABLED", "maybe", "environment variable LIVE_TRADING_ENABLED: trading.live_trading_enabled"),
        (
            "KALSHI_ENV",
            "demo",
            "venue demo needs KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH (or KALSHI_PRIVATE_KEY)",
        ),
    ],
)
def test_a_wrong_variable_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
):
    monkeypatch.setenv(name, value)

    assert told(capsys).startswith(line)


@pytest.mark.parametrize("command", ["status", "kill", "resume", "stop"])
def test_without_a_bot_its_commands_end_with_one(capsys: pytest.CaptureFixture[str], command: str):
    assert told(capsys, command, exit_code=1) == "no bot is running with the state directory state"


def test_settings_that_cannot_be_read_tell_how_to_reach_the_bot_without_them(capsys: pytest.CaptureFixture[str]):
    Path("settings.yaml").write_text("strategy: [")

    assert told(capsys, "kill").endswith("; --state DIR reaches the bot without the settings")
    assert told(capsys, "kill", "--state", "elsewhere", exit_code=1).endswith("state directory elsewhere")


def test_an_error_nobody_foresaw_is_one_line_and_its_details_are_in_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("with password=hunter2hunter2 in it")

    monkeypatch.setattr(command_line.program, "main", broken)
    Path("state").mkdir()

    assert told(capsys, exit_code=70) == "unexpected ZeroDivisionError; details are in state/last-crash.txt"
    report = Path("state/last-crash.txt")
    assert "in broken" in report.read_text()
    assert "hunter2" not in report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600


def test_ctrl_c_before_anything_runs_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line.program, "main", interrupted)

    assert told(capsys, exit_code=130) == "interrupted"


def test_help_lists_every_command_and_shows_examples(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0

    text = capsys.readouterr().out
    for word in ("audit", "check", "exchange", "kill", "restart", "resume", "status", "stop", "Examples:", "--speed"):
        assert word in text


@pytest.mark.parametrize("command", ["audit", "check", "exchange", "kill", "restart", "resume", "status", "stop"])
def test_every_command_has_help_of_its_own(capsys: pytest.CaptureFixture[str], command: str):
    assert main([command, "--help"]) == 0
    assert f"Usage: python run.py {command}" in capsys.readouterr().out


def test_the_program_itself_ends_like_that_too(desk: Path):
    ended = subprocess.run(
        [sys.executable, str(PROJECT / "run.py")],
        env={**os.environ, "MAX_MARKETS_TO_TRADE": "abc"},
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("edgelock: environment variable MAX_MARKETS_TO_TRADE: ")
    assert ended.stderr.count("\n") == 1


def test_a_reader_who_leaves_early_causes_no_traceback(desk: Path):
    ended = subprocess.run(
        ["bash", "-c", '"$0" "$1" --help | true; echo "${PIPESTATUS[0]}"', sys.executable, str(PROJECT / "run.py")],
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.stdout in ("0\n", "1\n")
    assert ended.stderr == ""
