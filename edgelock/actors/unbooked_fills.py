"""Fills that were told and not booked: nobody knows yet whose they are, or no order of ours can have had them.

One frame can be wrong, so an odd fill is booked only when two reads of the venue's own list tell it, the same each
time. What a list that is newer than the frame does not confirm is let go; the comparison of positions tells of it.
"""

from edgelock.core.units import Duration, Timestamp
from edgelock.kalshi.account import VenueFill


class UnbookedFills:
    """For one thread at a time. Times are engine time; margin: how far the venue's clock may be from ours."""

    def __init__(self, margin: Duration) -> None:
        self._margin = margin
        self._unnamed: dict[str, list[tuple[Timestamp, VenueFill]]] = {}
        self._odd: dict[str, Timestamp] = {}
        self._listed: dict[str, VenueFill] = {}

    def __bool__(self) -> bool:
        return bool(self._unnamed or self._odd)

    def keep(self, fill: VenueFill, now: Timestamp) -> None:
        """Nobody knows whose it is."""
        self._unnamed.setdefault(fill.order_id, []).append((now, fill))

    def order_ids(self) -> tuple[str, ...]:
        """The orders to look up, by the venue's ids."""
        return tuple(self._unnamed)

    def take(self, venue_id: str | None) -> list[VenueFill]:
        """Those of an order that has just been named."""
        if venue_id is None or venue_id not in self._unnamed:
            return []
        return [fill for _, fill in self._unnamed.pop(venue_id)]

    def is_confirmed(self, fill: VenueFill, now: Timestamp, *, is_listed: bool) -> bool:
        """Whether an odd fill has to be believed; otherwise the list is to be asked, again."""
        if is_listed and self._listed.get(fill.trade_id) == fill:
            return True
        self._odd[fill.trade_id] = now
        if is_listed:
            self._listed[fill.trade_id] = fill
        return False

    def let_go(self, trade_id: str) -> None:
        """It is not odd any more."""
        self._odd.pop(trade_id, None)
        self._listed.pop(trade_id, None)

    def looked(self, as_of: Timestamp, looked_up: frozenset[str]) -> None:
        """A look at the lists, as new as this: what it has not explained although it is newer is let go.

        looked_up  the orders that it asked for by the venue's ids
        """
        heard_before = as_of - self._margin
        for venue_id in looked_up & self._unnamed.keys():
            younger = [(heard, fill) for heard, fill in self._unnamed[venue_id] if heard >= heard_before]
            if younger:
                self._unnamed[venue_id] = younger
            else:
                del self._unnamed[venue_id]
        for trade_id, heard in tuple(self._odd.items()):
            if heard < heard_before:
                self.let_go(trade_id)
