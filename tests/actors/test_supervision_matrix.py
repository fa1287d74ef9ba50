"""Every way to die or to pretend to live, for every actor: the reaction is the one that docs/supervision.md states.

The table there is read: its rows are the failures below, its cells the reactions below. Real threads, hand-moved time.
"""

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgelock.actors import notices as notice
from edgelock.actors.base import stop_message
from edgelock.actors.supervisor_messages import Shutdown
from tests.actors.runtime_doubles import PATIENCE_S, SECOND, Do, House, ObedientActor, raising
from tests.actors.supervised_house import INFRASTRUCTURE, Doors, Gate, Hurdle

PAGE = Path(__file__).parents[2] / "docs" / "supervision.md"
VICTIMS = ("market:A", *INFRASTRUCTURE)
BYSTANDER = "market:B"


def documented() -> dict[str, tuple[str, str]]:
    """Failure -> (reaction when it is a market's, reaction when it is infrastructure's)."""
    section = PAGE.read_text().split("## What becomes of a failure", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", section, re.M)]
    return {failure: (market, infrastructure) for failure, _, market, infrastructure in rows[2:]}


class Failing(ObedientActor):
    """In its first life it fails as `how` says; its later lives are sound."""

    def __init__(self, incarnation, spec, how) -> None:
        self._how = how if incarnation.number == 1 else ""
        if self._how == "constructor":
            raise ValueError("constructor")
        sound = spec.factory(incarnation)
        super().__init__(incarnation, sound.diary, sound._at_start, sound._at_stop)

    def _start_actor_loop(self) -> None:
        if self._how == "thread":
            raise RuntimeError("can't start new thread")
        super()._start_actor_loop()

    def _handle_receive(self, message):
        if self._how == "swallow" and not isinstance(message, type(stop_message())):
            return None
        return super()._handle_receive(message)

    def _report_death(self) -> None:
        if self._how == "silence":
            self.ended.set()
        else:
            super()._report_death()


class Scene:
    """A house in which `victim` fails, by itself or when `strike` is called; whoever hangs is let go at the end."""

    def __init__(self, victim: str, *, how: str = "", at_start=None, at_stop=None) -> None:
        self.victim, self.doors, self.gate = victim, Doors(), Gate(1)
        if at_start is not None:
            self.doors.at_start[victim] = at_start(self.gate)
        if at_stop is not None:
            self.doors.at_stop[victim] = at_stop(self.gate)
        self.strike: Callable[[], object] = lambda: None
        self._how = how
        self.specs = {name: self._spec(name) for name in (*INFRASTRUCTURE, "market:A", BYSTANDER)}
        self.house = House(infrastructure=tuple(self.specs[name] for name in INFRASTRUCTURE))
        self.notices = self.house.notices

    def _spec(self, name: str):
        sound = self.doors.child(name)
        if name != self.victim or not self._how:
            return sound
        return replace(sound, factory=lambda life: Failing(life, sound, self._how))

    def __enter__(self) -> "Scene":
        self.house.__enter__()
        for name in (BYSTANDER, "market:A"):
            self.house.add(self.specs[name])
        return self

    def __exit__(self, *error: object) -> None:
        self.gate.open()
        self.house.__exit__(*error)

    @property
    def is_market(self) -> bool:
        return self.victim == "market:A"

    def all_up(self) -> "Scene":
        for name in (*INFRASTRUCTURE, "market:A", BYSTANDER):
            self.notices.wait_for(notice.ChildStarted, name=name)
        self.house.settle()
        return self

    def tell(self, message: object) -> None:
        self.specs[self.victim].address.tell(message)

    def answers(self, name: str) -> bool:
        answered = threading.Event()
        self.specs[name].address.tell(Do(answered.set))
        return answered.wait(PATIENCE_S)

    def watch(self) -> None:
        """Six seconds of the watchdog's rounds, or until somebody hangs; the others answer before each."""
        for _ in range(24):
            for child in self.house.supervisor.supervision_status().children:
                if child.name != self.victim and child.state == "running":
                    assert self.answers(child.name)
            self.house.settle()
            if self.notices.of(notice.ChildHung):
                break
            self.house.timer.advance(SECOND // 4)
        self.house.settle()


# The failures.


def in_a_handler(error: BaseException) -> Callable[[str], Scene]:
    def scene(victim: str) -> Scene:
        scene = Scene(victim)
        scene.strike = lambda: scene.all_up().tell(Do(raising(error)))
        return scene

    return scene


def under_an_ask(victim: str) -> Scene:
    scene = Scene(victim)

    def strike() -> None:
        actor = scene.all_up().house.child(victim).actor
        asked = actor.actor_ref.ask(Do(raising(ValueError("asked for"))), block=False)
        with pytest.raises(ValueError, match="asked for"):
            asked.get(timeout=PATIENCE_S)

    scene.strike = strike
    return scene


def at_its_start(victim: str) -> Scene:
    return Scene(victim, at_start=lambda _: Hurdle(1))


def at_every_start(victim: str) -> Scene:
    return Scene(victim, at_start=lambda _: Hurdle(*range(1, 50)))


def at_its_stop(victim: str) -> Scene:
    scene = Scene(victim, at_stop=lambda _: Hurdle(1))
    scene.strike = lambda: scene.all_up().house.tell(Shutdown())
    return scene


def before_it_lives(how: str) -> Callable[[str], Scene]:
    return lambda victim: Scene(victim, how=how)


def hung_in_a_handler(victim: str) -> Scene:
    scene = Scene(victim)

    def strike() -> None:
        scene.all_up().tell(Do(lambda: scene.gate(1)))
        assert scene.gate.reached.wait(PATIENCE_S)
        scene.watch()

    scene.strike = strike
    return scene


def hung_at_its_start(victim: str) -> Scene:
    scene = Scene(victim, at_start=lambda gate: gate)

    def strike() -> None:
        assert scene.gate.reached.wait(PATIENCE_S)
        scene.watch()

    scene.strike = strike
    return scene


def stopped_by_itself(victim: str) -> Scene:
    scene = Scene(victim)
    scene.strike = lambda: scene.all_up().tell(stop_message())
    return scene


def swallowing(victim: str) -> Scene:
    scene = Scene(victim, how="swallow")
    scene.strike = lambda: scene.all_up().watch()
    return scene


def ended_without_a_word(victim: str) -> Scene:
    scene = Scene(victim, how="silence")

    def strike() -> None:
        actor = scene.all_up().house.child(victim).actor
        scene.tell(Do(raising(ValueError("nobody hears this"))))
        assert actor.ended.wait(PATIENCE_S)
        scene.watch()

    scene.strike = strike
    return scene


FAILURES = {
    "exception in a handler": in_a_handler(ValueError("bad")),
    "exception under an ask": under_an_ask,
    "`SystemExit` in a handler": in_a_handler(SystemExit(2)),
    "`KeyboardInterrupt` in a handler": in_a_handler(KeyboardInterrupt()),
    "`CancelledError` in a handler": in_a_handler(asyncio.CancelledError()),
    "`on_start` raises": at_its_start,
    "`on_start` raises again and again": at_every_start,
    "`on_stop` raises": at_its_stop,
    "the constructor raises": before_it_lives("constructor"),
    "`Thread.start` fails": before_it_lives("thread"),
    "stopped by itself": stopped_by_itself,
    "hung in a handler": hung_in_a_handler,
    "hung in `on_start`": hung_at_its_start,
    "swallows its mail": swallowing,
    "ended without a word": ended_without_a_word,
}


# The reactions.


def starts_again(scene: Scene) -> None:
    """The victim's second life answers, and whoever had no part in it is in the first."""
    if scene.is_market:
        scene.notices.wait_for(notice.ChildHung if scene.notices.of(notice.ChildHung) else notice.ChildCrashed)
    else:
        told = scene.notices.wait_for(notice.InfrastructureRestarting, name=scene.victim)
        for name in told.stopped:
            scene.notices.wait_for(notice.ChildStopped, name=name)
    scene.house.settle()
    scene.house.timer.advance(SECOND)
    scene.notices.wait_for(notice.ChildRestarted, name=scene.victim, incarnation=2)
    for name in scene.specs:
        assert scene.answers(name), f"{name} is mute"
    before = INFRASTRUCTURE if scene.is_market else INFRASTRUCTURE[: INFRASTRUCTURE.index(scene.victim)]
    for name in (*before, *([BYSTANDER] if scene.is_market else [])):
        assert scene.house.status(name).incarnation == 1
    assert not scene.notices.of(notice.Escalated)


def quarantined(scene: Scene) -> None:
    """The victim stays down, and nobody else noticed."""
    for crash in (1, 2, 3):
        scene.notices.wait_for(notice.ChildCrashed, count=crash)
        scene.house.settle()
        scene.house.timer.advance(2 * SECOND)
    scene.notices.wait_for(notice.ChildQuarantined, name=scene.victim)
    assert scene.house.status(scene.victim).state == "quarantined"
    assert scene.answers(BYSTANDER)


def escalated(scene: Scene) -> None:
    """The supervisor gives up: the victim is not replaced, and nothing is started any more."""
    for _ in range(3):
        if scene.notices.of(notice.Escalated):
            break
        known = len(scene.notices.of(notice.ChildCrashed))
        scene.house.settle()
        scene.house.timer.advance(2 * SECOND)
        if known < 3:
            scene.notices.wait_for(notice.ChildCrashed, count=known + 1)
    scene.notices.wait_for(notice.Escalated, name=scene.victim)
    scene.house.settle()
    scene.house.timer.advance(60 * SECOND)
    scene.house.settle()
    assert scene.house.status(scene.victim).state == "stopped"
    assert not scene.notices.of(notice.ChildRestarted, name=scene.victim)


def is_told_and_stops(scene: Scene) -> None:
    """It does not hold up the stop."""
    assert scene.house.supervisor.ended.wait(PATIENCE_S)
    assert scene.notices.wait_for(notice.ChildCrashed, name=scene.victim).phase == "on_stop"
    scene.notices.wait_for(notice.ChildStopped, name="telemetry", is_abandoned=False)


REACTIONS = {
    "starts again, alone": starts_again,
    "starts again, with all after it": starts_again,
    "quarantine": quarantined,
    "escalated": escalated,
    "told; the stop goes on": is_told_and_stops,
}


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("failure", FAILURES)
def test_the_reaction_is_the_documented_one(failure: str, victim: str):
    market, infrastructure = documented()[failure]
    with FAILURES[failure](victim) as scene:
        scene.strike()
        REACTIONS[market if scene.is_market else infrastructure](scene)


def test_the_page_and_these_tests_know_the_same_failures():
    assert set(FAILURES) == set(documented())
