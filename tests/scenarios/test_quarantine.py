"""Beyond its budget: a market is quarantined, visibly, and comes back on a person's word; the door ends the run.

Live on an exchange that outlives the bot, so that its own books say what rests.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.doomed_bot import DoomedBot
from tests.scenarios.live_bot import RunningExchange, wait_until
from tests.scenarios.running_bot import Line

SPEED = 10
EXIT_ESCALATED = 70
DEATHS_BEYOND_THE_BUDGET = 3
WITHDRAWN_WITHIN_S = 20
"""Long before the exchange would take an entry off by its expiry."""


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[RunningExchange]:
    running = RunningExchange(tmp_path, "--speed", str(SPEED), "--seed", "7")
    yield running
    running.stop()


def a_protected_market(bot: DoomedBot, exchange: RunningExchange) -> str:
    """A market whose take-profit rests on the exchange."""
    found: list[str] = []

    def rests() -> bool:
        resting = exchange.open_orders()
        found[:] = [line["market"] for line in take_profits(bot) if line["client_order_id"] in resting]
        return bool(found)

    wait_until(rests, "a take-profit rests")
    return found[-1]


def a_quoting_market(bot: DoomedBot, exchange: RunningExchange) -> str:
    """A market that has an entry on the exchange."""
    found: list[str] = []

    def rests() -> bool:
        entries = bot.entry_ids()
        found[:] = [order["ticker"] for name, order in exchange.open_orders().items() if name in entries]
        return bool(found)

    wait_until(rests, "an entry rests")
    return found[-1]


def take_profits(bot: DoomedBot) -> list[Line]:
    return [line for line in bot.of("quote_place") if line["kind"] == "take_profit"]


def resting_of(exchange: RunningExchange, ticker: str) -> dict[str, Mapping[str, Any]]:
    return {name: order for name, order in exchange.open_orders().items() if order["ticker"] == ticker}


def child(bot: DoomedBot, ticker: str) -> dict[str, Any]:
    """What status says of a market's actor."""
    answer = bot.command("status", "--json")
    assert answer.returncode == 0, answer.stderr
    (found,) = [each for each in json.loads(answer.stdout)["actors"] if each["name"] == f"market:{ticker}"]
    return dict(found)


def quarantined(
    bot: DoomedBot, exchange: RunningExchange, choose: Callable[[DoomedBot, RunningExchange], str] = a_protected_market
) -> str:
    """Break a market, usually one that holds a position, until it is not started any more."""
    bot.wait_for_control()
    ticker = choose(bot, exchange)
    bot.break_down(ticker)
    bot.wait_for("actor_quarantine", lambda line: line["market"] == ticker)
    return ticker


def test_a_market_that_fails_at_every_start_is_quarantined_and_its_take_profit_stays(
    tmp_path: Path, exchange: RunningExchange
) -> None:
    with DoomedBot(tmp_path, exchange) as bot:
        ticker = quarantined(bot, exchange)
        exits = {line["client_order_id"] for line in take_profits(bot) if line["market"] == ticker}

        canceled = [
            request for request in exchange.requests() if request.get("operation") in ("cancel", "batch_cancel")
        ]
        asked = {order.get("client_order_id") for request in canceled for order in request["asked"]}
        assert not exits & asked
        assert child(bot, ticker)["state"] == "quarantined"
        crashes = [line for line in bot.of("actor_crash") if line["market"] == ticker]
        assert [line["incarnation"] for line in crashes] == list(range(1, len(crashes) + 1))
        assert bot.process.poll() is None


def test_it_returns_by_a_persons_word_once_the_cause_is_gone(tmp_path: Path, exchange: RunningExchange) -> None:
    with DoomedBot(tmp_path, exchange) as bot:
        ticker = quarantined(bot, exchange)
        lives = len([line for line in bot.of("actor_crash") if line["market"] == ticker])

        rested = resting_of(exchange, ticker).keys()
        bot.repair(ticker)
        answer = bot.command("restart", ticker)

        assert answer.returncode == 0, answer.stderr
        back = bot.wait_for("actor_restart", lambda line: line["market"] == ticker and line["incarnation"] == lives + 1)
        assert set(back["recovered_orders"]) >= rested & resting_of(exchange, ticker).keys()
        wait_until(lambda: child(bot, ticker)["state"] == "running", "it runs")


def test_the_entries_of_a_quarantined_market_are_withdrawn(tmp_path: Path, exchange: RunningExchange) -> None:
    """They stand far from the price, so that nobody but the door can take them off the book."""
    with DoomedBot(tmp_path, exchange, EDGELOCK_STRATEGY__BASE_SPREAD_C="12") as bot:
        ticker = quarantined(bot, exchange, a_quoting_market)

        wait_until(
            lambda: not resting_of(exchange, ticker).keys() & bot.entry_ids(),
            "its entries are withdrawn",
            WITHDRAWN_WITHIN_S,
        )


def test_with_the_policy_to_cancel_nothing_of_it_rests(tmp_path: Path, exchange: RunningExchange) -> None:
    with DoomedBot(tmp_path, exchange, EDGELOCK_SUPERVISION__ON_QUARANTINE="cancel") as bot:
        ticker = quarantined(bot, exchange)

        wait_until(lambda: not resting_of(exchange, ticker), "everything of it is withdrawn", WITHDRAWN_WITHIN_S)


def test_a_door_that_keeps_failing_ends_the_run_with_everything_withdrawn_and_verified(
    tmp_path: Path, exchange: RunningExchange
) -> None:
    with DoomedBot(tmp_path, exchange) as bot:
        bot.wait_for_control()
        a_protected_market(bot, exchange)

        bot.break_down("exchange")
        exit_code = bot.end()

        done = bot.of("shutdown_done")[-1]
        assert (exit_code, done["exit_code"], done["open_orders"]) == (EXIT_ESCALATED, EXIT_ESCALATED, 0)
        assert exchange.open_orders() == {}
        lives = [line["incarnation"] for line in bot.of("actor_crash") if line["actor"] == "exchange"]
        assert lives == list(range(1, DEATHS_BEYOND_THE_BUDGET + 1))
        assert len(lives) == len(bot.of("actor_crash"))


def test_with_the_policy_to_flatten_its_position_is_left(tmp_path: Path, exchange: RunningExchange) -> None:
    """The take-profit is far away, so that nothing but the policy ends the position."""
    variables = {"EDGELOCK_SUPERVISION__ON_QUARANTINE": "flatten", "EDGELOCK_STRATEGY__MIN_EDGE_C": "12"}
    with DoomedBot(tmp_path, exchange, **variables) as bot:
        ticker = quarantined(bot, exchange)

        bot.wait_for("quote_place", lambda line: line["market"] == ticker and line["kind"] == "flatten")
        bot.wait_for("REALIZE", lambda line: line["market"] == ticker and line["exit_reason"] == "flatten")
        wait_until(lambda: not resting_of(exchange, ticker), "nothing of it rests")


def test_a_door_that_starts_again_gives_its_position_a_take_profit_again(
    tmp_path: Path, exchange: RunningExchange
) -> None:
    with DoomedBot(tmp_path, exchange, EDGELOCK_STRATEGY__MIN_EDGE_C="12") as bot:
        ticker = quarantined(bot, exchange)

        bot.break_down("exchange")
        bot.wait_for("actor_crash", lambda line: line["actor"] == "exchange")
        bot.repair("exchange")

        again = bot.wait_for(
            "quote_place",
            lambda line: (
                line["market"] == ticker and "-q" in line["client_order_id"] and "-q1-" not in line["client_order_id"]
            ),
        )
        assert (again["role"], again["kind"]) == ("exit", "take_profit")
        wait_until(lambda: again["client_order_id"] in exchange.open_orders(), "it rests")
