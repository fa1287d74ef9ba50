"""Exits before entries: until every position that was found at the start has its exit, nobody enters anywhere."""

from collections.abc import Iterable

from edgelock.actors.order_desk import OrderDesk


class Arming:
    """Asked before every sending; once all desks present are armed it is over for the life of the door."""

    def __init__(self) -> None:
        self._is_over = False

    def unarmed(self, desks: Iterable[OrderDesk]) -> int:
        """How many markets are not known yet, or hold a position without an exit at the other side."""
        if self._is_over:
            return 0
        armed = [desk.is_armed for desk in desks]
        self._is_over = bool(armed) and all(armed)
        return len(armed) - sum(armed)
