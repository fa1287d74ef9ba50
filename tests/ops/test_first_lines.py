"""A paper run ends what ended with paper processes, and leaves the records of live orders alone."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from edgelock.actors.clock import EngineClock
from edgelock.actors.journal import Journal
from edgelock.ops.first_lines import reconcile_line
from edgelock.ops.settings import Settings
from tests.actors.past_doubles import an_intent
from tests.core.builders import NOON

SCOPES = {"p": "paper:p", "s": "shadow:s", "l": "live:demo:1", "m": "live:prod:2"}


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path)
    for run, scope in SCOPES.items():
        journal.begin_run(run, scope, NOON)
        recorded = replace(an_intent(f"{run}-1", "KXNHLGAME-A"), run=run, scope=scope)
        journal.record_intent(
            run=run, ticker=recorded.ticker, incarnation=1, intent=recorded.intent, at=recorded.at
        )  # fmt: skip
    yield journal
    journal.close()


def reconciled(journal: Journal, scope: str, **trading: bool):
    options = SimpleNamespace(settings=Settings.model_validate({"trading": trading}))
    return reconcile_line(journal, scope, SimpleNamespace(clock=EngineClock.starting_at(NOON)), options)


def unfinished(journal: Journal) -> list[str]:
    return [each.intent.client_order_id for each in journal.unfinished_intents()]


def test_a_paper_run_leaves_the_records_of_live_orders_alone(journal):
    line = reconciled(journal, "paper:q")

    assert (line.found, line.cancelled) == (2, 2)
    assert unfinished(journal) == ["l-1", "m-1"]


def test_a_live_run_counts_the_orders_of_its_own_account_and_ends_none_by_itself(journal):
    line = reconciled(journal, "live:demo:1", live_trading_enabled=True)

    assert (line.found, line.cancelled) == (1, 0)
    assert len(unfinished(journal)) == 4
