"""What filled while a market had no actor: its next life makes the lines, as of the moment of each fact."""

from dataclasses import replace

from edgelock.core.decide import step
from edgelock.core.facts import (
    MarketSettled,
    OrderAcknowledged,
    OrderFilled,
    Recovered,
    UntoldFact,
)
from edgelock.core.market_state import RunMode
from edgelock.core.order import Kind
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.core.units import Money, Price
from tests.core.builders import ASK, a_position, a_state, after, an_exit, cents, contracts

HELD = a_position(10, 48)
TAKE_PROFIT = an_exit("t-2")
FILL = OrderFilled(
    at=after(30),
    sequence=6,
    client_order_id="t-2",
    trade_id="x2",
    price=cents(55),
    size=contracts(10),
    fee=Money(700),
    is_taker=False,
)


def a_claim_answered(*untold: UntoldFact, **record) -> Recovered:
    position, _ = HELD.after_fill(
        trade_id="x2", side=ASK, price=cents(55), size=contracts(10), fee=Money(700), at=after(30)
    )
    return Recovered(**{"at": after(60), "sequence": 6, "position": position, "orders": (), "untold": untold, **record})


def test_a_fill_that_came_while_it_was_down_has_the_lines_it_would_have_had() -> None:
    asleep = a_state(is_recovered=False)

    decision = step(asleep, a_claim_answered(UntoldFact(fact=FILL, position=HELD, orders=(TAKE_PROFIT,))), EDGE_LOCKED)

    told = decision.records
    assert [record.action for record in told[:4]] == ["FILL", "REALIZE", "take_profit_exit", "state_change"]
    fill, realize, _, change = told[:4]
    assert (fill.at, fill.trade_id, fill.qty, fill.state_after) == (after(30), "x2", contracts(10), "FLAT")
    assert (realize.at, realize.qty, realize.exit_reason) == (after(30), contracts(10), Kind.TAKE_PROFIT.value)
    assert (change.old_state, change.new_state) == ("SKEW_LONG", "FLAT")
    assert all(record.context.net == 0 for record in told[:4])
    assert decision.state.now == after(60)


def test_what_it_takes_over_is_the_record_as_it_is_now_told_late_or_not() -> None:
    asleep = a_state(is_recovered=False)
    untold = UntoldFact(fact=FILL, position=HELD, orders=(TAKE_PROFIT,))

    with_lines = step(asleep, a_claim_answered(untold), EDGE_LOCKED)
    without = step(asleep, a_claim_answered(), EDGE_LOCKED)

    assert (with_lines.state, with_lines.intents) == (without.state, without.intents)
    assert with_lines.records[4:] == without.records


def test_a_settlement_that_came_while_it_was_down_is_told_with_its_result() -> None:
    settled = MarketSettled(at=after(50), sequence=7, value=Price(10_000))
    position, realized = HELD.settled(settled.value)
    asleep = a_state(is_recovered=False)

    decision = step(
        asleep,
        a_claim_answered(UntoldFact(fact=settled, position=HELD, orders=()), position=position, sequence=7),
        EDGE_LOCKED,
    )

    assert realized is not None
    assert [record.action for record in decision.records[:3]] == ["REALIZE", "settlement", "state_change"]
    assert decision.records[0].pnl == realized.pnl


def test_a_shadow_market_tells_of_no_answers_late_either() -> None:
    asleep = a_state(is_recovered=False, run_mode=RunMode.SHADOW)
    ack = OrderAcknowledged(at=after(20), sequence=6, client_order_id="t-2", venue_order_id="v")

    decision = step(
        asleep, a_claim_answered(UntoldFact(fact=ack, position=HELD, orders=(replace(TAKE_PROFIT),))), EDGE_LOCKED
    )

    assert "order_ack" not in [record.action for record in decision.records]
