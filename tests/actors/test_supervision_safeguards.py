"""Each safeguard, taken away: what it is there for then does not happen. So the tests that promise it can fail.

Every scene is played twice, with the safeguard and without it, and says at its end what came of it. What is absent is
read only after whoever could have brought it has ended or answered, never after a pause.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from pykka import ActorDeadError, ActorRegistry, ThreadingActor, ThreadingFuture

from edgelock.actors import base, restart_policy, watchdog
from edgelock.actors import notices as notice
from edgelock.actors.base import SupervisedActor, stop_message
from edgelock.actors.cell import PRESENT
from edgelock.actors.child_table import ChildTable
from edgelock.actors.crash_record import CrashRecord
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.rest_for_one import RestForOne
from edgelock.actors.supervision_tree import SupervisionTree
from edgelock.actors.supervisor_messages import RestartChild, Shutdown
from edgelock.actors.timer import TimerKey
from edgelock.actors.watchdog import Watchdog
from tests.actors.runtime_doubles import (
    PATIENCE_S,
    SECOND,
    Diary,
    Do,
    House,
    Note,
    ObedientActor,
    a_child,
    a_life,
    raising,
)
from tests.actors.supervised_house import Gate, Household, Hurdle

Scene = Callable[[], bool]


def ended(actor: SupervisedActor) -> bool:
    """Waits for the thread itself: without the safeguards nothing else says that an actor is gone."""
    assert actor.thread is not None
    actor.thread.join(PATIENCE_S)
    return not actor.thread.is_alive()


def launched(at_start: Callable[[int], object] | None = None, diary: Diary | None = None, **life) -> ObedientActor:
    actor = ObedientActor(a_life(**life), diary, at_start)
    actor.launch()
    return actor


def told_of_a_failing_start() -> bool:
    with House() as house:
        gate = Gate()

        def start(_: int) -> None:
            gate()
            raise ValueError("no start")

        house.add(a_child(at_start=start))
        assert gate.reached.wait(PATIENCE_S)
        house.settle()
        actor = house.child("market:A").actor
        gate.open()
        assert ended(actor)
        # Without the safeguard nobody answers the stop either, so its time has to pass.
        house.settle()
        house.tell(Shutdown())
        settle_or_end(house)
        house.timer.advance(10 * SECOND)
        return bool(house.notices.of(notice.ChildCrashed))


def a_bystander_lives_on() -> bool:
    victim, bystander = launched(name="victim"), launched(name="bystander")
    victim.incarnation.address.tell(Do(raising(SystemExit(1))))
    assert ended(victim)
    lives = not bystander.actor_stopped.is_set()
    bystander.incarnation.address.tell(stop_message())
    return ended(bystander) and lives


def a_failed_ask_kills() -> bool:
    actor = launched()
    with pytest.raises(ValueError, match="half done"):
        actor.actor_ref.ask(Do(raising(ValueError("half done"))), timeout=PATIENCE_S)
    is_over = actor.actor_stopped.is_set()
    actor.incarnation.address.tell(stop_message())
    return ended(actor) and is_over


def mail_behind_a_crash_reaches_the_heir() -> bool:
    diary, gate = Diary(), Gate()
    with House() as house:
        address = house.add(a_child(diary=diary))
        house.notices.wait_for(notice.ChildStarted)
        for message in (Do(gate), Do(raising(ValueError("poison"))), Note("behind")):
            address.tell(message)
        gate.open()
        house.notices.wait_for(notice.ChildCrashed)
        house.settle()
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted)
        address.tell(Note("last"))
        diary.wait_for("last", incarnation=2)
        return diary.of(2) == ["on_start", "behind", "last"]


def a_stop_overtakes_the_backlog() -> bool:
    diary, gate = Diary(), Gate()
    actor = launched(diary=diary)
    ref = actor.actor_ref
    for message in (Do(gate), Note("backlog"), stop_message()):
        ref.tell(message)
    gate.open()
    return ended(actor) and "backlog" not in diary.of(1)


def an_actor_that_asks_is_stopped_from_it() -> bool:
    other, asking = launched(name="other"), launched(name="asking")
    failed = threading.Event()

    def ask() -> None:
        try:
            other.actor_ref.ask(Note("?"), block=False)
        except RuntimeError:
            failed.set()

    asking.incarnation.address.tell(Do(ask))
    for actor in (asking, other):
        actor.actor_ref.ask(Note("done"), timeout=PATIENCE_S)
        actor.incarnation.address.tell(stop_message())
        assert ended(actor)
    return failed.is_set()


def no_ghost_stays_behind() -> bool:
    class Threadless(ObedientActor):
        def _start_actor_loop(self) -> None:
            raise RuntimeError("can't start new thread")

    ghost = Threadless(a_life())
    with pytest.raises(RuntimeError):
        ghost.launch()
    is_gone = not ActorRegistry.get_all()
    ActorRegistry.unregister(ghost.actor_ref)
    return is_gone


def the_supervisor_outlives_a_constructor() -> bool:
    def factory(_: Incarnation) -> SupervisedActor:
        raise ValueError("constructor")

    with House() as house:
        house.add(replace(a_child(), factory=factory))
        settle_or_end(house)
        return not house.supervisor.ended.is_set()


def settle_or_end(house: House) -> None:
    """Waits until the supervisor has handled what it was told, or has died of it."""
    try:
        house.settle()
    except ActorDeadError:
        assert house.supervisor.ended.wait(PATIENCE_S)


def a_hung_handler_is_found() -> bool:
    with Household(markets=("market:A",)) as house:
        gate = house.hold("market:A")
        house.watch(24, sparing=tuple(house.addresses[name] for name in ("telemetry", "exchange", "risk", "feed")))
        gate.open()
        return bool(house.notices.of(notice.ChildHung, busy_with="Do"))


def one_that_swallows_its_mail_is_found() -> bool:
    class Swallowing(ObedientActor):
        def _handle_receive(self, message):
            is_stop = isinstance(message, type(stop_message()))
            return super()._handle_receive(message) if is_stop or self.incarnation.number > 1 else None

    with House() as house:
        house.add(replace(a_child(), factory=Swallowing))
        house.notices.wait_for(notice.ChildStarted)
        for _ in range(24):
            house.settle()
            house.timer.advance(SECOND // 4)
        house.settle()
        return bool(house.notices.of(notice.ChildHung, busy_with="taking its mail without handling it"))


def nobody_is_accused_of_the_machines_own_pause() -> bool:
    with House() as house:
        gate = Gate()
        address = house.add(a_child())
        house.notices.wait_for(notice.ChildStarted)
        address.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        house.settle()
        house.timer.advance(60 * SECOND)
        house.settle()
        gate.open()
        return not house.notices.of(notice.ChildHung)


def a_zombie_ends_without_doing_more() -> bool:
    diary, gate = Diary(), Gate()
    actor = launched(diary=diary)
    actor.incarnation.address.tell(Do(gate))
    assert gate.reached.wait(PATIENCE_S)
    actor.abandon()
    actor.incarnation.address.point_at(None)
    gate.open()
    return ended(actor) and "on_stop" not in diary.of(1)


def a_dead_lifes_deadline_spares_its_heir() -> bool:
    diary = Diary()
    with House() as house:
        address = house.add(a_child(diary=diary))
        house.notices.wait_for(notice.ChildStarted)
        house.timer.schedule(TimerKey("market:A", 1, "tick"), house.clock() + 1, address, Note("stale"))
        address.tell(Do(raising(ValueError("bad"))))
        house.notices.wait_for(notice.ChildCrashed)
        house.settle()
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted)
        address.tell(Note("end"))
        diary.wait_for("end", incarnation=2)
        return "stale" not in diary.of(2)


def a_late_death_of_an_old_life_does_not_count() -> bool:
    with Household(markets=("market:A",)) as house:
        gate = house.hold("market:A")
        house.watch(21, sparing=tuple(house.addresses[name] for name in ("telemetry", "exchange", "risk", "feed")))
        house.notices.wait_for(notice.ChildHung)
        zombie = house.child("market:A").abandoned[0]
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted)
        house.settle()
        gate.open()
        assert zombie.ended.wait(PATIENCE_S)
        house.settle()
        return house.state("market:A") == "running"


def one_beyond_its_budget_is_quarantined() -> bool:
    with House() as house:
        house.add(a_child(at_start=Hurdle(1, 2, 3)))
        for crash in (1, 2, 3):
            house.notices.wait_for(notice.ChildCrashed, count=crash)
            house.settle()
            house.timer.advance(3 * SECOND)
        house.settle()
        return bool(house.notices.of(notice.ChildQuarantined))


def infrastructure_beyond_its_budget_is_escalated() -> bool:
    with Household(markets=()) as house:
        for life in (1, 2, 3):
            house.kill("feed")
            if house.notices.of(notice.Escalated):
                return True
            house.timer.advance(10 * SECOND)
            house.notices.wait_for(notice.ChildRestarted, name="feed", incarnation=life + 1)
        return False


def what_started_after_the_dead_one_starts_again() -> bool:
    with Household(markets=()) as house:
        house.kill("risk")
        house.rise()
        return house.status("feed").incarnation == 2


def hung_infrastructure_is_not_replaced() -> bool:
    with Household(markets=()) as house:
        gate = house.hold("feed")
        house.watch(24, sparing=tuple(house.addresses[name] for name in ("telemetry", "exchange", "risk")))
        house.timer.advance(SECOND)
        house.settle()
        gate.open()
        return house.state("feed") == "stopped"


def markets_crashing_together_are_held() -> bool:
    names = tuple(f"market:{letter}" for letter in "ABCD")
    with Household(markets=names) as house:
        for name in names:
            house.kill(name)
        return bool(house.notices.of(notice.StormHeld))


def nothing_is_restarted_while_stopping() -> bool:
    with House() as house:
        gate = Gate()
        address = house.add(a_child())
        house.notices.wait_for(notice.ChildStarted)
        address.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        house.tell(RestartChild("market:A"))
        house.settle()
        house.tell(Shutdown())
        house.settle()
        gate.open()
        assert house.supervisor.ended.wait(PATIENCE_S)
        heir = house.child("market:A").actor
        if heir is not None:
            address.tell(stop_message())
            assert ended(heir)
        return heir is None


class _Nothing:
    """Stands where a safeguard was."""

    def __call__(self, *_args: object, **_kwargs: object) -> None:
        return None


def pykka_starts(actor: SupervisedActor) -> None:
    ActorRegistry.register(actor.actor_ref)
    actor._start_actor_loop()


def pykka_handles_and_may_ask(actor: SupervisedActor, message: object) -> object:
    # `stop_all` asks, so the ban on asking would hold it up where the firewall does not.
    base._this_thread.is_actor = False
    return ThreadingActor._handle_receive(actor, message)


def launch_unguarded(tree: SupervisionTree, cell) -> None:
    tree.children.launch(cell)


def any_present(table: ChildTable, name: str, _incarnation: int):
    cell = table.get(name)
    return cell if cell is not None and cell.state in PRESENT else None


def restart_the_hung(rest: RestForOne, cell, reason: str) -> None:
    rest.crashed(cell, reason, reason)


SAFEGUARDS: dict[str, tuple[Scene, object, str, object]] = {
    "the report around the loop": (
        told_of_a_failing_start, ObedientActor, "_actor_loop", ThreadingActor._actor_loop),
    "the firewall": (a_bystander_lives_on, ObedientActor, "_handle_receive", pykka_handles_and_may_ask),
    "the death of a failed ask": (
        a_failed_ask_kills, ObedientActor, "_handle_receive", ThreadingActor._handle_receive),
    "the inbox of the address": (
        mail_behind_a_crash_reaches_the_heir, ObedientActor, "_actor_loop_teardown",
        ThreadingActor._actor_loop_teardown),
    "the lanes": (
        a_stop_overtakes_the_backlog, ObedientActor, "_create_actor_inbox",
        staticmethod(ThreadingActor._create_actor_inbox)),
    "the ban on asking": (
        an_actor_that_asks_is_stopped_from_it, ObedientActor, "_create_future", staticmethod(ThreadingFuture)),
    "the ghost's removal": (no_ghost_stays_behind, ObedientActor, "launch", pykka_starts),
    "the guard around constructors": (
        the_supervisor_outlives_a_constructor, SupervisionTree, "launch", launch_unguarded),
    "the busy mark and the heartbeat": (a_hung_handler_is_found, Watchdog, "_accuse", _Nothing()),
    "the heartbeat": (one_that_swallows_its_mail_is_found, watchdog, "_send_heartbeat", _Nothing()),
    "the notice of starvation": (
        nobody_is_accused_of_the_machines_own_pause, Watchdog, "is_starved", lambda *_: False),
    "the abandonment": (a_zombie_ends_without_doing_more, ObedientActor, "abandon", _Nothing()),
    "the end of deadlines": (a_dead_lifes_deadline_spares_its_heir, SupervisionTree, "bury", _Nothing()),
    "the number of a life": (a_late_death_of_an_old_life_does_not_count, ChildTable, "present", any_present),
    "the budget": (one_beyond_its_budget_is_quarantined, CrashRecord, "beyond_budget", lambda _: None),
    "the shared budget": (
        infrastructure_beyond_its_budget_is_escalated, CrashRecord, "beyond_budget", lambda _: None),
    "rest for one": (
        what_started_after_the_dead_one_starts_again, RestForOne, "_living_after_the_dead", lambda _: []),
    "the escalation of the hung": (hung_infrastructure_is_not_replaced, RestForOne, "give_up", restart_the_hung),
    "the end of restarts": (
        nothing_is_restarted_while_stopping, SupervisionTree, "is_frozen", property(lambda _: False)),
    "the storm": (
        markets_crashing_together_are_held, restart_policy, "_watch_for_storm", lambda state, *_: (state, ())),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_with_the_safeguard_it_happens_and_without_it_does_not(safeguard: str, monkeypatch: pytest.MonkeyPatch):
    scene, where, name, instead = SAFEGUARDS[safeguard]

    assert scene()
    monkeypatch.setattr(where, name, instead)
    assert not scene()


def test_an_address_spares_its_sender_where_a_reference_would_kill_it():
    actor = launched()
    address, reference = actor.incarnation.address, actor.actor_ref
    address.tell(stop_message())
    assert ended(actor)

    assert address.tell(Note("to the dead")) is False
    with pytest.raises(ActorDeadError):
        reference.tell(Note("to the dead"))
