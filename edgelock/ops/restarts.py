"""`restarts [TICKER]`: the last lives of one actor, or of all, from the durable restart log."""

from collections.abc import Mapping

from edgelock.actors.journal_records import LifeNote
from edgelock.core.units import MILLISECOND, SECOND
from edgelock.ops.restart_log import MARKET_PREFIX
from edgelock.ops.restarts_text import LifeAnswer, RestartsAnswer
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.why import near

MOST = 20
"""Lives told at a time."""


def restarts(system: TradingSystem, name: str) -> Mapping[str, object]:
    """The lives of the actor of that name or ticker, of every actor when the name is ""; the newest first."""
    known = {child.name: child.name for child in system.supervisor.supervision_status().children}
    known |= {actor.removeprefix(MARKET_PREFIX): actor for actor in known}
    if name and name not in known:
        return {"unknown": name, "near": near(name, tuple(known))}
    actors = {known[name]} if name else set(known.values())
    notes = [note for actor in actors for note in system.restart_log.lives_of(actor, most=MOST)]
    newest = sorted(notes, key=lambda note: note.at, reverse=True)[:MOST]
    answer = RestartsAnswer(at=system.clock.now() // SECOND, run=system.run, lives=[_life(note) for note in newest])
    return dict(answer)


def _life(note: LifeNote) -> LifeAnswer:
    return LifeAnswer(
        at=note.at // SECOND,
        run=note.run,
        actor=note.actor,
        incarnation=note.incarnation,
        event=note.event,
        detail=note.detail,
        took_ms=note.took_ns // MILLISECOND,
        traceback=note.traceback,
    )
