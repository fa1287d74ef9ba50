from dataclasses import replace
from types import MappingProxyType

import pytest

from edgelock.actors.address import Address
from edgelock.actors.cell import ChildState
from edgelock.actors.child_spec import ChildKind
from edgelock.actors.supervision_status import ChildStatus
from edgelock.core import telemetry as t
from edgelock.core.breakers import Breaker
from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import MarketState
from edgelock.core.permit import CLOSED_AT_START, Brake
from edgelock.core.position import Lot
from edgelock.core.risk import MarketRisk, RiskState
from edgelock.core.settings import RiskSettings
from edgelock.core.units import SECOND, Duration, Money
from edgelock.ops.live_view_model import MarketRow, RunFacts, ViewModel, view_model
from tests.core.builders import (
    ASK,
    BID,
    NOON,
    TICKER,
    a_book,
    a_market,
    a_position,
    a_state,
    after,
    an_exit,
    an_order,
    cents,
    contracts,
)

CALM = RiskState(settings=RiskSettings())
PAPER = RunFacts(mode="paper", venue="embedded", strategy="edge_locked", speed="60")


def a_child(name: str = f"market:{TICKER}", state: ChildState = ChildState.RUNNING, incarnation: int = 1):
    return ChildStatus(
        name=name,
        kind=ChildKind.ONE_FOR_ONE,
        state=state,
        incarnation=incarnation,
        restarts=incarnation - 1,
        restarts_in_window=0,
        restarts_max=5,
        window_ns=600 * SECOND,
        backoff_left_ns=0,
        state_since_ns=0,
        state_for_ns=0,
        last_crash=None,
        fatal_messages=0,
        last_signature=None,
        busy_with=None,
        busy_ns=0,
        handled_count=0,
        zombies=0,
        inbox=None,
        lost=Address(name).lost(),
    )


def seen(*states: MarketState, seconds: int = 0, **changes) -> ViewModel:
    """The picture so many seconds after noon."""
    facts = {
        "risk": CALM,
        "children": (a_child(),),
        "recent": (),
        "run": PAPER,
        "killed_by": None,
        "realized": Money(0),
        "now": after(seconds),
        "uptime": Duration(3_723 * SECOND),
        **changes,
    }
    risk, children, recent = (facts.pop(name) for name in ("risk", "children", "recent"))
    return view_model(states, risk, children, recent, **facts)


def row(state: MarketState, **options) -> MarketRow:
    return seen(state, **options).rows[0]


LONG = a_state(position=a_position(net=10, price=48))


def test_prices_are_those_of_the_book_at_this_moment():
    shown = row(a_state(view=a_book(44, 47)))

    assert (shown.bid, shown.ask) == ("44", "47")


def test_an_empty_side_shows_no_price():
    shown = row(a_state(view=a_book(bid=None)))

    assert (shown.bid, shown.ask) == ("", "48")


def test_a_position_shows_its_average_its_target_and_its_result_so_far():
    shown = row(LONG)

    assert (shown.state, shown.net, shown.vwap, shown.tp) == ("SKEW_LONG", "10", "48", "55")
    assert shown.open_pnl == "-0.10"


def test_an_average_between_two_cents_shows_its_half_cent():
    lots = (Lot(contracts(10), cents(44), NOON, Money(0)), Lot(contracts(10), cents(45), NOON, Money(0)))

    shown = row(replace(LONG, position=replace(LONG.position, lots=lots)))

    assert (shown.vwap, shown.tp) == ("44.5", "51.5")


def test_a_flat_market_shows_nothing_of_a_position():
    shown = row(a_state())

    assert (shown.net, shown.vwap, shown.tp, shown.age, shown.next_exit, shown.open_pnl) == ("0", "", "", "", "", "")


def test_the_age_runs_on_while_the_market_hears_nothing():
    assert LONG.now == NOON

    assert row(LONG, seconds=130).age == "2:10"


@pytest.mark.parametrize(
    ("seconds", "next_exit"),
    [(130, "SS5:50"), (480, "SS now"), (719, "SS now"), (720, "HC28:00"), (2_399, "HC0:01"), (2_400, "HC now")],
)
def test_the_next_exit_counts_down_in_engine_time(seconds, next_exit):
    assert row(LONG, seconds=seconds).next_exit == next_exit


def test_legacy_counts_down_to_its_contract_minutes():
    """120 contract-minutes are 12 minutes for 10 contracts."""
    legacy = replace(PAPER, strategy="legacy")
    limit = LONG.settings.legacy_flatten_contract_minutes
    due = limit * 60 // 10

    assert row(LONG, run=legacy, seconds=due - 61).next_exit == "FL1:01"
    assert row(LONG, run=legacy, seconds=due).next_exit == "FL now"


def test_the_best_of_our_orders_on_each_side_is_shown():
    orders = (
        an_order("a", BID, 43),
        an_order("b", BID, 44, filled=contracts(4)),
        an_exit("c", ASK, 55),
        an_exit("d", ASK, 57),
    )

    shown = row(a_state(orders=orders))

    assert (shown.our_bid, shown.our_ask) == ("6@44", "10@55")


def test_results_are_those_of_the_run_and_of_all_that_is_open():
    other = replace(LONG, position=a_position(net=-10, price=50))

    model = seen(LONG, other, realized=Money(2_460_000), children=())

    assert (model.realized, model.open_pnl) == ("+2.46", "+0.20")


def test_without_a_mark_there_is_no_open_result():
    blind = replace(LONG, feed=FeedStatus.DOWN)

    assert row(blind).open_pnl == ""


def test_a_kill_is_an_alert_at_once_and_holds_every_market_that_was_told_nothing_yet():
    killed = replace(CALM, is_killed=True)

    model = seen(a_state(), risk=killed, killed_by="command")

    assert model.alerts == ("KILLED by command",)
    assert model.rows[0].condition == "kill"
    assert seen(a_state(), risk=killed).alerts == ("KILLED by operator",)


def test_breakers_and_the_loss_limit_are_alerts_while_they_hold():
    tripped = Breaker(cancels=(NOON, NOON), tier=Brake.SOFT, until=after(12))
    risk = replace(
        CALM,
        portfolio=replace(tripped, tier=Brake.HARD, until=after(30)),
        markets=MappingProxyType({TICKER: MarketRisk(breaker=tripped)}),
        realized_today=Money(-100_000_000),
        loss_limit_until=after(40),
    )

    assert seen(a_state(), risk=risk).alerts == (
        "LOSS LIMIT: -100.00 today",
        "portfolio brake hard until 11:07:10",
        "1 braked",
    )
    assert seen(a_state(), risk=risk, seconds=40).alerts == ()


def test_cancels_leave_the_window_after_thirty_seconds():
    risk = replace(CALM, markets=MappingProxyType({TICKER: MarketRisk(breaker=Breaker(cancels=(NOON, NOON)))}))

    assert row(a_state(), risk=risk, seconds=29).cancels_30 == 2
    assert row(a_state(), risk=risk, seconds=30).cancels_30 == 0


def test_a_market_that_trades_has_no_condition():
    assert row(a_state()).condition == ""


def test_the_condition_says_why_a_market_does_not_trade():
    paused, over = (a_market(status=status) for status in (MarketStatus.INACTIVE, MarketStatus.DETERMINED))

    assert row(a_state(market=paused)).condition == "paused"
    assert row(a_state(market=over)).condition == "determined"
    assert row(a_state(permit=CLOSED_AT_START)).condition == "starting"
    assert row(a_state(permit=CLOSED_AT_START), risk=None).condition == "starting"
    assert row(a_state(feed=FeedStatus.GAP)).condition == "feed gap"


def test_an_actor_that_is_down_comes_before_every_other_condition():
    killed = replace(CALM, is_killed=True)
    quarantined = a_child(state=ChildState.QUARANTINED, incarnation=6)

    model = seen(a_state(), risk=killed, children=(quarantined,))

    assert (model.rows[0].condition, model.rows[0].restarts) == ("quarantine", 5)
    assert "1 in quarantine" in model.alerts
    assert row(a_state(), children=(a_child(state=ChildState.BACKOFF),)).condition == "backoff"


def test_infrastructure_that_is_down_is_named():
    assert seen(children=(a_child("feed", ChildState.BACKOFF), a_child("risk"))).alerts == ("feed backoff",)


def test_the_newest_events_are_told_in_their_order():
    events = seen(recent=(t.KillOn(at=NOON, who="command"), t.KillOff(at=after(1), who="command"))).events

    assert [event.split()[1] for event in events] == ["kill_on", "kill_off"]


def test_a_run_says_farewell_when_it_has_ended():
    done = t.ShutdownDone(at=NOON, open_orders=0, positions=(), realized=Money(0), exit_code=0)
    disconnected = t.SocketDisconnected(at=NOON, url="ws", reason="stopped", retry_s=None)

    assert seen().farewell == ""
    assert seen(recent=(done, disconnected)).farewell.startswith("stopped; 0 orders left open")


def test_a_picture_before_the_risk_side_has_spoken_has_no_alerts():
    assert seen(a_state(), risk=None).alerts == ()
    assert seen(risk=None, realized=Money(0)).open_pnl == "0.00"
