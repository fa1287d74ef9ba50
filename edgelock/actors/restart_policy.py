"""When a dead child starts again, and when it does not: pure values, no clock, no thread, no chance.

`after(state, event, now_ns) -> (state, actions)`. The supervisor feeds what happened and carries the actions out.

Per child: back-off base * 2^n up to a cap, plus jitter, n back to 0 after a healthy spell; more than `max_restarts`
crashes inside the window, or `equal_signatures_max` equal crashes in a row without a healthy spell, is quarantine.

Over all children, a storm: when more than max(3, 10 %) different children crash within 30 s the cause is shared and
restarting everybody would only repeat it. All restarts are held; then one probe starts; when it lives through its
trial the others follow, staggered; when it dies the hold begins anew with the next one as probe.

All times are real (monotonic) nanoseconds. The rule of growth and jitter is Akka's, the window is OTP's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgelock.actors.restart_events import (
    SECOND_NS,
    Action,
    Added,
    BackoffElapsed,
    Crashed,
    Event,
    HoldElapsed,
    OperatorRestart,
    Quarantine,
    Ready,
    Removed,
    Restart,
    RestartAfter,
    RestartBudget,
    StormBegan,
    StormEnded,
    StormRule,
    TrialElapsed,
    TryProbe,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRecord:
    """What is remembered of one child. `streak` counts crashes since its last healthy spell."""

    budget: RestartBudget
    crashes_ns: tuple[int, ...] = ()
    streak: int = 0
    last_signature: str | None = None
    equal_signatures: int = 0
    ready_ns: int | None = None
    is_quarantined: bool = False


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
    children: Mapping[str, ChildRecord] = field(default_factory=lambda: MappingProxyType({}))
    recent: tuple[tuple[int, str], ...] = ()
    storm: Storm | None = None
    rounds: int = 0

    def restarts_in_window(self, name: str, now_ns: int) -> int:
        """Crashes of this child that still count against its budget."""
        record = self.children.get(name)
        return 0 if record is None else len(_inside(record.crashes_ns, now_ns, record.budget.window_ns))


Outcome = tuple[RestartState, tuple[Action, ...]]


def after(state: RestartState, event: Event, now_ns: int) -> Outcome:
    """What the policy makes of one event. Events about children it does not know change nothing."""
    match event:
        case Added():
            return _with_child(state, event.name, ChildRecord(budget=event.budget)), ()
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
            return _ready(_with_child(state, event.name, replace(record, ready_ns=now_ns)), event.name)
        case Crashed():
            return _crashed(state, record, event, now_ns)
        case BackoffElapsed():
            return _due(state, event.name)
        case OperatorRestart():
            fresh = _with_child(state, event.name, ChildRecord(budget=record.budget))
            return _not_waiting(fresh, event.name), (Restart(name=event.name),)


def _crashed(state: RestartState, record: ChildRecord, event: Crashed, now_ns: int) -> Outcome:
    record = _remember_crash(record, event.signature, now_ns)
    reason = _quarantine_reason(record)
    record = replace(record, is_quarantined=reason is not None)
    restarts = len(record.crashes_ns)
    action: Action
    if reason is not None:
        action = Quarantine(name=event.name, reason=reason, restarts_in_window=restarts)
    else:
        delay = _backoff_ns(record.budget, record.streak - 1, event.jitter)
        action = RestartAfter(name=event.name, delay_ns=delay, restarts_in_window=restarts)
    state, storm_actions = _watch_for_storm(_with_child(state, event.name, record), event.name, now_ns)
    return state, (action, *storm_actions)


def _remember_crash(record: ChildRecord, signature: str, now_ns: int) -> ChildRecord:
    was_healthy = record.ready_ns is not None and now_ns - record.ready_ns >= record.budget.healthy_ns
    streak = 0 if was_healthy else record.streak
    is_same = signature == record.last_signature and not was_healthy
    return replace(
        record,
        crashes_ns=(*_inside(record.crashes_ns, now_ns, record.budget.window_ns), now_ns),
        streak=streak + 1,
        last_signature=signature,
        equal_signatures=record.equal_signatures + 1 if is_same else 1,
        ready_ns=None,
    )


def _quarantine_reason(record: ChildRecord) -> str | None:
    budget = record.budget
    if len(record.crashes_ns) > budget.max_restarts:
        window_s = budget.window_ns // SECOND_NS
        return f"more than {budget.max_restarts} crashes in {window_s} s"
    if record.equal_signatures >= budget.equal_signatures_max:
        return f"{record.equal_signatures} equal crashes in a row: {record.last_signature}"
    return None


def _backoff_ns(budget: RestartBudget, doublings: int, jitter: float) -> int:
    # Beyond 62 doublings any base is above any cap; the bound keeps the shift small.
    backoff = min(budget.backoff_cap_ns, budget.backoff_base_ns << min(doublings, 62))
    return backoff + int(backoff * budget.jitter_percent * jitter) // 100


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


def _with_child(state: RestartState, name: str, record: ChildRecord) -> RestartState:
    return replace(state, children=MappingProxyType({**state.children, name: record}))


def _without_child(state: RestartState, name: str) -> Outcome:
    children = {other: record for other, record in state.children.items() if other != name}
    recent = tuple((at, who) for at, who in state.recent if who != name)
    state = _not_waiting(replace(state, children=MappingProxyType(children), recent=recent), name)
    if state.storm is not None and state.storm.probe == name:
        # A probe that was taken away proves nothing: hold again, so that the next one is tried.
        return _hold(state, state.storm.waiting)
    return state, ()


def _inside(moments: tuple[int, ...], now_ns: int, window_ns: int) -> tuple[int, ...]:
    return tuple(at for at in moments if now_ns - at < window_ns)
