"""A live bot comes back to what it left: positions with their ages, and orders that nobody keeps any more."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelock.actors.journal import Journal
from edgelock.ops.ledger_evidence import Breach, Evidence, LedgerReport, Timeline, read_lines
from edgelock.ops.ledger_orders import check_orders
from tests.scenarios.live_bot import LiveBot, RunningExchange, wait_until
from tests.scenarios.running_bot import PATIENCE_S, Line

SPEED = 60
SECOND_NS = 1_000_000_000
HEARD_WITHIN_S = 1 * SPEED
"""An age ends when the bot hears of the fill, and its line has the time at which the exchange made it."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[RunningExchange]:
    running = RunningExchange(tmp_path, "--speed", str(SPEED), "--seed", "7")
    yield running
    running.stop()


def account_of(exchange: RunningExchange) -> dict[str, Any]:
    (account,) = ledger_of(exchange)["accounts"]
    return dict(account)


def ledger_of(exchange: RunningExchange) -> dict[str, Any]:
    with _DIRECT.open(f"{exchange.origin}/embedded/ledger", timeout=PATIENCE_S) as answer:
        return dict(json.load(answer))


def positions_of(exchange: RunningExchange) -> dict[str, str]:
    """Contracts by market, without those that hold none."""
    held = {each["ticker"]: each["position_fp"] for each in account_of(exchange)["positions"]}
    return {ticker: contracts for ticker, contracts in held.items() if float(contracts)}


def first_start(directory: Path, exchange: RunningExchange) -> LiveBot:
    (directory / "first").mkdir()
    return LiveBot(directory / "first", exchange, EDGELOCK_STATE__DIRECTORY=str(directory / "state"))


def second_start(directory: Path, exchange: RunningExchange) -> LiveBot:
    (directory / "second").mkdir()
    return LiveBot(directory / "second", exchange, EDGELOCK_STATE__DIRECTORY=str(directory / "state"))


def wait_for_a_protected_position(bot: LiveBot, exchange: RunningExchange) -> None:
    """Until a take-profit rests on the exchange. Not the first one: that may have filled before its answer came."""

    def rests() -> bool:
        take_profits = {line["client_order_id"] for line in bot.of("quote_place") if line["kind"] == "take_profit"}
        return not take_profits.isdisjoint(exchange.open_orders())

    wait_until(rests, "a take-profit rests")


def resting_take_profits(bot: LiveBot, exchange: RunningExchange) -> set[str]:
    """Markets whose position has a take-profit, by the bot's lines, that rests by the exchange's books."""
    resting = exchange.open_orders()
    return {
        ticker for ticker, (_, line) in protected_positions(bot.lines).items() if line["client_order_id"] in resting
    }


def protected_positions(lines: list[Line]) -> dict[str, tuple[Line, Line]]:
    """By market that has a position at the end of these lines: the fill that opened it, and its last take-profit."""
    openings: dict[str, Line] = {}
    protected: dict[str, tuple[Line, Line]] = {}
    for line in (each for each in lines if "market" in each):
        ticker = line["market"]
        if line["action"] == "FILL" and line["role"] == "entry":
            openings.setdefault(ticker, line)
        elif line.get("net") == 0:
            openings.pop(ticker, None)
            protected.pop(ticker, None)
        elif line["action"] == "quote_place" and line["kind"] == "take_profit" and ticker in openings:
            protected[ticker] = openings[ticker], line
    return protected


def end(bot: LiveBot, number: signal.Signals) -> None:
    bot.process.send_signal(number)
    bot.end()


def order_promises(directory: Path, exchange: RunningExchange, *, was_killed: bool) -> list[Breach]:
    """What the exchange's books say of the orders of both runs together.

    What filled between the runs was taken up and never told as a fill, so the log's own count of positions is left out.
    """
    first, second = read_lines(directory / "first" / "log.jsonl"), read_lines(directory / "second" / "log.jsonl")
    later = [{**line, "seq": line["seq"] + len(first)} for line in second if line["action"] != "config"]
    ledger = ledger_of(exchange)
    evidence = Evidence(
        ledger=ledger,
        requests=exchange.requests(),
        log=[*first, *later],
        was_killed=was_killed,
        gone_at_ns=ledger["exchange_time_ns"],
        exit_code=0,
        speed=SPEED,
    )
    report = LedgerReport()
    check_orders(evidence, report)
    for asked, request in evidence.accepted("create", 201):
        if asked["client_order_id"] in {line.get("client_order_id") for line in second} and "order_group_id" in asked:
            at_ns = request["applied"]["exchange_ns"]
            held = evidence.positions.get(asked["ticker"], Timeline(())).during(at_ns - 5 * SPEED * SECOND_NS, at_ns)
            found = f"{asked['client_order_id']} with {held} held"
            report.expect(0 in held, "entries of the second run", found)
    return [breach for breach in report.breaches if breach.promise != "entries only when flat"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_position_left_open_is_taken_up_with_its_age_and_its_take_profit(number: signal.Signals, tmp_path: Path):
    """Between two runs the market goes on: where nothing was left as it stood, the next evening is tried."""
    for seed in ("7", "8", "9"):
        directory = tmp_path / seed
        directory.mkdir()
        exchange = RunningExchange(directory, "--speed", str(SPEED), "--seed", seed)
        try:
            if a_position_is_taken_up(number, exchange, directory):
                return
        finally:
            exchange.stop()
    pytest.fail("every position had changed before the next run began")


def a_position_is_taken_up(number: signal.Signals, exchange: RunningExchange, directory: Path) -> bool:
    """Stop a run that holds positions and look at one of them in the next; False when none lay untouched between."""
    with first_start(directory, exchange) as bot:
        wait_until(lambda: len(resting_take_profits(bot, exchange)) > 2, "three positions have a take-profit")
        end(bot, number)
    held, run, resting = positions_of(exchange), bot.lines[0]["run"], exchange.open_orders()
    # Of a bot that was killed the last lines may be missing: only a take-profit that still rests is surely the last.
    is_last = number is not signal.SIGKILL
    protected = {
        ticker: (opening, line)
        for ticker, (opening, line) in protected_positions(bot.lines).items()
        if is_last or line["client_order_id"] in resting
    }

    with second_start(directory, exchange) as bot:
        bot.wait_for("order_ack")
        untouched = [
            ticker
            for ticker, net in map(position_taken_up, bot.of("reconcile"))
            if ticker in protected and net == float(held.get(ticker, 0))
        ]
        if not untouched:
            return False
        ticker = untouched[0]
        opening, take_profit = protected[ticker]
        again = bot.wait_for("quote_place", lambda line: line["role"] == "exit" and line["market"] == ticker)
        realized = bot.wait_for("REALIZE", lambda line: line["market"] == ticker)
        wait_until(lambda: not any(name.startswith(run) for name in exchange.open_orders()), "leftovers withdrawn")
        end(bot, signal.SIGINT)

    # By its age or its excursion it may be due for another exit by now.
    assert again["side"] == take_profit["side"]
    assert again["kind"] != "take_profit" or again["price"] == take_profit["price"]
    assert again["net"] == float(held[ticker])
    assert realized["age_s"] == pytest.approx(realized["ts"] - opening["ts"], abs=HEARD_WITHIN_S)
    assert order_promises(directory, exchange, was_killed=False) == []
    return True


def position_taken_up(reconcile: Line) -> tuple[str, float]:
    """The market and the contracts that a line of the start tells; none where it tells of no position."""
    ticker, _, rest = reconcile["detail"].partition(": net ")
    return ticker, float(rest.partition(",")[0] or 0)


def test_what_a_killed_run_left_resting_is_withdrawn_before_any_entry_of_its_market(
    exchange: RunningExchange, tmp_path: Path
):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        wait_until(lambda: len(exchange.open_orders()) > 1, "several orders rest")
        end(bot, signal.SIGKILL)
    left = exchange.open_orders()
    run = next(iter(left)).split("-")[0]

    with second_start(tmp_path, exchange) as bot:
        bot.wait_for("order_ack")
        wait_until(lambda: not left.keys() & exchange.open_orders().keys(), "leftovers withdrawn")
        end(bot, signal.SIGINT)

    orders = account_of(exchange)["order_history"]
    for old in (order for order in orders if order["client_order_id"] in left):
        news = [order for order in orders if order["ticker"] == old["ticker"] and not is_of(order, run)]
        assert all(order["created_at_ns"] >= old["ended_at_ns"] for order in news)
    assert order_promises(tmp_path, exchange, was_killed=False) == []


def test_orders_of_an_earlier_run_have_a_recorded_end_once_none_of_them_rests(
    exchange: RunningExchange, tmp_path: Path
):
    with first_start(tmp_path, exchange) as bot:
        wait_for_a_protected_position(bot, exchange)
        end(bot, signal.SIGKILL)
    run = bot.lines[0]["run"]
    assert unfinished(tmp_path, run)

    with second_start(tmp_path, exchange) as bot:
        wait_until(lambda: not unfinished(tmp_path, run), "every order of the killed run has its end")
        end(bot, signal.SIGINT)

    assert unfinished(tmp_path, bot.lines[0]["run"]) == []


def is_of(order: dict[str, Any], run: str) -> bool:
    return str(order["client_order_id"]).startswith(run)


def unfinished(directory: Path, run: str) -> list[str]:
    """Orders of a run without a recorded end."""
    journal = Journal(directory / "state")
    try:
        return [recorded.intent.client_order_id for recorded in journal.unfinished_intents() if recorded.run == run]
    finally:
        journal.close()
