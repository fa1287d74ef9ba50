"""Damage done to a bot on purpose, so that it can be seen whether the comparison notices.

Only in a process that is to die, by the variable CRASH_SABOTAGE. Each kind names the promise that it breaks.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgelock.actors.journal import Journal, RecordedFill
from edgelock.actors.live_desk import LiveDesk
from edgelock.actors.live_record import LiveRecord
from edgelock.core.units import Timestamp


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
    _instead(
        LiveDesk, "loaded", lambda original: lambda desk, ticker, fills, net: original(desk, ticker, fills[1:], net)
    )


def ages_forgotten() -> None:
    """What is held is taken for bought at the start."""

    def made(original: Callable[..., None]) -> Callable[..., None]:
        def loaded(desk: LiveDesk, ticker: str, fills: tuple[Any, ...], net: int) -> None:
            now = Timestamp(desk._clock.now())
            original(desk, ticker, tuple(replace(fill, at=now) for fill in fills), net)

        return loaded

    _instead(LiveDesk, "loaded", made)


KINDS: dict[str, tuple[Callable[[], None], str]] = {
    "fills-unwritten": (fills_unwritten, "no lost fill"),
    "fills-written-twice": (fills_written_twice, "never: no doubled fill"),
    "intents-unwritten": (intents_unwritten, "never: written down before it is sent"),
    "leftovers-stay": (leftovers_stay, "no forgotten order"),
    "same-order-ids": (same_order_ids, "exits"),
    "kill-forgotten": (kill_forgotten, "kill latch"),
    "past-forgotten": (past_forgotten, "lots"),
    "ages-forgotten": (ages_forgotten, "ages"),
}
"""By name: how it is done, and the promise that has to be found broken."""


def _instead(owner: Any, name: str, made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, made(getattr(owner, name)))
