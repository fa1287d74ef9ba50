"""The risk side's guards, as checks of one market."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.explain_risk import risk_checks
from edgelock.core.permit import Mode
from edgelock.core.risk import kill_switched, order_rejected, realized
from edgelock.core.risk_state import RiskState
from edgelock.core.risk_verdicts import permit_for, verdicts
from edgelock.core.settings import RiskSettings
from edgelock.core.units import Money
from tests.core.builders import NOON, TICKER, a_state, after

KILL = st.just(lambda state: kill_switched(state, NOON, on=True, who="command").state)
LOSS = st.just(lambda state: realized(state, TICKER, Money(-60_000_000), at=NOON, now=NOON).state)
REJECT = st.just(lambda state: order_rejected(state, TICKER, NOON).state)


def risk_after(*steps) -> RiskState:
    state = RiskState(settings=RiskSettings())
    for step in steps:
        state = step(state)
    return state


@given(st.lists(st.one_of(KILL, LOSS, REJECT), max_size=8))
def test_something_holds_exactly_when_the_permit_is_not_open(steps):
    risk = risk_after(*steps)

    holding = [check.name for check in risk_checks(risk, a_state(), NOON) if check.is_holding]

    permit = permit_for(risk, TICKER, NOON)
    assert bool(holding) is (permit.mode is not Mode.OPEN)
    assert holding[:1] == ([permit.reason] if permit.reason else [])


def test_every_guard_is_there_with_its_words_and_its_times():
    risk = risk_after(lambda state: kill_switched(state, NOON, on=True, who="command").state)

    checks = risk_checks(risk, a_state(now=after(5)), after(5))

    assert len(checks) == len(verdicts(risk, TICKER, after(5)))
    (kill,) = [check for check in checks if check.name == "kill"]
    assert (kill.where, kill.is_holding, kill.allowed, kill.since) == ("risk", True, "off", NOON)
    assert {check.where for check in checks} == {"risk"}


def test_a_tier_of_the_portfolio_has_a_name_of_its_own():
    names = [check.name for check in risk_checks(risk_after(), a_state(), NOON)]

    assert {"cb_soft", "portfolio cb_soft", "cb_hard", "portfolio cb_hard"} <= set(names)
    assert len(names) == len(set(names))
