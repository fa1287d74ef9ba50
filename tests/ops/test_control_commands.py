"""status, kill, resume, stop and restart against something that answers like a bot."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edgelock.ops.command_line import main
from edgelock.ops.control_server import ControlServer
from edgelock.ops.user_error import UserError
from tests.ops.test_status_text import a_status
from tests.ops.test_why_text import a_check, an_answer


class ObedientBot:
    """Remembers its orders; knows one market."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, object]] = []

    def answer(self, request: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append((request["command"], request.get("ticker")))
        if request["command"] in ("why", "restarts"):
            return self.about(str(request.get("ticker", request.get("name"))))
        if request.get("ticker", "T1") != "T1":
            raise UserError("no market 'T2' is traded; traded now: T1")
        return dict(a_status()) if request["command"] == "status" else {}

    def about(self, name: str) -> Mapping[str, object]:
        if name not in ("T1", ""):
            return {"unknown": name, "near": ["T1"] if name.startswith("T") else []}
        return {**an_answer(a_check("feed"), ticker="T1"), "run": "r1", "lives": []}


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[ObedientBot]:
    bot = ObedientBot()
    handlers = dict.fromkeys(("status", "why", "restarts", "kill", "resume", "stop", "restart"), bot.answer)
    with ControlServer(tmp_path, handlers, failed=lambda error: bot.asked.append(("failed", error))):
        yield bot


@pytest.mark.parametrize(
    ("argv", "asked", "text"),
    [
        (["kill"], ("kill", None), "kill switch on: no new entries"),
        (["resume"], ("resume", None), "kill switch off"),
        (["stop"], ("stop", None), "stopping: "),
        (["restart", "T1"], ("restart", "T1"), "restarting T1"),
    ],
)
def test_a_command_reaches_the_bot_and_says_what_it_did(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    bot: ObedientBot,
    argv: list[str],
    asked: tuple[str, str | None],
    text: str,
):
    assert main([argv[0], "--state", str(tmp_path), *argv[1:]]) == 0

    assert bot.asked == [asked]
    assert capsys.readouterr().out.startswith(text)


def test_a_refusal_of_the_bot_is_one_line_and_exit_code_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bot: ObedientBot
):
    assert main(["restart", "--state", str(tmp_path), "T2"]) == 1

    assert capsys.readouterr().err == "edgelock: no market 'T2' is traded; traded now: T1\n"


def test_status_is_a_table_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str], bot: ObedientBot):
    assert main(["status", "--state", str(tmp_path)]) == 0
    assert "paper on embedded" in capsys.readouterr().out

    assert main(["status", "--state", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == a_status()


def test_why_and_restarts_are_read_or_are_json(tmp_path: Path, capsys: pytest.CaptureFixture[str], bot: ObedientBot):
    state = ["--state", str(tmp_path)]

    assert main(["why", *state, "T1"]) == 0
    assert capsys.readouterr().out.startswith("T1   FLAT\nbid    quoting")
    assert main(["why", *state, "T1", "--brief"]) == 0
    assert "feed" not in capsys.readouterr().out
    assert main(["why", *state, "T1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ticker"] == "T1"
    assert main(["restarts", *state]) == 0
    assert capsys.readouterr().out == "nothing crashed, hung or came back\n"
    assert main(["restarts", *state, "T1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lives"] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("T2", "'T2' is not traded; near it: T1"), ("X", "'X' is not traded; nothing is near it")],
)
@pytest.mark.parametrize("command", ["why", "restarts"])
def test_a_ticker_that_is_not_traded_is_one_line_with_the_near_ones_and_exit_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bot: ObedientBot, command: str, name: str, text: str
):
    assert main([command, "--state", str(tmp_path), name]) == 2

    assert capsys.readouterr().err == f"edgelock: {text}\n"


def test_the_settings_say_which_bot_is_meant(tmp_path: Path, bot: ObedientBot):
    config = tmp_path / "settings.yaml"
    config.write_text(f"state: {{directory: {tmp_path}}}\n")

    assert main(["kill", "--config", str(config)]) == 0
    assert bot.asked == [("kill", None)]
