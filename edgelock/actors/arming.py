"""Exits before entries: until every position that was found at the start has its exit, nobody enters anywhere."""

from collections.abc import Mapping

from edgelock.actors.order_desk import OrderDesk


class Arming:
    """Asked before every sending; once all desks present are armed it is over for the life of the door."""

    def __init__(self) -> None:
        self._to_come: frozenset[str] = frozenset()
        self._is_over = False

    def expect(self, tickers: frozenset[str]) -> None:
        """These and no others are still to be added."""
        self._to_come = tickers

    def unarmed(self, desks: Mapping[str, OrderDesk]) -> int:
        """How many markets are not known yet, or hold a position without an exit at the other side."""
        if self._is_over:
            return 0
        waited_for = sum(not desk.is_armed for desk in desks.values()) + len(self._to_come - desks.keys())
        self._is_over = bool(desks) and not waited_for
        return waited_for
