"""Random faults from a seed, and what must hold whatever they were. Real threads, hand-moved time."""

import random
import threading
from collections.abc import Callable

import pytest

from edgelock.actors.address import Address
from edgelock.actors.base import stop_message
from edgelock.actors.cell import ChildState
from edgelock.actors.child_spec import ChildSpec
from edgelock.actors.notices import InfrastructureRestarting
from edgelock.actors.restart_events import RestartBudget, StormRule
from edgelock.actors.supervision_limits import SupervisionLimits
from edgelock.actors.supervision_status import ChildStatus
from edgelock.actors.supervisor_messages import AddChild, RemoveChild, RestartChild
from tests.actors.runtime_doubles import PATIENCE_S, SECOND, Diary, Do, House, Note, a_child, raising
from tests.actors.supervised_house import INFRASTRUCTURE, Doors

ROUNDS = 60
ATTACKED = [f"market:{n}" for n in range(8)]
SPARED = [f"spared:{n}" for n in range(3)]
ENDLESS = RestartBudget(max_restarts=10**6, equal_signatures_max=10**6, backoff_cap_ns=SECOND)
LIMITS = SupervisionLimits(storm=StormRule(children_min=10**6), zombies_max=10**6)


class Chance:
    """Draws faults, and holds the gates at which hung handlers wait."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.gates: list[threading.Event] = []
        self.start_fails: set[str] = set()

    def at_start_of(self, name: str) -> Callable[[int], None]:
        def start(_: int) -> None:
            if name in self.start_fails:
                self.start_fails.discard(name)
                raise OSError("cannot start")

        return start

    def attack(self, name: str, address: Address) -> None:
        fault = self.draw.choice(["raise", "raise", "exit", "hang", "start", "none"])
        if fault == "start":
            self.start_fails.add(name)
        if fault in ("raise", "start"):
            address.tell(Do(raising(ValueError("chance"))))
        elif fault == "exit":
            address.tell(Do(raising(SystemExit(1))))
        elif fault == "hang":
            gate = threading.Event()
            self.gates.append(gate)
            address.tell(Do(lambda: gate.wait(PATIENCE_S)))

    def release(self, count: int) -> None:
        for _ in range(min(count, len(self.gates))):
            self.gates.pop(self.draw.randrange(len(self.gates))).set()


def answers(address: Address) -> bool:
    """Whether whoever lives there handles a message, in the end."""
    answered = threading.Event()
    address.tell(Do(answered.set))
    return answered.wait(PATIENCE_S)


def pass_time(house: House, seconds: int) -> None:
    """Watchdog rounds; the spared answer before each, so that none is accused of the test's own speed."""
    for _ in range(4 * seconds):
        house.settle()
        for name in SPARED:
            assert answers(house.addresses[name])
        house.timer.advance(SECOND // 4)
    house.settle()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_faults_everybody_answers_and_the_spared_noticed_nothing(seed):
    chance, diaries = Chance(seed), {name: Diary() for name in SPARED}
    with House(limits=LIMITS) as house:
        for name in ATTACKED:
            house.add(a_child(name, budget=ENDLESS, at_start=chance.at_start_of(name)))
        for name in SPARED:
            house.add(a_child(name, diary=diaries[name]))
        house.settle()

        for number in range(ROUNDS):
            for name in SPARED:
                house.addresses[name].tell(Note(str(number)))
            victim = chance.draw.choice(ATTACKED)
            chance.attack(victim, house.addresses[victim])
            chance.release(chance.draw.randrange(2))
            pass_time(house, chance.draw.randrange(2))
        chance.release(len(chance.gates))
        pass_time(house, 12)

        for name in (*ATTACKED, *SPARED):
            assert answers(house.addresses[name]), f"{name} is mute; seed {seed}"
            assert ChildState.RUNNING is house.status(name).state
        for name in SPARED:
            assert house.status(name).incarnation == 1
            assert ["on_start", *map(str, range(ROUNDS))] == diaries[name].of(1)
        assert sum(house.status(name).incarnation - 1 for name in ATTACKED) > ROUNDS // 3
        for thread in threading.enumerate():
            name, _, number = thread.name.partition("#")
            if name in ATTACKED and int(number) < house.status(name).incarnation:
                thread.join(PATIENCE_S)
        assert house.supervisor.supervision_status().zombies == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whoever_dies_and_whatever_is_asked_meanwhile_all_that_are_left_come_back(seed):
    draw, doors = random.Random(seed), Doors()
    patient = {"shutdown_ns": 10**18, "hung_after_ns": 10**18}
    specs = {name: doors.child(name, **patient) for name in INFRASTRUCTURE}
    limits = SupervisionLimits(infrastructure=ENDLESS, storm=StormRule(children_min=10**6), starved_after_ns=10**18)
    with House(infrastructure=tuple(specs.values()), limits=limits) as house:
        for name in ATTACKED:
            specs[name] = doors.child(name, budget=ENDLESS, **patient)
            house.add(specs[name])
        for _ in range(4 * ROUNDS):
            name = draw.choice(list(specs))
            deed = draw.choice(["kill", "kill", "exit", "stop", "restart", "remove", "add", "time", "time"])
            if deed in ("kill", "exit"):
                specs[name].address.tell(Do(raising(ValueError("chance") if deed == "kill" else SystemExit(1))))
            elif deed == "stop":
                specs[name].address.tell(stop_message())
            elif deed == "time":
                house.timer.advance(draw.randrange(SECOND))
            else:
                request = {"restart": RestartChild(name), "remove": RemoveChild(name), "add": AddChild(specs[name])}
                house.tell(request[deed])
            if draw.random() < 0.7:
                house.settle()

        assert mute(house, specs) == [], f"seed {seed}"
        assert {child.name for child in everybody(house)} >= set(INFRASTRUCTURE)
        assert house.notices.of(InfrastructureRestarting)
        assert house.supervisor.supervision_status().escalated is None


def everybody(house: House) -> tuple[ChildStatus, ...]:
    return house.supervisor.supervision_status().children


def mute(house: House, specs: dict[str, ChildSpec]) -> list[tuple[str, ChildState]]:
    """Who does not run and answer in the end, when nobody is attacked any more; what still waits is handled first."""
    house.settle()
    answered = {child.name: threading.Event() for child in everybody(house)}
    for name, event in answered.items():
        specs[name].address.tell(Do(event.set))
    for _ in range(2_000):
        house.settle()
        left = [child for child in everybody(house) if not answered[child.name].is_set() or child.state != "running"]
        if not left:
            break
        house.timer.advance(SECOND)
    return [(child.name, child.state) for child in left]
