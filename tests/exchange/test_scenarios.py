"""Tests of the generated scenarios as streams: the same everywhere, in order, and never a crossed book."""

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgelock.core.units import MINUTE, Timestamp
from edgelock.exchange.flow import ChangePhase, MarketPhase, Settle, Take, TimedAction
from edgelock.exchange.scenarios import SCENARIO_NAMES, ScenarioFlow, scenario_flow
from tests.exchange.plain_book import PlainBooks

STARTS_AT = Timestamp(1_795_392_000_000_000_000)
LONG = {"busy": pytest.mark.campaign}
"""Ten times the others' length: its first minutes are looked at by other tests."""
A_PROJECT = Path(__file__).parents[2]
PRINT_DIGEST = """
import hashlib, itertools, sys
from edgelock.core.units import Timestamp
from edgelock.exchange.scenarios import scenario_flow
flow = scenario_flow(sys.argv[1], seed=7, starts_at=Timestamp(1_795_392_000_000_000_000))
sys.stdout.write(hashlib.sha256(repr(list(itertools.islice(flow.actions(), 5_000))).encode()).hexdigest())
"""


def ends_of(flow: ScenarioFlow) -> list[TimedAction]:
    return [
        timed
        for timed in flow.actions()
        if isinstance(timed.action, Settle)
        or (isinstance(timed.action, ChangePhase) and timed.action.phase is MarketPhase.CLOSED)
    ]


@pytest.mark.parametrize("name", ["evening", "jumpy"])
def test_a_seed_gives_the_same_stream_in_every_process(name: str) -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST, name],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=A_PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    ]
    here = list(itertools.islice(scenario_flow(name, seed=7, starts_at=STARTS_AT).actions(), 5_000))
    assert {*digests} == {hashlib.sha256(repr(here).encode()).hexdigest()}


def test_two_calls_give_the_same_stream_and_two_seeds_different_ones() -> None:
    flow = scenario_flow("evening", seed=3, starts_at=STARTS_AT)
    other = scenario_flow("evening", seed=4, starts_at=STARTS_AT)
    first = list(itertools.islice(flow.actions(), 3_000))
    assert first == list(itertools.islice(flow.actions(), 3_000))
    assert first != list(itertools.islice(other.actions(), 3_000))


@pytest.mark.parametrize("name", [pytest.param(each, marks=LONG.get(each, ())) for each in SCENARIO_NAMES])
def test_a_whole_scenario_is_in_order_of_time_and_no_house_book_is_ever_crossed(name: str) -> None:
    flow = scenario_flow(name, seed=1, starts_at=STARTS_AT)
    books = PlainBooks()
    last = flow.starts_at
    for timed in flow.actions():
        assert timed.at >= last
        last = timed.at
        books.apply(timed.action)
    assert books.listed == {listing.ticker for listing in flow.listings}
    assert last - flow.starts_at >= 150 * MINUTE


def test_at_a_higher_rate_the_same_markets_trade_so_much_more_often() -> None:
    def takes_per_minute(rate: float) -> float:
        flow = scenario_flow("busy", seed=3, starts_at=STARTS_AT, rate=rate)
        minute = itertools.takewhile(lambda timed: timed.at < STARTS_AT + 2 * MINUTE, flow.actions())
        return sum(isinstance(timed.action, Take) for timed in minute) / 2

    assert 8 < takes_per_minute(10) / takes_per_minute(1) < 12


def test_the_rate_changes_neither_what_is_listed_nor_when_games_end() -> None:
    usual, hurried = (scenario_flow("jumpy", seed=1, starts_at=STARTS_AT, rate=rate) for rate in (1, 2))
    assert usual.listings == hurried.listings
    assert ends_of(usual) == ends_of(hurried)


def test_sixteen_markets_are_in_play_at_once_in_the_busy_scenario() -> None:
    flow = scenario_flow("busy", seed=1, starts_at=STARTS_AT)
    minute = itertools.takewhile(lambda timed: timed.at < STARTS_AT + MINUTE, flow.actions())
    taken = {timed.action.ticker for timed in minute if isinstance(timed.action, Take)}
    assert taken == {listing.ticker for listing in flow.listings}
    assert len(taken) == 16


def test_an_unknown_scenario_is_refused_with_the_allowed_names() -> None:
    with pytest.raises(ValueError, match="no scenario 'rugby'; choose one of evening, nhl, nfl, cfb, quiet"):
        scenario_flow("rugby", seed=1, starts_at=STARTS_AT)
