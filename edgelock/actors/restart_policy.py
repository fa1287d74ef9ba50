"""When a dead child starts again, and when it does not: pure values, no clock, no thread, no chance.

`after(state, event, now_ns) -> (state, actions)`. The supervisor feeds what happened and carries the actions out.

Per child: a back-off after every crash, and quarantine beyond its budget (`crash_record`).

Over all children, a storm: when more than max(3, 10 %) different children crash within 30 s the cause is shared and
restarting everybody would only repeat it. All restarts are held; then one probe starts; when it lives through its
trial the others follow, staggered; when it dies the hold begins anew with the next one as probe.

A child that is stopped because infrastructure starts again has not crashed.

All times are real (monotonic) nanoseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgelock.actors.crash_record import CrashRecord
from edgelock.actors.restart_events import (
    Action,
    Added,
    BackoffElapsed,
    Crashed,
    Event,
    Held,
    HoldElapsed,
    OperatorRestart,
    Quarantine,
    Ready,
    Removed,
    Restart,
    RestartAfter,
    StormBegan,
    StormEnded,
    StormRule,
    TrialElapsed,
    TryProbe,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A storm in progress: who waits, in order, and which of them is the probe (None while holding)."""

    round: int
    waiting: tuple[str, ...] = ()
    probe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartState:
    """All that the policy remembers. `recent` are crashes (moment, name) inside the storm window."""

    rule: StormRule = StormRule()
    children: Mapping[str, CrashRecord] = field(default_factory=lambda: MappingProxyType({}))
    recent: tuple[tuple[int, str], ...] = ()
    storm: Storm | None = None
    rounds: int = 0

    def restarts_in_window(self, name: str, now_ns: int) -> int:
        """Crashes of this child that still count against its budget."""
        record = self.children.get(name)
        return 0 if record is None else record.in_window(now_ns)


Outcome = tuple[RestartState, tuple[Action, ...]]


def after(state: RestartState, event: Event, now_ns: int) -> Outcome:
    """What the policy makes of one event. Events about children it does not know change nothing."""
    match event:
        case Added():
            return _with_child(state, event.name, CrashRecord(budget=event.budget)), ()
        case HoldElapsed():
            return _send_probe(state, event.round)
        case TrialElapsed():
            return _end_trial(state, event.round)
    record = state.children.get(event.name)
    if record is None:
        return state, ()
    match event:
        case Removed():
            return _without_child(state, event.name)
        case Ready():
            return _ready(_with_child(state, event.name, record.ready(now_ns)), event.name)
        case Crashed():
            return _crashed(state, record, event, now_ns)
        case BackoffElapsed():
            return _due(state, event.name)
        case Held():
            return _void_trial(_with_child(state, event.name, record.ended(now_ns)), event.name), ()
        case OperatorRestart():
            fresh = _with_child(state, event.name, CrashRecord(budget=record.budget))
            return _not_waiting(fresh, event.name), (Restart(name=event.name),)


def _crashed(state: RestartState, record: CrashRecord, event: Crashed, now_ns: int) -> Outcome:
    record = record.crashed(event.signature, now_ns)
    reason = record.beyond_budget()
    restarts = record.in_window(now_ns)
    action: Action
    if reason is not None:
        action = Quarantine(name=event.name, reason=reason, restarts_in_window=restarts)
    else:
        delay = record.backoff_ns(event.jitter)
        action = RestartAfter(name=event.name, delay_ns=delay, restarts_in_window=restarts)
    state, storm_actions = _watch_for_storm(_with_child(state, event.name, record), event.name, now_ns)
    return state, (action, *storm_actions)


def _watch_for_storm(state: RestartState, name: str, now_ns: int) -> Outcome:
    rule = state.rule
    kept = tuple((at, who) for at, who in state.recent if now_ns - at < rule.window_ns)
    state = replace(state, recent=(*kept, (now_ns, name)))
    if state.storm is not None:
        return _hold(state, state.storm.waiting) if state.storm.probe == name else (state, ())
    different = {who for _, who in state.recent}
    # Compared without dividing, so that 10 % of 35 children is 3.5 and not 3.
    is_storm = len(different) > rule.children_min and 100 * len(different) > rule.children_percent * len(state.children)
    return _hold(state, ()) if is_storm else (state, ())


def _hold(state: RestartState, waiting: tuple[str, ...]) -> Outcome:
    number = state.rounds + 1
    children = tuple(sorted({who for _, who in state.recent}))
    held = replace(state, rounds=number, storm=Storm(round=number, waiting=waiting))
    return held, (StormBegan(children=children, hold_ns=state.rule.hold_ns, round=number),)


def _due(state: RestartState, name: str) -> Outcome:
    if state.storm is None:
        return state, (Restart(name=name),)
    if name in state.storm.waiting:
        return state, ()
    return replace(state, storm=replace(state.storm, waiting=(*state.storm.waiting, name))), ()


def _send_probe(state: RestartState, number: int) -> Outcome:
    storm = state.storm
    if storm is None or storm.round != number or storm.probe is not None:
        return state, ()
    if not storm.waiting:
        return _end_storm(state, None)
    probe, *rest = storm.waiting
    probing = replace(storm, probe=probe, waiting=tuple(rest))
    return replace(state, storm=probing), (Restart(name=probe),)


def _ready(state: RestartState, name: str) -> Outcome:
    storm = state.storm
    if storm is None or storm.probe != name:
        return state, ()
    return state, (TryProbe(name=name, trial_ns=state.rule.probe_trial_ns, round=storm.round),)


def _end_trial(state: RestartState, number: int) -> Outcome:
    storm = state.storm
    if storm is None or storm.round != number or storm.probe is None:
        return state, ()
    return _end_storm(state, storm.probe)


def _void_trial(state: RestartState, name: str) -> RestartState:
    """A probe that was stopped has proved nothing yet: its trial begins anew when it is up again."""
    if state.storm is None or state.storm.probe != name:
        return state
    number = state.rounds + 1
    return replace(state, rounds=number, storm=replace(state.storm, round=number))


def _end_storm(state: RestartState, probe: str | None) -> Outcome:
    waiting = state.storm.waiting if state.storm is not None else ()
    now_free = [
        RestartAfter(
            name=name,
            delay_ns=place * state.rule.stagger_ns,
            restarts_in_window=len(state.children[name].crashes_ns),
        )
        for place, name in enumerate(waiting)
    ]
    return replace(state, storm=None, recent=()), (StormEnded(probe=probe), *now_free)


def _not_waiting(state: RestartState, name: str) -> RestartState:
    if state.storm is None:
        return state
    waiting = tuple(other for other in state.storm.waiting if other != name)
    return replace(state, storm=replace(state.storm, waiting=waiting))


def _with_child(state: RestartState, name: str, record: CrashRecord) -> RestartState:
    return replace(state, children=MappingProxyType({**state.children, name: record}))


def _without_child(state: RestartState, name: str) -> Outcome:
    children = {other: record for other, record in state.children.items() if other != name}
    recent = tuple((at, who) for at, who in state.recent if who != name)
    state = _not_waiting(replace(state, children=MappingProxyType(children), recent=recent), name)
    if state.storm is not None and state.storm.probe == name:
        # A probe that was taken away proves nothing: hold again, so that the next one is tried.
        return _hold(state, state.storm.waiting)
    return state, ()
