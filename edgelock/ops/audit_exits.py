"""Exits on time: each announced exit followed by its order, none delayed by a cooldown, none overdue.

How late an exit may be is judged in the engine's time with room for the machine: GRACE, and at a speed of X another
X times REACTION, because a tenth of a second of this machine is X tenths for the engine.
"""

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

ENGINE_UNITS_PER_S = 1_000_000_000
"""The `config` line states durations as the engine counts them, in nanoseconds."""

GRACE_S = Decimal(30)
REACTION_S = Decimal(5)
BLOCKED_ALERT_S = Decimal(30)
ORDER_KIND_OF_EXIT = {
    "sweet_spot_exit": "sweet_spot",
    "hard_cap_exit": "hard_cap",
    "legacy_exit": "legacy",
    "mae_trim": "mae_trim",
}


@dataclass(frozen=True, slots=True)
class ExitWindows:
    """When exits by age are due, and how late they may be, in seconds of the engine's time."""

    sweet_spot_from: Decimal = Decimal(480)
    sweet_spot_to: Decimal = Decimal(720)
    hard_cap: Decimal = Decimal(2400)
    grace: Decimal = GRACE_S + REACTION_S


def exit_windows(*, settings: str, speed: Decimal) -> ExitWindows:
    """The windows of a run by its `config` line; where markets differ, the latest one holds for all."""
    try:
        table = json.loads(settings)
    except ValueError:
        table = {}
    default = ExitWindows()
    return ExitWindows(
        sweet_spot_from=_latest(table, "sweet_spot_from_s", default.sweet_spot_from),
        sweet_spot_to=_latest(table, "sweet_spot_to_s", default.sweet_spot_to),
        hard_cap=_latest(table, "hard_cap_s", default.hard_cap),
        grace=GRACE_S + REACTION_S * max(speed, Decimal(1)),
    )


class ExitWatch:
    """Follows the age of one market's oldest lot through one position."""

    def __init__(self) -> None:
        self._announced: set[str] = set()
        self._blocked_at: Decimal | None = None

    def new_position(self) -> None:
        """The state changed: whatever was announced belonged to the position before."""
        self._announced.clear()
        self._blocked_at = None

    def announced(self, action: str) -> None:
        """An exit by age went out."""
        self._announced.add(action)

    def blocked(self, at: Decimal) -> None:
        """The market said that an exit is due and why it cannot be sent."""
        self._blocked_at = at

    def overdue(self, *, opened_at: Decimal, now: Decimal, windows: ExitWindows) -> str | None:
        """Why an exit by age should have gone out by now; None when it did, or when the market said it could not.

        Told once per exit and position.
        """
        age = now - opened_at
        if self._blocked_at is not None and now - self._blocked_at <= BLOCKED_ALERT_S + windows.grace:
            return None
        if age >= windows.hard_cap + windows.grace and "hard_cap_exit" not in self._announced:
            self._announced.add("hard_cap_exit")
            return f"a position is {age:.0f} s old and no hard_cap_exit was announced"
        in_window = windows.sweet_spot_from + windows.grace <= age < windows.sweet_spot_to
        if in_window and not self._announced & {"sweet_spot_exit", "hard_cap_exit"}:
            self._announced.add("sweet_spot_exit")
            return f"a position is {age:.0f} s old and no sweet_spot_exit was announced"
        return None


def _latest(table: Any, key: str, default: Decimal) -> Decimal:
    found = [seconds for seconds in (_seconds(value) for value in _values_of(table, key)) if seconds is not None]
    return max(found, default=default)


def _values_of(table: Any, key: str) -> list[Any]:
    """Every value of a setting, for all markets: keys are dotted paths, or tables inside tables."""
    if not isinstance(table, dict):
        return []
    own = [value for name, value in table.items() if name.rpartition(".")[2] == key]
    return own + [value for part in table.values() for value in _values_of(part, key)]


def _seconds(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) / ENGINE_UNITS_PER_S
    except InvalidOperation:
        return None
