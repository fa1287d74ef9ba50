"""Damage done to a bot on purpose, so that it can be seen whether the comparison notices.

Only in a process that is to die, by the variable CRASH_SABOTAGE. Each kind names the promise that it breaks.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from edgelock.actors.journal import Journal, RecordedFill
from edgelock.actors.live_past import LivePast
from edgelock.actors.live_record import LiveRecord
from edgelock.actors.sweep import MarketPast
from edgelock.core import recovery


def fills_unwritten() -> None:
    """A fill is told and never written down."""
    _instead(Journal, "record_fill", lambda _original: lambda _journal, _fill: True)


def fills_written_twice() -> None:
    """A fill is written down under a second trade id as well."""

    def made(original: Callable[..., bool]) -> Callable[..., bool]:
        def record(journal: Journal, fill: RecordedFill) -> bool:
            original(journal, replace(fill, trade_id=f"{fill.trade_id}-again"))
            return original(journal, fill)

        return record

    _instead(Journal, "record_fill", made)


def intents_unwritten() -> None:
    """An order is sent and never written down."""
    _instead(Journal, "record_intent", lambda _original: lambda _journal, **_: None)


def leftovers_stay() -> None:
    """Orders of the run before are taken for somebody else's."""
    _instead(
        LiveRecord,
        "is_ours",
        lambda _original: lambda record, client_order_id: client_order_id.startswith(record._prefix),
    )


def same_order_ids() -> None:
    """Every run calls its orders like the run before."""
    _instead(secrets, "token_hex", lambda _original: lambda _size=None: "0badcafe")


def kill_forgotten() -> None:
    """The operator's switch is off after every start."""
    _instead(Journal, "read_latch", lambda _original: lambda _journal, _name: None)


def past_forgotten() -> None:
    """The newest fill of a market's past is overlooked."""
    _instead(recovery, "_merged", lambda original: lambda *sides: original(*sides)[:-1])


def ages_forgotten() -> None:
    """What is held is taken for bought at the start."""

    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def judge(past: LivePast, shown: MarketPast) -> Any:
            found = original(past, shown)
            if found is None:
                return None
            lots = tuple(replace(lot, opened_at=shown.as_of) for lot in found.position.lots)
            return replace(found, position=replace(found.position, lots=lots))

        return judge

    _instead(LivePast, "judge", made)


def risk_forgotten() -> None:
    """The risk side begins every life from nothing."""
    _instead(Journal, "load_risk", lambda _original: lambda _journal, **_: None)


@dataclass(frozen=True, slots=True)
class Damage:
    """How it is done, the promises of which one has to be found broken, and the row in which that can be seen."""

    do: Callable[[], None]
    promises: frozenset[str]
    flavour: str = "quiet"
    kill_chance: float = 0.0


KINDS: dict[str, Damage] = {
    "fills-unwritten": Damage(fills_unwritten, frozenset({"no lost fill"})),
    "fills-written-twice": Damage(fills_written_twice, frozenset({"never: no doubled fill"})),
    "intents-unwritten": Damage(intents_unwritten, frozenset({"never: written down before it is sent"})),
    "leftovers-stay": Damage(leftovers_stay, frozenset({"no forgotten order", "never: no duplicate order"})),
    "same-order-ids": Damage(same_order_ids, frozenset({"comes back", "exits", "no forgotten order"})),
    "kill-forgotten": Damage(kill_forgotten, frozenset({"kill latch"}), kill_chance=1.0),
    "past-forgotten": Damage(past_forgotten, frozenset({"lots"})),
    "ages-forgotten": Damage(ages_forgotten, frozenset({"ages"})),
    "risk-forgotten": Damage(risk_forgotten, frozenset({"breakers", "daily loss"}), flavour="breaker"),
}
"""By name."""


def _instead(owner: Any, name: str, made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, made(getattr(owner, name)))
