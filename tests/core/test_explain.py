"""The answer to "why is there no quote?" is the truth: it agrees with what `decide` and the last gate do."""

import pytest
from hypothesis import settings

from edgelock.core.evolve import evolve
from edgelock.core.explain_check import Check, Look
from edgelock.core.explain_entries import entry_holds, rows_of
from edgelock.core.explain_exits import exit_holds, exit_rows
from edgelock.core.facts import Fact, FeedStatus, TimePassed
from edgelock.core.market_state import MarketState
from edgelock.core.order import OrderState
from edgelock.core.strategy import EDGE_LOCKED, LEGACY, Strategy
from tests.core.builders import ASK, BID, KILLED, NOON, a_position, a_state, after, an_order
from tests.core.explained import agrees_about_entries, agrees_about_exits, explained, holds_of, seen_at_seven
from tests.core.test_decide_properties import AnyMarket


class ExplainedMarket(AnyMarket):
    """Any market, asked about after every fact: before and after it decided."""

    def hear(self, fact: Fact) -> None:
        evolved = evolve(self.state, fact)
        super().hear(fact)
        for state in (evolved, self.state):
            agrees_about_entries(state, self.strategy)
            agrees_about_exits(state, self.strategy)
            self.has_the_same_verdicts_without_words(state)

    def has_the_same_verdicts_without_words(self, state: MarketState) -> None:
        look, why = Look(state, self.strategy), explained(state, self.strategy)
        for side, part in ((BID, why.bid), (ASK, why.ask)):
            named = zip((row.name for row in rows_of(look)), entry_holds(look, side), strict=True)
            assert [name for name, holds in named if holds] == holds_of(part.checks)
        named = zip((row.name for row in exit_rows(look)), exit_holds(look), strict=True)
        assert [name for name, holds in named if holds] == holds_of(why.exits.checks)


class ExplainedLegacyMarket(ExplainedMarket):
    """The same, under the legacy strategy."""

    strategy: Strategy = LEGACY


TestExplainedMarket = ExplainedMarket.TestCase
TestExplainedMarket.settings = settings(max_examples=20, stateful_step_count=30, deadline=None, derandomize=True)
TestExplainedLegacyMarket = ExplainedLegacyMarket.TestCase
TestExplainedLegacyMarket.settings = settings(max_examples=15, stateful_step_count=30, deadline=None, derandomize=True)


@pytest.mark.parametrize("strategy", [EDGE_LOCKED, LEGACY])
def test_a_market_that_has_not_recovered_says_so_first(strategy):
    why = explained(a_state(is_recovered=False), strategy)

    assert why.bid.answer.startswith("no quote: recovery awaited")
    assert holds_of(why.exits.checks) == ["recovery"]


def test_a_side_that_may_quote_says_what_goes_out_and_then_what_rests():
    flat, resting = a_state(), a_state(orders=(an_order(price=46),))

    assert explained(flat).bid.answer == "may quote: 0.4600 x 10.00 goes out now"
    assert explained(resting).bid.answer == "quoting 0.4600 x 10.00, resting"
    assert explained(resting).bid.may_trade
    assert explained(flat).ask.answer == ("no quote: reference_gate 0.4700 (allowed: at least 0.6500), and 1 more")


def test_a_quote_that_is_withdrawn_is_named_with_the_reason():
    state = a_state(permit=KILLED, orders=(an_order(state=OrderState.CANCELING),))

    assert explained(state).bid.answer.endswith("; 0.4600 x 10.00 is being withdrawn")


def test_what_the_risk_side_holds_is_said_before_what_the_market_holds_and_keeps_no_exit():
    verdict = Check(where="risk", name="loss_limit", is_holding=True, found="$-51", allowed="above $-50", since=NOON)
    why = explained(a_state(position=a_position(10, 48)), risk=(verdict,))

    assert why.bid.answer.startswith("no quote: loss_limit $-51 (allowed: above $-50), and ")
    assert why.exits.may_trade
    assert why.exits.answer == "goes out now: take_profit 0.5500 x 10.00"


def test_a_hold_is_dated_by_the_state_or_by_whoever_watched():
    why = explained(a_state(position=a_position(10, 48), feed=FeedStatus.GAP), since=seen_at_seven)
    dated = {each.name: each.since for each in why.bid.holding if each.where == "market"}

    assert (dated["position"], dated["feed"]) == (NOON, after(7))


def test_time_that_passes_changes_the_answer():
    state = a_state(entry_hold_until=after(1))

    assert not explained(state).bid.may_trade
    assert explained(evolve(state, TimePassed(at=after(1)))).bid.may_trade
