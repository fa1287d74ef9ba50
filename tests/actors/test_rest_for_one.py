"""Infrastructure that dies: who is stopped, in which order all start again, and when it is given up."""

from dataclasses import replace

import pytest

from edgelock.actors import notices as notice
from edgelock.actors.child_spec import RestartType
from edgelock.actors.restart_events import RestartBudget
from edgelock.actors.supervision_limits import SupervisionLimits
from edgelock.actors.supervisor_messages import AddChild, RemoveChild, RestartChild, Shutdown
from tests.actors.runtime_doubles import SECOND, Diary, Do, House, Note, a_child, raising
from tests.actors.supervised_house import INFRASTRUCTURE, Doors, Gate, Household, Hurdle

MARKETS = ("market:A", "market:B")


def up_again(house: Household, *names: str, life: int = 2) -> None:
    for name in names:
        house.notices.wait_for(notice.ChildRestarted, name=name, incarnation=life)


@pytest.mark.parametrize("dead", INFRASTRUCTURE)
def test_what_started_after_the_dead_one_stops_in_reverse_and_starts_again_in_order(dead):
    later = INFRASTRUCTURE[INFRASTRUCTURE.index(dead) + 1 :]
    with Household() as house:
        house.doors.order.lines.clear()
        house.kill(dead, ValueError("bad fact"))
        told = house.notices.wait_for(notice.InfrastructureRestarting)
        house.notices.wait_for(notice.ChildStopped, name=(later or MARKETS)[0])
        house.rise()
        up_again(house, *MARKETS)

        assert (told.name, told.reason, told.backoff_ns) == (dead, "ValueError: bad fact", SECOND // 2)
        assert (*MARKETS, *reversed(later)) == told.stopped
        lines = [line for _, line in house.doors.order.lines]
        assert {"market:A down", "market:B down"} == set(lines[:2])
        assert [*[f"{name} down" for name in reversed(later)], *[f"{name} up" for name in (dead, *later)]] == lines[
            2:-2
        ]
        assert {"market:A up", "market:B up"} == set(lines[-2:])
        lives = {name: house.status(name).incarnation for name in INFRASTRUCTURE}
        assert lives == {name: 2 if name == dead or name in later else 1 for name in INFRASTRUCTURE}


def test_the_death_is_told_before_anything_else_comes_of_it():
    with Household() as house:
        before = len(house.notices.all)
        house.kill("exchange")
        house.notices.wait_for(notice.ChildStopped, name="risk")

        news = house.notices.all[before:]
        assert [notice.ChildCrashed, notice.InfrastructureRestarting] == [
            type(each) for each in news if not isinstance(each, notice.RequestRefused)
        ][:2]


def test_nobody_starts_before_the_backoff_is_over_nor_before_everybody_has_stopped():
    doors, gate = Doors(), Gate()
    doors.at_stop["market:A"] = gate
    with Household(doors=doors) as house:
        house.kill("feed")
        assert gate.reached.wait(20)
        house.timer.advance(SECOND)
        house.settle()
        assert house.state("feed") == "backoff"
        assert house.status("feed").backoff_left_ns == 0

        gate.open()

        up_again(house, "feed", *MARKETS)


def test_mail_waits_for_the_next_life_and_the_message_that_killed_is_not_delivered_again():
    diary = Diary()
    risk = a_child("risk", kind=Doors().child("risk").kind, diary=diary)
    with House(infrastructure=(risk,)) as house:
        market_diary = Diary()
        market = house.add(a_child("market:A", diary=market_diary))
        house.notices.wait_for(notice.ChildStarted, name="market:A")
        risk.address.tell(Do(raising(ValueError("poison"))))
        risk.address.tell(Note("behind"))
        house.notices.wait_for(notice.ChildStopped, name="market:A")
        assert market.tell(Note("meanwhile"))
        house.timer.advance(SECOND)

        diary.wait_for("behind", incarnation=2)
        market_diary.wait_for("meanwhile", incarnation=2)
        assert house.status("risk").fatal_messages == 1
        assert len(house.notices.of(notice.ChildCrashed)) == 1


def test_the_third_death_within_the_window_is_escalated_whoever_died():
    with Household() as house:
        for number, name in enumerate(("exchange", "risk")):
            house.kill(name)
            house.rise(number + 2)
            up_again(house, *MARKETS, life=number + 2)
        assert (house.status("telemetry").restarts_in_window, house.status("telemetry").restarts_max) == (2, 2)

        house.kill("feed")

        escalated = house.notices.wait_for(notice.Escalated)
        assert escalated.name == "feed"
        assert "more than 2 crashes in 300 s" in escalated.reason
        house.settle()
        house.timer.advance(60 * SECOND)
        house.settle()
        assert house.state("feed") == "stopped"
        assert len(house.notices.of(notice.InfrastructureRestarting)) == 2


def test_deaths_far_enough_apart_are_forgiven():
    with Household() as house:
        for number in range(4):
            house.kill("risk")
            house.rise(number + 2)
            up_again(house, *MARKETS, life=number + 2)
            house.timer.advance(301 * SECOND)

        assert not house.notices.of(notice.Escalated)
        assert {told.backoff_ns for told in house.notices.of(notice.InfrastructureRestarting)} == {SECOND // 2}


def test_infrastructure_that_cannot_start_is_tried_within_its_budget_and_then_escalated():
    doors = Doors()
    doors.at_start["exchange"] = Hurdle(1, 2, 3, 4, error=OSError("no venue"))
    with House(infrastructure=tuple(doors.child(name) for name in INFRASTRUCTURE)) as house:
        house.add(doors.child("market:A"))
        for crash in (1, 2, 3):
            house.notices.wait_for(notice.ChildCrashed, count=crash)
            house.settle()
            house.timer.advance(2 * SECOND)

        assert house.notices.wait_for(notice.Escalated, name="exchange").reason.startswith("OSError: no venue; ")
        backoffs = [told.backoff_ns for told in house.notices.of(notice.InfrastructureRestarting)]
        assert backoffs == [SECOND // 2, SECOND]
        house.settle()
        # Nobody waits for somebody who will never come.
        assert {house.status(name).state for name in ("exchange", "risk", "feed", "market:A")} == {"stopped"}
        assert not house.status("market:A").incarnation


def test_one_that_failed_at_its_first_start_comes_up_and_the_markets_with_it():
    doors = Doors()
    doors.at_start["exchange"] = Hurdle(1)
    with House(infrastructure=tuple(doors.child(name) for name in INFRASTRUCTURE)) as house:
        house.add(doors.child("market:A"))
        house.notices.wait_for(notice.InfrastructureRestarting, name="exchange", stopped=())
        house.timer.advance(SECOND)

        house.notices.wait_for(notice.ChildRestarted, name="exchange")
        house.notices.wait_for(notice.ChildStarted, name="market:A", incarnation=1)


def test_hung_infrastructure_is_escalated_at_once_and_never_replaced():
    with Household(markets=()) as house:
        gate = house.hold("risk")
        house.watch(24, sparing=tuple(house.addresses[name] for name in ("telemetry", "exchange", "feed")))

        assert house.notices.wait_for(notice.Escalated).reason == "hung: Do"
        assert (house.state("risk"), house.status("risk").incarnation) == ("stopped", 1)
        assert not house.notices.of(notice.InfrastructureRestarting)
        gate.open()


def test_infrastructure_that_does_not_stop_for_the_one_before_it_is_escalated():
    with Household(markets=()) as house:
        gate = house.hold("risk")
        house.kill("exchange")
        house.notices.wait_for(notice.ChildStopped, name="feed")
        house.timer.advance(5 * SECOND)

        assert house.notices.wait_for(notice.Escalated, name="risk").reason == "did not stop in time"
        house.settle()
        assert {house.state(name) for name in ("exchange", "risk", "feed")} == {"stopped"}
        assert house.state("telemetry") == "running"
        gate.open()


def test_a_market_that_does_not_stop_in_time_is_abandoned_and_returns_with_the_others():
    with Household() as house:
        gate = house.hold("market:A")
        house.kill("feed")
        house.timer.advance(5 * SECOND)
        house.notices.wait_for(notice.ChildStopped, name="market:A", is_abandoned=True)

        up_again(house, "feed", *MARKETS)
        assert house.status("market:A").zombies == 1
        gate.open()


def test_one_that_dies_while_it_stops_is_told_and_holds_nothing_up():
    doors = Doors()
    doors.at_stop["feed"] = doors.at_stop["market:A"] = Hurdle(1)
    with Household(doors=doors) as house:
        house.kill("risk")
        house.notices.wait_for(notice.ChildCrashed, name="feed", phase="on_stop")
        house.rise()
        up_again(house, "risk", "feed", *MARKETS)

        assert house.status("market:A").restarts_in_window == 0
        assert house.status("risk").restarts_in_window == 1


def test_a_second_death_before_everybody_is_up_again_widens_the_fall():
    with Household() as house:
        house.kill("feed")
        house.notices.wait_for(notice.ChildStopped, name="market:B")
        house.kill("exchange")

        widened = house.notices.wait_for(notice.InfrastructureRestarting, name="exchange")
        house.notices.wait_for(notice.ChildStopped, name="risk")
        assert (widened.stopped, widened.backoff_ns) == (("risk",), SECOND)
        house.rise()
        up_again(house, "exchange", "risk", "feed", *MARKETS)
        assert house.status("telemetry").incarnation == 1


def test_the_backoff_of_the_first_death_means_nothing_after_the_second():
    with Household(markets=()) as house:
        house.kill("feed")
        house.timer.advance(SECOND // 4)
        house.kill("exchange")
        house.timer.advance(SECOND // 2)
        house.settle()

        assert house.state("exchange") == "backoff"
        house.rise()


def test_one_after_the_dead_that_dies_unasked_counts_too():
    doors, gate = Doors(), Gate()
    doors.at_stop["market:A"] = gate
    with Household(doors=doors) as house:
        house.kill("risk")
        assert gate.reached.wait(20)
        house.kill("feed")
        gate.open()
        house.rise()
        up_again(house, "risk", "feed", *MARKETS)

        assert house.status("risk").restarts_in_window == 2


# A market keeps what it had.


def test_a_market_in_its_backoff_keeps_it_and_one_in_quarantine_stays_there():
    with Household(markets=("market:A",)) as house:
        slow = RestartBudget(backoff_base_ns=30 * SECOND)
        house.add(house.doors.child("market:slow", budget=slow))
        house.add(house.doors.child("market:bad", budget=RestartBudget(max_restarts=0)))
        for name in ("market:slow", "market:bad"):
            house.notices.wait_for(notice.ChildStarted, name=name)
            house.kill(name)

        house.kill("exchange")
        house.timer.advance(SECOND)
        up_again(house, "exchange", "market:A")
        assert (house.state("market:slow"), house.state("market:bad")) == ("backoff", "quarantined")
        assert house.status("market:slow").backoff_left_ns == 29 * SECOND

        house.timer.advance(29 * SECOND)
        up_again(house, "market:slow")
        assert house.status("market:slow").restarts_in_window == 1
        assert house.state("market:bad") == "quarantined"


def test_a_market_whose_backoff_ends_while_infrastructure_is_down_waits_for_it():
    doors, gate = Doors(), Gate(2)
    doors.at_start["exchange"] = gate
    with Household(doors=doors) as house:
        house.kill("market:A")
        house.kill("exchange")
        house.timer.advance(SECOND)
        assert gate.reached.wait(20)
        house.settle()
        assert (house.state("market:A"), house.status("market:A").incarnation) == ("waiting", 1)

        gate.open()

        up_again(house, *MARKETS)


# Requests in the middle of it.


def in_the_middle(doors: Doors) -> Gate:
    """The exchange dies and its next life does not come up until the gate is opened."""
    doors.at_start["exchange"] = gate = Gate(2)
    return gate


def fall(house: Household, gate: Gate) -> None:
    house.kill("exchange")
    house.timer.advance(SECOND)
    assert gate.reached.wait(20)
    house.settle()


def test_a_child_added_meanwhile_starts_with_the_others():
    doors = Doors()
    gate = in_the_middle(doors)
    with Household(doors=doors) as house:
        fall(house, gate)
        house.tell(AddChild(doors.child("market:C")))
        house.settle()
        assert house.state("market:C") == "new"
        gate.open()

        house.notices.wait_for(notice.ChildStarted, name="market:C", incarnation=1)


@pytest.mark.parametrize("is_stopped", [False, True], ids=["still stopping", "stopped"])
def test_a_child_removed_meanwhile_does_not_come_back(is_stopped):
    doors = Doors()
    gate, stopping = in_the_middle(doors), Gate()
    if not is_stopped:
        doors.at_stop["market:A"] = stopping
    with Household(doors=doors) as house:
        house.kill("exchange")
        if is_stopped:
            house.notices.wait_for(notice.ChildStopped, name="market:A")
        house.tell(RemoveChild("market:A"))
        house.settle()
        stopping.open()
        gate.open()
        house.notices.wait_for(notice.ChildStopped, name="market:B")
        house.settle()
        house.timer.advance(SECOND)

        up_again(house, "market:B")
        house.settle()
        assert "market:A" not in {child.name for child in house.supervisor.supervision_status().children}


@pytest.mark.parametrize("is_stopped", [False, True], ids=["still stopping", "stopped"])
def test_a_restart_meanwhile_clears_the_record_and_waits_for_the_infrastructure(is_stopped):
    doors = Doors()
    gate, stopping = in_the_middle(doors), Gate(2)
    if not is_stopped:
        doors.at_stop["market:A"] = stopping
    with Household(doors=doors) as house:
        house.kill("market:A")
        house.timer.advance(SECOND)
        up_again(house, "market:A")
        assert house.status("market:A").restarts_in_window == 1
        house.kill("exchange")
        if is_stopped:
            house.notices.wait_for(notice.ChildStopped, name="market:A")
        house.tell(RestartChild("market:A"))
        house.settle()
        stopping.open()
        house.notices.wait_for(notice.ChildStopped, name="market:A")
        house.settle()
        assert (house.state("market:A"), house.status("market:A").incarnation) == ("waiting", 2)
        gate.open()
        house.timer.advance(SECOND)

        up_again(house, "market:A", life=3)
        assert house.status("market:A").restarts_in_window == 0


def test_a_quarantined_market_restarted_meanwhile_waits_and_its_mail_with_it():
    doors = Doors()
    gate = in_the_middle(doors)
    with Household(doors=doors, markets=()) as house:
        market = house.add(doors.child("market:A", budget=RestartBudget(max_restarts=0)))
        house.notices.wait_for(notice.ChildStarted, name="market:A")
        house.kill("market:A")
        fall(house, gate)
        house.tell(RestartChild("market:A"))
        house.settle()

        assert house.state("market:A") == "waiting"
        assert market.tell(Note("kept"))
        gate.open()
        up_again(house, "market:A")


def test_infrastructure_is_not_restarted_by_request():
    with Household() as house:
        house.tell(RestartChild("risk"))

        refused = house.notices.wait_for(notice.RequestRefused, name="risk")
        assert "infrastructure" in refused.reason


@pytest.mark.parametrize("moment", ["markets stop", "infrastructure stops", "back-off", "start"])
def test_a_stop_at_any_moment_of_it_stops_everything_and_restarts_nothing(moment):
    doors = Doors()
    gate = Gate(2) if moment == "start" else Gate(1)
    if moment == "markets stop":
        doors.at_stop["market:A"] = gate
    elif moment == "infrastructure stops":
        doors.at_stop["risk"] = gate
    elif moment == "start":
        doors.at_start["exchange"] = gate
    with Household(doors=doors) as house:
        house.kill("exchange")
        if moment == "start":
            house.notices.wait_for(notice.ChildStopped, name="risk")
            house.settle()
            house.timer.advance(SECOND)
        if moment == "back-off":
            house.notices.wait_for(notice.ChildStopped, name="risk")
        else:
            assert gate.reached.wait(20)
        house.tell(Shutdown())
        house.settle()
        gate.open()

    assert not house.notices.of(notice.ChildRestarted)
    assert len(house.notices.of(notice.InfrastructureReady)) == 1
    assert house.doors.order.lines[-1] == (1, "telemetry down")


# The storm beside it.


def test_a_probe_that_was_stopped_for_the_infrastructure_has_to_pass_its_trial_anew():
    limits = SupervisionLimits(infrastructure=RestartBudget(backoff_base_ns=30 * SECOND))
    names = tuple(f"market:{letter}" for letter in "ABCD")
    with Household(markets=names, limits=limits) as house:
        for name in names:
            house.kill(name)
        house.notices.wait_for(notice.StormHeld)
        house.timer.advance(SECOND)
        house.settle()
        house.timer.advance(60 * SECOND)
        probe = house.notices.wait_for(notice.ChildRestarted).name
        house.settle()

        house.kill("feed")
        house.notices.wait_for(notice.ChildStopped, name=probe)
        house.settle()
        house.timer.advance(10 * SECOND)
        house.settle()
        assert house.supervisor.supervision_status().is_storm
        house.timer.advance(20 * SECOND)
        up_again(house, probe, life=3)
        house.settle()
        house.timer.advance(5 * SECOND)

        assert house.notices.wait_for(notice.StormOver).probe == probe


def test_infrastructure_is_permanent():
    transient = replace(Doors().child("risk"), restart=RestartType.TRANSIENT)

    with pytest.raises(ValueError, match="permanent"):
        House(infrastructure=(transient,))
