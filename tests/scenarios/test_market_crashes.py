"""A market crashes ten times among others that trade busily: nobody else notices, and what it holds stays protected.

The whole measurement, with a hundred crashes, sixteen markets and the judgement of times, is
`python -m tests.scenarios.market_crashes`.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from tests.scenarios.crash_evidence import CrashEvidence, chance_of, examine
from tests.scenarios.market_crashes import Measurement, measure, table

CRASHES = 10


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> CrashEvidence:
    wanted = Measurement(crashes=CRASHES, markets=4, families="CFB", pairs=1, window_s=4.0, rate=12.0)
    return measure(tmp_path_factory.mktemp("crashes"), wanted)


def broken(evidence: CrashEvidence) -> set[str]:
    return {breach.promise for breach in examine(evidence, crashes=CRASHES, judge_time=False).breaches}


def test_every_promise_holds_but_those_of_time_which_are_measured_elsewhere(evidence: CrashEvidence) -> None:
    report = examine(evidence, crashes=CRASHES, judge_time=False)

    assert report.breaches == [], table(evidence, report)
    assert report.examined["a take-profit stays on the book while its market is down"] >= CRASHES // 2
    assert len(evidence.restarts_without_backoff_ms) == CRASHES


def without_a_fill(evidence: CrashEvidence) -> CrashEvidence:
    fill = next(line for line in evidence.log if line["action"] == "FILL")
    return replace(evidence, log=[line for line in evidence.log if line is not fill])


def with_a_fill_told_twice(evidence: CrashEvidence) -> CrashEvidence:
    return replace(evidence, log=[*evidence.log, next(line for line in evidence.log if line["action"] == "FILL")])


def without_a_fact(evidence: CrashEvidence) -> CrashEvidence:
    facts = evidence.marks["facts"]
    gone = next(n for n, (ticker, _, number) in enumerate(facts) if ticker != evidence.market and number == 1)
    return replace(evidence, marks={**evidence.marks, "facts": facts[:gone] + facts[gone + 1 :]})


def with_another_life(evidence: CrashEvidence) -> CrashEvidence:
    other = next(life for life in evidence.marks["lives"] if life["market"] != evidence.market)
    return replace(evidence, marks={**evidence.marks, "lives": [*evidence.marks["lives"], other]})


def with_a_take_profit_canceled(evidence: CrashEvidence) -> CrashEvidence:
    """In the middle of a time in which its market was down."""
    name, crashed, recovered = next(
        (order["client_order_id"], crashed, recovered)
        for crashed, recovered in evidence.downtimes
        for order in evidence.take_profits
        if evidence.rested_at(order, crashed) and evidence.rested_at(order, recovered)
    )
    account: dict[str, Any] = deepcopy(dict(evidence.account))
    middle = ((crashed + recovered) // 2 - evidence.monotonic(0)) * evidence.speed
    for order in account["order_history"]:
        if order["client_order_id"] == name:
            order.update(status="canceled", ended_at_ns=middle)
    return replace(evidence, account=account)


def with_a_crash_that_stays(evidence: CrashEvidence) -> CrashEvidence:
    return replace(evidence, marks={**evidence.marks, "crashes": evidence.marks["crashes"][1:]})


@pytest.mark.parametrize(
    ("spoil", "promise"),
    [
        (with_a_fill_told_twice, "is told"),
        (without_a_fill, "is told"),
        (without_a_fact, "the others' order news has no gap"),
        (with_another_life, "the others live their first life"),
        (with_a_take_profit_canceled, "a take-profit stays on the book while its market is down"),
        (with_a_crash_that_stays, "the market came back from every crash"),
    ],
)
def test_what_would_break_a_promise_is_noticed(
    evidence: CrashEvidence, spoil: Callable[[CrashEvidence], CrashEvidence], promise: str
) -> None:
    assert any(promise in each for each in broken(spoil(evidence)))


def test_windows_that_differ_by_chance_are_told_from_those_that_do_not() -> None:
    calm = [5.0, 6.0, 5.5, 6.5, 5.2, 6.1]

    assert chance_of([6.2, 5.1, 5.9, 5.6, 6.3, 5.4], calm) > 0.05
    assert chance_of([each + 3 for each in calm], calm) < 0.01
