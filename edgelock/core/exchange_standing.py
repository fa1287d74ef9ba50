"""Whether the venue trades, shard by shard: what the watch on it concludes and the risk side acts on."""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.units import Timestamp


class Standing(Enum):
    """What may be done on a shard of the venue (venue reference §11.4)."""

    OPEN = "open"
    PAUSING_SOON = "pausing_soon"
    """Everything still works, and a pause on the venue's own schedule is near or should be on by now."""
    TRADING_PAUSED = "trading_paused"
    """No order can be placed or amended; cancels work."""
    EXCHANGE_PAUSED = "exchange_paused"
    """Nothing works, cancels included."""
    UNKNOWN = "status_unknown"
    """The venue's status could not be read for too long: whoever cannot ask need not trade."""

    @property
    def is_paused(self) -> bool:
        """Orders are refused now."""
        return self in (Standing.TRADING_PAUSED, Standing.EXCHANGE_PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStanding:
    """How one shard stands.

    is_scheduled  the venue had announced it on its schedule; an unannounced pause is an incident
    until         when the venue expects it to end, None when it does not say
    """

    standing: Standing = Standing.OPEN
    is_scheduled: bool = False
    until: Timestamp | None = None

    @property
    def reason(self) -> str:
        """The word for a permit; "" while the shard is open."""
        if self.standing is Standing.OPEN:
            return ""
        return "maintenance" if self.is_scheduled else self.standing.value
