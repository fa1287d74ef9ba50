"""The program as a person runs it: in its own process, on its embedded exchange, judged by what it prints."""

import json
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.running_bot import PATIENCE_S, RunningBot, children_of, entries

GATES = {"NHL": (0.48, 0.65)}
AT_ONCE_S = 5
"""What a person is promised for Ctrl-C."""


def finished(directory: Path, *options: str, **variables: str) -> Iterator[RunningBot]:
    with RunningBot(directory, *options, **variables) as bot:
        assert bot.end() == 0, bot.raw[-3:]
        yield bot


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """Ten seconds of the default are ten minutes of an evening."""
    yield from finished(tmp_path_factory.mktemp("paper"), "--duration", "10")


@pytest.fixture(scope="module")
def shadow(tmp_path_factory):
    directory = tmp_path_factory.mktemp("shadow")
    requests = str(directory / "requests.jsonl")
    yield from finished(directory, "--duration", "6", "--exchange-log", requests, SHADOW_MODE="true")


@pytest.fixture(scope="module")
def legacy(tmp_path_factory):
    directory = tmp_path_factory.mktemp("legacy")
    yield from finished(directory, "--duration", "5", USE_LEGACY_LOGIC="true", MAX_MARKETS_TO_TRADE="1")


# --- a run that ends by itself ----------------------------------------------------------------------------------


def test_every_line_is_one_json_object_with_a_string_action_and_no_blanks(paper):
    for text in paper.raw:
        line = json.loads(text)
        assert isinstance(line, dict)
        assert isinstance(line["action"], str)
        assert '"action":"' in text


def test_the_lines_are_numbered_without_a_gap(paper):
    assert [line["seq"] for line in paper.lines] == list(range(1, len(paper.raw) + 1))
    assert len({line["run"] for line in paper.lines}) == 1


def test_the_file_holds_what_was_printed(paper):
    assert paper.log.read_text() == "".join(paper.raw)


def test_it_trades_and_enters_only_inside_its_gates(paper):
    placed = entries(paper.lines)
    low, high = GATES["NHL"]

    assert placed
    assert all(line["price"] <= low if line["side"] == "bid" else line["price"] >= high for line in placed)
    assert all(line["state"] == "FLAT" for line in placed)
    assert all(fill["in_zone"] for fill in paper.of("FILL"))
    assert paper.of("FILL")


def test_every_market_says_what_it_trades_with_before_its_first_order(paper):
    checked = [line["market"] for line in paper.of("startup_check")]

    assert len(checked) == len(set(checked)) == 8
    assert {line["market"] for line in paper.of("quote_place")} <= set(checked)
    assert all("TP Offset: 7¢" in line["message"] for line in paper.of("startup_check"))


def test_it_ends_with_nothing_open(paper):
    begin, done = paper.of("shutdown_begin", "shutdown_done")

    assert (begin["who"], done["open_orders"], done["exit_code"]) == ("duration", 0, 0)
    assert not paper.of("actor_crash")


def test_the_audit_finds_nothing(paper):
    audit = paper.command("audit", str(paper.log))

    assert audit.returncode == 0, audit.stdout[-2000:]


# --- modes ------------------------------------------------------------------------------------------------------


def test_a_shadow_sends_no_order_to_the_exchange(shadow):
    requests = [json.loads(text) for text in (shadow.directory / "requests.jsonl").read_text().splitlines()]

    assert any(request["method"] == "GET" for request in requests)
    assert [request for request in requests if request["method"] not in ("GET", "WS")] == []
    assert not shadow.of("quote_place", "FILL")


def test_a_shadow_says_what_it_would_quote_and_whether_that_would_cross(shadow):
    quotes = shadow.of("shadow_quote")

    assert quotes
    assert all(isinstance(quote["would_cross"], bool) for quote in quotes)
    assert all(isinstance(quote["cancels_30_projected"], int) for quote in quotes)


def test_one_market_to_trade_is_one_market(legacy):
    assert len({line["market"] for line in legacy.lines if "market" in line}) == 1


def test_legacy_logic_quotes_both_sides(legacy):
    assert {line["side"] for line in entries(legacy.lines)} == {"bid", "ask"}


def test_a_bot_told_to_quote_nothing_new_places_no_entry(tmp_path):
    for bot in finished(tmp_path, "--duration", "4", DISABLE_NEW_QUOTES="true"):
        assert [line["who"] for line in bot.of("kill_on")] == ["setting"]
        assert bot.of("book_snapshot")
        assert entries(bot.lines) == []


# --- talking to it ----------------------------------------------------------------------------------------------


def test_a_second_terminal_kills_resumes_and_restarts_and_ctrl_c_ends_it(tmp_path):
    with RunningBot(tmp_path) as bot:
        bot.wait_for("quote_place", lambda line: line["role"] == "entry")

        killed = bot.command("kill")
        assert killed.returncode == 0, killed.stderr
        on = bot.wait_for("kill_on")
        assert on["who"] == "command"

        ticker = bot.wait_for("market_add")["market"]
        assert bot.command("restart", ticker).returncode == 0
        restart = bot.wait_for("actor_restart", lambda line: line["market"] == ticker)
        assert restart["incarnation"] == 2

        assert bot.command("resume").returncode == 0
        off = bot.wait_for("kill_off")
        bot.wait_for("quote_place", lambda line: line["role"] == "entry" and line["seq"] > off["seq"])

        bot.process.send_signal(signal.SIGINT)
        assert bot.end(AT_ONCE_S) == 0
        done = bot.of("shutdown_done")[-1]
        lines = bot.lines

    killed_for_long = [line for line in entries(lines) if restart["seq"] < line["seq"] < off["seq"]]
    assert killed_for_long == []
    assert (done["open_orders"], done["exit_code"]) == (0, 0)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_a_market_that_crashes_comes_back_with_what_it_held(tmp_path, paper):
    ticker = paper.of("FILL")[0]["market"]  # the same seed is the same evening
    for bot in finished(tmp_path, "--duration", "8", "--crash-market", f"{ticker}@4"):
        lines = bot.lines

    (crash,) = (line for line in lines if line["action"] == "actor_crash")
    (restart,) = (line for line in lines if line["action"] == "actor_restart")
    before = [line for line in lines if line.get("market") == ticker and "net" in line and line["seq"] < crash["seq"]]
    assert (crash["market"], restart["market"], restart["incarnation"]) == (ticker, ticker, 2)
    assert "CrashedOnPurpose" in crash["error"]
    assert restart["recovered_net"] == before[-1]["net"]
    assert restart["recovered_vwap"] == before[-1]["vwap"]


def test_a_bot_killed_with_sigkill_leaves_no_exchange_behind(tmp_path):
    with RunningBot(tmp_path) as bot:
        bot.wait_for("book_snapshot")
        (exchange,) = children_of(bot.process.pid)
        handle = os.pidfd_open(exchange)
        bot.process.send_signal(signal.SIGKILL)

        poll = select.poll()
        poll.register(handle, select.POLLIN)
        ended = poll.poll(PATIENCE_S * 1000)
        os.close(handle)

    assert ended, "the exchange outlived the bot"
