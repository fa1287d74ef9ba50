"""`kill` and Ctrl-C while the exchange's REST side fails in every way there is: the exchange's books are the judge."""

import signal
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgelock.ops.run_loop import EXIT_SECOND_SIGNAL
from tests.scenarios.live_bot import LiveBot, RunningExchange, entries_received, live, wait_until

LAST_ENTRY_WITHIN_NS = 250_000_000
GONE_WITHIN_S = 2.0
FAILS_FOR_S = 0.2
UNKNOWN = -1

FAULTS: dict[str, Mapping[str, object]] = {
    "drop_before": {"do": "drop_before"},
    "drop_after": {"do": "drop_after"},
    "reset_before": {"do": "reset_before"},
    "reset_after": {"do": "reset_after"},
    "hang_before": {"do": "hang", "when": "before"},
    "hang_after": {"do": "hang"},
    "delay_before": {"do": "delay", "delay_ms": [300, 1200], "when": "before"},
    "delay_after": {"do": "delay", "delay_ms": [300, 1200]},
    "status_503": {"do": "status", "status": 503},
    "throttle": {"do": "throttle"},
    "malformed": {"do": "malformed", "how": "html"},
    "wrong_types": {"do": "malformed", "how": "wrong_types"},
    "drip": {"do": "drip", "drip_s": 5},
}
SHORT = ("drop_after", "status_503")


def until_it_quotes(exchange: RunningExchange, bot: LiveBot) -> None:
    """Until it takes commands and entries rest."""
    bot.wait_for_control()
    wait_until(lambda: bool(exchange.open_orders().keys() & bot.entry_ids()), "an entry rests")


def kill_while(fault: Mapping[str, object], directory: Path) -> float:
    """Kill under this fault; seconds until every entry was gone after the exchange answered again."""
    with live(directory) as (exchange, bot):
        until_it_quotes(exchange, bot)
        exchange.fail({"on": "rest", **fault})
        acknowledged_ns = bot.kill_entries()
        threading.Event().wait(FAILS_FOR_S)
        exchange.heal()
        healed_ns = wait_until(lambda: True, "now")
        gone_ns = wait_until(
            lambda: not exchange.open_orders().keys() & bot.entry_ids(), f"all entries are gone: {fault}"
        )
        late = entries_received(exchange.requests(), acknowledged_ns + LAST_ENTRY_WITHIN_NS)
        assert late == []
        return (gone_ns - healed_ns) / 1e9


@pytest.mark.parametrize("name", SHORT)
def test_after_a_kill_no_entry_reaches_the_exchange_and_none_stays(name, tmp_path):
    kill_while(FAULTS[name], tmp_path)


@pytest.mark.campaign
@pytest.mark.parametrize("name", FAULTS)
def test_entries_are_gone_in_time_once_the_exchange_answers_again(name, tmp_path):
    assert kill_while(FAULTS[name], tmp_path) <= GONE_WITHIN_S


def interrupt_while(
    fault: Mapping[str, object], directory: Path, *, heals_after_s: float | None
) -> tuple[int, int, int]:
    """Ctrl-C under this fault: the exit code, the open orders it told, and those in the exchange's books.

    A creation of which nothing was heard is proven never to have arrived when its order would have expired: that is
    soon where the exchange heals, two real seconds, and never where it does not, so that orders are left.
    """
    # Exits, too: a fill may have asked for one just when the fault began.
    lives_s, speed = (("600", "900"), 10) if heals_after_s is None else (("60", "60"), 30)
    lives = dict(zip(("EDGELOCK_LIVE__ENTRY_LIFE_S", "EDGELOCK_LIVE__EXIT_LIFE_S"), lives_s, strict=True))
    with live(directory, speed=speed, **lives) as (exchange, bot):
        until_it_quotes(exchange, bot)
        exchange.fail({"on": "rest", **fault})
        bot.process.send_signal(signal.SIGINT)
        if heals_after_s is not None:
            threading.Event().wait(heals_after_s)
            exchange.heal()
        exit_code = bot.end()
        (done,) = bot.of("shutdown_done")
        assert done["exit_code"] == exit_code
        return exit_code, done["open_orders"], len(exchange.open_orders())


def is_true_of(told: int, resting: int) -> bool:
    """Never fewer than rest; -1 says that nobody can say."""
    return told == UNKNOWN or told >= resting


@pytest.mark.parametrize("name", SHORT[:1])
def test_the_last_line_tells_of_every_order_that_still_rests(name, tmp_path):
    exit_code, told, resting = interrupt_while(FAULTS[name], tmp_path, heals_after_s=None)

    assert is_true_of(told, resting)
    assert exit_code != 0


def test_a_second_ctrl_c_ends_at_once_and_names_every_order_that_still_rests(tmp_path):
    with live(tmp_path) as (exchange, bot):
        until_it_quotes(exchange, bot)
        exchange.fail({"on": "rest", **FAULTS["hang_before"]})
        bot.process.send_signal(signal.SIGINT)
        bot.wait_for("shutdown_begin")
        bot.process.send_signal(signal.SIGINT)

        assert bot.end() == EXIT_SECOND_SIGNAL
        (aborted,) = bot.of("shutdown_aborted")
        named = set(aborted["message"].partition("still open: ")[2].split(", "))
        assert exchange.open_orders().keys() <= named


def test_an_exchange_that_answers_again_in_time_is_left_without_an_order(tmp_path):
    assert interrupt_while(FAULTS["status_503"], tmp_path, heals_after_s=1.0) == (0, 0, 0)


@pytest.mark.campaign
@pytest.mark.parametrize("name", FAULTS)
def test_ctrl_c_tells_the_truth_whatever_fails(name, tmp_path):
    exit_code, told, resting = interrupt_while(FAULTS[name], tmp_path, heals_after_s=None)

    assert is_true_of(told, resting)
    assert exit_code != 0 or told == 0


@pytest.mark.campaign
@pytest.mark.parametrize("name", FAULTS)
def test_ctrl_c_leaves_nothing_once_the_exchange_answers_again(name, tmp_path):
    assert interrupt_while(FAULTS[name], tmp_path, heals_after_s=1.0) == (0, 0, 0)
