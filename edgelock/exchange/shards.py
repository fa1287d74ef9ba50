"""Markets on several shards: a flow whose series live where they are told to (venue reference §6.10)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from edgelock.core.units import Timestamp
from edgelock.exchange.flow import Flow, List, TimedAction


@dataclass(frozen=True, slots=True)
class Sharded:
    """A flow with some of its series on other shards. `shards` maps a series to the number of its shard."""

    flow: Flow
    shards: Mapping[str, int]

    @property
    def starts_at(self) -> Timestamp:
        """When the exchange's clock starts."""
        return self.flow.starts_at

    def actions(self) -> Iterator[TimedAction]:
        """The flow's actions, with their listings moved."""
        for timed in self.flow.actions():
            action = timed.action
            if isinstance(action, List) and action.listing.series_ticker in self.shards:
                shard = self.shards[action.listing.series_ticker]
                yield TimedAction(timed.at, List(replace(action.listing, exchange_index=shard)))
            else:
                yield timed
