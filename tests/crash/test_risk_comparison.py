"""What the risk side forgot is found: a tier, the loss limit, the day's count, a fired group."""

import json
from typing import Any

import pytest

from tests.crash.comparison import Sample
from tests.crash.risk_comparison import DAY_NS, HARD, risk_kept
from tests.crash.test_books import SECOND, TICKER, a_fill
from tests.crash.test_comparison import BOUGHT, ledger, rows, sample, status

SOLD = a_fill(2, "ask", 4700, "10.00", at_s=200)
RESULT = 700 * 1000 - 100
LATER = DAY_NS // SECOND
CALM = {"cancels": [], "tier": 0, "until": None, "since": None}
TRIPPED = {**CALM, "tier": HARD, "until": LATER * SECOND, "since": SECOND}


def memory(*, breaker: Any = CALM, **changes: Any) -> str:
    market = {"ticker": TICKER, "risk": {"breaker": breaker}}
    parts = {
        "markets": [market], "portfolio": CALM, "day": 0, "realized_today": RESULT, "loss_limit_until": None,
        "count_restarted_at": None, "fired_groups": [],
    }  # fmt: skip
    return json.dumps({"scheme": 1, "remembered": {**parts, **changes}})


def after(text: str | None, *, permit: str = "REDUCE_ONLY") -> Sample:
    return sample(
        books=ledger(fills=[BOUGHT, SOLD]), journal=rows(risk=text), told=status(permit=permit)
    )  # fmt: skip


def promises(then: str, now: Sample) -> set[str]:
    return {finding.promise for finding in risk_kept(rows(risk=then), now)}


def test_a_memory_that_was_kept_has_no_findings():
    tripped = memory(breaker=TRIPPED, loss_limit_until=DAY_NS, fired_groups=[[0, SECOND]])

    assert promises(tripped, after(tripped)) == set()


def test_a_tier_that_is_over_may_be_forgotten():
    over = memory(breaker={**TRIPPED, "until": 900 * SECOND})

    assert promises(over, after(memory(), permit="OPEN")) == set()


def test_a_count_that_was_begun_anew_counts_from_there():
    anew = memory(count_restarted_at=300 * SECOND, realized_today=0)

    assert promises(anew, after(anew)) == set()


@pytest.mark.parametrize(
    ("promise", "then", "now"),
    [
        ("risk memory", memory(), after(None)),
        ("breakers", memory(breaker=TRIPPED), after(memory())),
        ("breakers", memory(breaker=TRIPPED), after(memory(breaker=TRIPPED), permit="OPEN")),
        ("breakers", memory(portfolio=TRIPPED), after(memory())),
        ("daily loss", memory(loss_limit_until=DAY_NS), after(memory())),
        ("daily loss", memory(loss_limit_until=DAY_NS), after(memory(loss_limit_until=DAY_NS), permit="OPEN")),
        ("daily loss", memory(), after(memory(realized_today=0))),
        ("order groups", memory(fired_groups=[[0, SECOND]]), after(memory())),
    ],
)
def test_what_was_forgotten_is_found(promise: str, then: str, now: Sample):
    assert promises(then, now) == {promise}
