"""A bot that knows what the exchange knows has no findings; each kind of damage is found and named."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.crash.books import Books
from tests.crash.comparison import Sample, never, not_yet, told_results
from tests.crash.journal_rows import JournalFill, JournalRows
from tests.crash.test_books import SECOND, TICKER, a_fill, a_ledger, an_order

SPEED = 10
ENTRY = an_order("run-1", "bid", 4000, at_s=100, ended_s=110)
TAKE_PROFIT = an_order("run-2", "ask", 4700, at_s=112)
BOUGHT = a_fill(1, "bid", 4000, "10.00", fee=100, at_s=110)


def ledger(**changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {"fills": [BOUGHT], "orders": [ENTRY, TAKE_PROFIT], "position": "10.00"}
    return a_ledger(**{**parts, **changes})


def rows(**changes: Any) -> JournalRows:
    fill = JournalFill("trade-1", "run-1", TICKER, 1, 4000, 1000, 100, False, 110 * SECOND)
    parts: dict[str, Any] = {
        "roles": {"run-1": "entry", "run-2": "exit"}, "ended": frozenset({"run-1"}), "fills": {"trade-1": fill},
        "latches": {}, "risk": None, "run_times_ns": (), "doubled": (), "settlements": {},
    }  # fmt: skip
    return JournalRows(**{**parts, **changes})


def status(**changes: Any) -> dict[str, Any]:
    quotes = [{"side": "ask", "price": "0.4700", "qty": "10.00", "kind": "take_profit"}]
    market = {
        "ticker": TICKER, "net": "10.00", "vwap": "0.4000", "age_s": 889, "realized": "0.000000", "quotes": quotes
    }  # fmt: skip
    return {"kill": None, "markets": [{**market, **changes}]}


def sample(
    *, books: dict[str, Any] | None = None, journal: JournalRows | None = None, told: dict[str, Any] | None = None
) -> Sample:
    shown = Books(ledger() if books is None else books)
    return Sample(
        before=shown, after=shown, journal=rows() if journal is None else journal,
        status=status() if told is None else told, began_ns=0, speed=SPEED,
    )  # fmt: skip


def promises(look: Callable[[Sample], Any], seen: Sample) -> set[str]:
    return {finding.promise for finding in look(seen)}


def test_a_bot_that_knows_what_the_exchange_knows_has_no_findings():
    assert [*never(sample()), *not_yet(sample())] == []


@pytest.mark.parametrize(
    ("promise", "damaged"),
    [
        ("each order once", sample(books=ledger(orders=[ENTRY, ENTRY, TAKE_PROFIT]))),
        ("written down before it is sent", sample(journal=rows(roles={"run-1": "entry"}))),
        ("no doubled fill", sample(books=ledger(fills=[], position="0.00"))),
        ("no doubled fill", sample(journal=rows(doubled=("trade-1",)))),
        ("no self-trade", sample(books=ledger(fills=[BOUGHT, BOUGHT]))),
        (
            "no duplicate order",
            sample(books=ledger(orders=[ENTRY, TAKE_PROFIT, an_order("run-3", "ask", 4700, at_s=200)])),
        ),
        (
            "entries only when flat",
            sample(
                books=ledger(orders=[ENTRY, TAKE_PROFIT, an_order("run-4", "bid", 3900, at_s=400)]),
                journal=rows(roles={"run-1": "entry", "run-2": "exit", "run-4": "entry"}),
            ),
        ),
        (
            "exits only shrink",
            sample(
                books=ledger(fills=[BOUGHT, a_fill(2, "ask", 4700, "12.00", at_s=200)], position="-2.00"),
            ),
        ),
        ("gone by expiry", sample(books=ledger(now_s=20_000))),
    ],
)
def test_what_may_never_be_is_found(promise: str, damaged: Sample):
    assert promise in promises(never, damaged)


@pytest.mark.parametrize(
    ("promise", "damaged"),
    [
        ("no lost fill", sample(journal=rows(fills={}))),
        ("the same fills", sample(journal=rows(fills={"trade-1": replace(rows().fills["trade-1"], fee=0)}))),
        ("the same fills", sample(journal=rows(fills={"trade-1": replace(rows().fills["trade-1"], at_ns=0)}))),
        ("settlements", sample(journal=rows(settlements={TICKER: (10_000, 1000, 0)}))),
        ("no forgotten order", sample(journal=rows(ended=frozenset({"run-1", "run-2"})))),
        ("no forgotten order", sample(told=status(quotes=[]))),
        ("positions", sample(told={"kill": None, "markets": []})),
        ("lots", sample(told=status(net="9.00"))),
        ("lots", sample(told=status(vwap="0.4100"))),
        ("ages", sample(told=status(age_s=40))),
        ("results", sample(told=status(realized="0.000100"))),
        ("exits", sample(books=ledger(orders=[ENTRY]))),
    ],
)
def test_what_has_to_come_to_hold_is_missed_while_it_does_not(promise: str, damaged: Sample):
    assert promise in promises(not_yet, damaged)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"pnl": 0.6999, "age_s": 90}, set()),
        ({"pnl": 0.7, "age_s": 90}, {"results"}),
        ({"pnl": 0.6999, "age_s": 20}, {"ages"}),
    ],
)
def test_a_result_that_was_told_has_the_profit_and_the_age_of_the_exchange(
    line: dict[str, float], expected: set[str], tmp_path: Path
):
    sold = a_fill(2, "ask", 4700, "10.00", at_s=200)
    log = tmp_path / "log.jsonl"
    told = {"action": "REALIZE", "market": TICKER, "ts": 200.5, **line}
    log.write_text(json.dumps(told) + '\n{"action": "REALIZE", "ts', encoding="utf-8")

    findings = list(told_results(log, Books(ledger(fills=[BOUGHT, sold])).closings, SPEED))

    assert {finding.promise for finding in findings} == expected
