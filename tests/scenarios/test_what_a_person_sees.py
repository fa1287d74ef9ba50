"""status, why and restarts of a running bot are true: they agree with each other and with the lines it printed."""

import threading

import pytest

from edgelock.ops.control_client import ask
from tests.scenarios.running_bot import RunningBot

AGREEMENTS = 60
"""Answers about one side that must have been compared."""
ROUNDS_MAX = 200


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    directory = tmp_path_factory.mktemp("seen")
    with RunningBot(directory, "--duration", "600", "--crash-market", "any@6") as bot:
        bot.wait_for("FILL")
        bot.wait_for("actor_restart")
        yield bot


def asked(bot: RunningBot, command: str, **fields: str):
    return ask(bot.directory / "state", command, **fields)


def markets_of(status) -> dict[str, dict]:
    return {market["ticker"]: market for market in status["markets"]}


def parts_of(answer) -> dict[str, dict]:
    return {part["part"]: part for part in answer["parts"]}


def holds_of(part) -> set[tuple[str, str]]:
    return {(check["where"], check["name"]) for check in part["checks"] if check["is_holding"]}


def steady_answers(bot: RunningBot):
    """(row, answer) of markets whose row was the same before and after the answer was given."""
    for _ in range(ROUNDS_MAX):
        before = markets_of(asked(bot, "status"))
        answers = {ticker: asked(bot, "why", ticker=ticker) for ticker in before}
        after = markets_of(asked(bot, "status"))
        for ticker, row in before.items():
            if _settled(row) == _settled(after[ticker]):
                yield row, answers[ticker]


def _settled(row: dict) -> tuple[object, ...]:
    return row["state"], row["net"], str(row["quotes"]), row["permit"], row["actor"]


def test_why_says_of_each_side_what_status_shows(bot):
    quoted = compared = 0
    for row, answer in steady_answers(bot):
        is_flat = row["state"] == "FLAT"
        parts = parts_of(answer)
        assert answer["state"] == row["state"]
        for side in ("bid", "ask"):
            part = parts[side]
            rests = [quote for quote in row["quotes"] if quote["side"] == side and quote["kind"] == "quote"]
            assert (("market", "position") in holds_of(part)) is not is_flat
            assert part["may_trade"] is not bool(holds_of(part))
            if part["answer"].startswith("quoting"):
                (quote,) = rests
                assert f"{quote['price']} x {quote['qty']}" in part["answer"]
                quoted += 1
            elif not rests:
                assert part["answer"].startswith(("no quote: ", "may quote: "))
            compared += 1
        for quote in row["quotes"]:
            if quote["kind"] != "quote":
                assert f"{quote['kind']} {quote['price']} x {quote['qty']}" in parts["exits"]["answer"]
        if compared >= AGREEMENTS and quoted:
            return
    pytest.fail(f"only {compared} answers could be compared, {quoted} of them about a quote")


def test_what_status_shows_of_a_market_was_printed(bot):
    for row in asked(bot, "status")["markets"]:
        told = {(line["state"], f"{line['net']:.2f}") for line in bot.lines if line.get("market") == row["ticker"]
                and "net" in line and "state" in line}  # fmt: skip
        assert (row["state"], row["net"]) in told | {("FLAT", "0.00")}


def test_the_restart_log_has_what_was_printed_of_each_death_and_return(bot):
    crash, back = bot.wait_for("actor_crash"), bot.wait_for("actor_restart")

    lives = asked(bot, "restarts", name=crash["market"])["lives"]

    returned, died = lives[:2]
    assert (died["event"], died["incarnation"], died["traceback"]) == ("crash", 1, crash["traceback"])
    assert crash["message"] in died["detail"]
    assert (returned["event"], returned["incarnation"]) == ("restart", back["incarnation"])
    assert returned["took_ms"] == int(back["down_s"] * 1000)
    assert f"net {back['recovered_net']:.2f}" in returned["detail"]
    assert {died["run"], returned["run"]} == {crash["run"]}
    (actor,) = [each for each in asked(bot, "status")["actors"] if each["name"] == crash["actor"]]
    assert (actor["restarts"], actor["incarnation"]) == (1, 2)
    assert crash["error"].splitlines()[0] in actor["last_crash"]


def test_the_kill_switch_is_the_first_answer_for_every_side_and_no_exit(bot):
    asked(bot, "kill")
    for ticker in markets_of(asked(bot, "status")):
        parts = parts_of(asked(bot, "why", ticker=ticker))
        for side in ("bid", "ask"):
            assert parts[side]["answer"].startswith("no quote: kill on")
            (kill,) = [check for check in parts[side]["checks"] if check["name"] == "kill"]
            assert (kill["is_holding"], kill["allowed"]) == (True, "off")
            assert kill["since"] is not None
        assert not {name for where, name in holds_of(parts["exits"]) if where == "risk"}
    assert asked(bot, "resume") == {"kill": False}


def test_every_gate_of_a_side_says_since_when(bot):
    (ticker, *_) = markets_of(asked(bot, "status"))
    pause = threading.Event()
    for _ in range(ROUNDS_MAX):
        checks = parts_of(asked(bot, "why", ticker=ticker))["bid"]["checks"]
        undated = {(check["where"], check["name"]) for check in checks if check["where"] == "market"
                   and check["since"] is None}  # fmt: skip
        if not undated:
            return
        pause.wait(0.1)
    pytest.fail(f"not dated: {undated}")


@pytest.mark.parametrize("words", [("status",), ("status", "--all"), ("why", "{ticker}"), ("restarts",)])
def test_what_a_terminal_shows_fits_eighty_columns(bot, words):
    ticker = asked(bot, "status")["markets"][0]["ticker"]

    done = bot.command(*(word.format(ticker=ticker) for word in words))

    assert done.returncode == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    if words == ("status",):
        assert len(done.stdout.splitlines()) <= 24
