"""The table of guards: every guard has its word, and the permit is what the words of those that hold come to."""

from dataclasses import replace

from hypothesis import given

from edgelock.core import risk
from edgelock.core.breakers import Conditions
from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.permit import Brake, Mode
from edgelock.core.risk import permit_for, verdicts
from edgelock.core.risk_state import DAY, RiskState
from edgelock.core.risk_verdicts import Verdict
from edgelock.core.settings import RiskSettings
from edgelock.core.units import SECOND, Money
from edgelock.core.venue_trust import exchange_status
from tests.core.builders import NOON, TICKER, after
from tests.core.risk_stories import MARKETS, OTHER, stories, told

CALM = RiskState(settings=RiskSettings(), day=NOON // DAY)
IN_ORDER = """
    stopping kill journal restart_storm loss_limit clock_skew cb_hard cb_hard rejects
    exchange_status order_group private_feed drift
    cb_soft cb_soft
"""
GUARDS = IN_ORDER.split()


def verdict(state: RiskState, name: str, *, ticker: str = TICKER, at=NOON, scope: str | None = None) -> Verdict:
    """The one of that name; of that scope where two share it."""
    (found,) = [v for v in verdicts(state, ticker, at) if v.name == name and scope in (None, v.scope)]
    return found


def holding(state: RiskState, ticker: str, at=NOON) -> list[Verdict]:
    return [each for each in verdicts(state, ticker, at) if each.is_holding]


@given(stories)
def test_a_permit_is_what_the_guards_that_hold_come_to(story):
    state, now = told(story)

    for ticker in MARKETS:
        permit, holds = permit_for(state, ticker, now), holding(state, ticker, now)
        assert permit.reason == (holds[0].name if holds else "")
        assert permit.mode is min([Mode.OPEN, *(each.mode for each in holds)])
        assert permit.brake is max([Brake.NONE, *(each.brake for each in holds)])
        ends = [each.until for each in holds if each.name == permit.reason]
        assert permit.until == (None if None in ends or not ends else max(ends))


@given(stories)
def test_every_guard_has_its_word_on_every_market_and_one_that_holds_knows_since_when(story):
    state, now = told(story)

    for ticker in MARKETS:
        found = verdicts(state, ticker, now)
        assert len(found) == len(GUARDS)
        for name, each in zip(GUARDS, found, strict=True):
            assert each.name == name or (name == "exchange_status" and each.is_holding)
            assert each.found
            assert each.allowed
            if each.is_holding:
                assert each.since is not None
                assert NOON <= each.since <= now
                assert each.until is None or each.until > now
            else:
                assert (each.since, each.until, each.mode, each.brake) == (None, None, Mode.OPEN, Brake.NONE)


@given(stories)
def test_what_is_said_of_the_whole_account_is_said_of_every_market(story):
    state, now = told(story)

    one, other = ([v for v in verdicts(state, ticker, now) if v.scope == "all"] for ticker in MARKETS)

    assert one == other


def test_nothing_holds_in_a_calm_market():
    assert holding(CALM, TICKER) == []


def test_a_breaker_shows_its_counts_and_the_thresholds_under_the_markets_conditions():
    state = CALM
    for second in range(14):
        state = risk.cancel_sent(state, TICKER, after(second), Conditions()).state

    soft = verdict(state, "cb_soft", at=after(13), scope="market")
    skewed = [v for v in verdicts(state, TICKER, after(13), Conditions(is_skewed=True)) if v.name == "cb_hard"]

    assert (soft.is_holding, soft.found) == (True, "14 in 30 s, 14 in 60 s")
    assert soft.allowed == "below 12 in 30 s, 18 in 60 s"
    assert (soft.since, soft.until) == (after(11), after(23))
    assert [(v.scope, v.allowed) for v in skewed] == [
        ("all", "below 60 in 30 s, 90 in 60 s"),
        ("market", "below 20 in 30 s, 30 in 60 s"),
    ]
    assert verdict(state, "cb_soft", ticker=OTHER, at=after(13), scope="market").found == "0 in 30 s, 0 in 60 s"


def test_the_loss_of_the_day_is_shown_in_dollars_beside_its_limit():
    lost = risk.realized(CALM, TICKER, Money(-12_345_600), at=NOON, now=NOON).state
    beyond = risk.realized(lost, TICKER, Money(-40_000_000), at=after(1), now=after(1)).state

    under = verdict(lost, "loss_limit")
    over = verdict(beyond, "loss_limit", at=after(2))

    assert (under.is_holding, under.found, under.allowed) == (False, "-12.3456 USD today", "above -50 USD")
    assert (over.is_holding, over.found, over.since) == (True, "-52.3456 USD today", after(1))
    assert verdict(beyond, "loss_limit", at=after(86_400)).found == "0 USD today"


def test_the_latch_says_who_moved_it_and_when():
    killed = risk.kill_switched(CALM, after(5), on=True, who="SIGUSR1").state
    earlier = risk.kill_switched(CALM, after(5), on=True, who="latch set by command", since=NOON).state

    assert (verdict(killed, "kill").found, verdict(killed, "kill").since) == ("on, by SIGUSR1", after(5))
    assert verdict(earlier, "kill").since == NOON


def test_rejects_show_how_many_are_in_a_row_and_then_the_pause():
    state = CALM
    for _ in range(4):
        state = risk.order_rejected(state, TICKER, NOON).state
    paused = risk.order_rejected(state, TICKER, after(1)).state

    assert (verdict(state, "rejects").found, verdict(state, "rejects").allowed) == ("4 in a row", "below 5 in a row")
    assert (verdict(paused, "rejects").since, verdict(paused, "rejects").until) == (after(1), after(61))


def test_the_clock_shows_how_far_it_is_off_also_while_that_is_allowed():
    near = risk.clock_compared(CALM, NOON, least_ms=-200, most_ms=900).state

    assert verdict(CALM, "clock_skew").found == "not compared yet"
    assert (verdict(near, "clock_skew").is_holding, verdict(near, "clock_skew").found) == (
        False,
        "-200 to 900 ms ahead of the venue",
    )


def test_a_pause_is_named_for_what_it_is_and_halts_while_orders_are_refused():
    def standing(**how) -> Verdict:
        step = exchange_status(CALM.venue, after(3), {0: ShardStanding(**how)})
        (found,) = holding(replace(CALM, venue=step.trust), TICKER, after(4))
        return found

    soon = standing(standing=Standing.PAUSING_SOON, is_scheduled=True, until=after(900))
    paused = standing(standing=Standing.TRADING_PAUSED)

    assert (soon.name, soon.mode, soon.since, soon.until) == ("maintenance", Mode.REDUCE_ONLY, after(3), after(900))
    assert (paused.name, paused.mode, paused.found) == ("trading_paused", Mode.HALTED, "trading_paused")


def test_when_the_portfolio_and_the_market_both_brake_the_permit_ends_with_the_later():
    wide = RiskState(settings=RiskSettings.model_validate({"portfolio_breaker_multiplier": 1}), day=NOON // DAY)
    state = wide
    for _ in range(16):
        state = risk.cancel_sent(state, OTHER, NOON, Conditions()).state
    for second in range(16):
        state = risk.cancel_sent(state, TICKER, after(second), Conditions()).state

    permit = permit_for(state, TICKER, after(15))

    assert (permit.reason, permit.until) == ("cb_hard", after(45))
    assert state.portfolio.until == after(30)
    assert after(45) > NOON + 30 * SECOND
