"""What the venue's side tells that forbids entries: pauses, lost private news, a group that fired, a drift.

Part of what the risk side knows (`core/risk.py`); nothing here ends by time, only by the next news or by an operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgelock.core.exchange_standing import ShardStanding
from edgelock.core.telemetry import EntriesHeld, ExchangeStatusRecord, Record
from edgelock.core.units import Timestamp

DEFAULT_SHARD = 0
"""The venue's status as a whole is that of this shard (venue reference §4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrust:
    """The newest news of each kind.

    shard_of      the shard of each market traded
    shards        how each shard stands; a shard the venue does not list stands as shard 0 does
    shards_since  since when it stands so, as far as this run has seen it change
    has_private_feed  the channels that tell of our own orders are live, or nobody needs them
    private_feed_lost_since  when they were last found not to be; None while they are
    fired_groups  shards whose order group the venue triggered since the operator's last resume, and when
    drifting      markets whose position is not the one the venue shows, and since when
    """

    shard_of: MappingProxyType[str, int] = field(default_factory=lambda: MappingProxyType({}))
    shards: MappingProxyType[int, ShardStanding] = field(default_factory=lambda: MappingProxyType({}))
    shards_since: MappingProxyType[int, Timestamp] = field(default_factory=lambda: MappingProxyType({}))
    has_private_feed: bool = True
    private_feed_lost_since: Timestamp | None = None
    fired_groups: MappingProxyType[int, Timestamp] = field(default_factory=lambda: MappingProxyType({}))
    drifting: MappingProxyType[str, Timestamp] = field(default_factory=lambda: MappingProxyType({}))

    def standing(self, ticker: str) -> ShardStanding:
        """How the market's shard stands; before any news it is open."""
        return self.shards.get(self._shard_that_counts(ticker)) or ShardStanding()

    def standing_since(self, ticker: str) -> Timestamp | None:
        """Since when the market's shard stands as it does."""
        return self.shards_since.get(self._shard_that_counts(ticker))

    def _shard_that_counts(self, ticker: str) -> int:
        shard = self.shard_of.get(ticker, DEFAULT_SHARD)
        return shard if shard in self.shards else DEFAULT_SHARD


@dataclass(frozen=True, slots=True)
class TrustStep:
    """What is known after one news, and what is told about it."""

    trust: VenueTrust
    records: tuple[Record, ...] = ()


def market_added(trust: VenueTrust, ticker: str, shard: int) -> VenueTrust:
    """A market is traded from now on."""
    return replace(trust, shard_of=MappingProxyType({**trust.shard_of, ticker: shard}))


def market_dropped(trust: VenueTrust, ticker: str) -> VenueTrust:
    """A market was left: what was known of it is forgotten."""
    left = {known: shard for known, shard in trust.shard_of.items() if known != ticker}
    return replace(trust, shard_of=MappingProxyType(left), drifting=_without(trust.drifting, ticker))


def exchange_status(trust: VenueTrust, now: Timestamp, shards: Mapping[int, ShardStanding]) -> TrustStep:
    """How all shards stand now; each change is told. A shard that is not listed any more is forgotten."""
    changed = [shard for shard, new in sorted(shards.items()) if new != trust.shards.get(shard, ShardStanding())]
    records = tuple(
        ExchangeStatusRecord(
            at=now,
            shard=shard,
            standing=shards[shard].standing.value,
            previous=trust.shards.get(shard, ShardStanding()).standing.value,
            scheduled=shards[shard].is_scheduled,
            until=shards[shard].until,
        )
        for shard in changed
    )
    since = {shard: now if shard in changed else trust.shards_since.get(shard, now) for shard in shards}
    known = replace(trust, shards=MappingProxyType(dict(shards)), shards_since=MappingProxyType(since))
    return TrustStep(known, records)


def private_feed(trust: VenueTrust, now: Timestamp, *, is_live: bool) -> TrustStep:
    """The private channels tell of our orders, or do not."""
    if is_live == trust.has_private_feed:
        return TrustStep(trust)
    record = EntriesHeld(at=now, reason="private_feed", is_held=not is_live)
    lost_since = None if is_live else now
    return TrustStep(replace(trust, has_private_feed=is_live, private_feed_lost_since=lost_since), (record,))


def order_group(trust: VenueTrust, now: Timestamp, *, shard: int, is_triggered: bool) -> TrustStep:
    """A group fired: more of ours traded in 15 s than the strategy ever should, so entries wait for an operator.

    That it was reset on the venue does not change this: what made it fire is not understood by that.
    """
    if not is_triggered or shard in trust.fired_groups:
        return TrustStep(trust)
    record = EntriesHeld(at=now, reason="order_group", is_held=True, shard=shard)
    fired = MappingProxyType({**trust.fired_groups, shard: now})
    return TrustStep(replace(trust, fired_groups=fired), (record,))


def drift(trust: VenueTrust, now: Timestamp, ticker: str, *, is_drifting: bool) -> TrustStep:
    """Our position of a market and the venue's disagree, or agree again."""
    if is_drifting == (ticker in trust.drifting):
        return TrustStep(trust)
    others = _without(trust.drifting, ticker)
    drifting = MappingProxyType({**others, ticker: now}) if is_drifting else others
    record = EntriesHeld(at=now, reason="drift", is_held=is_drifting, market=ticker)
    return TrustStep(replace(trust, drifting=drifting), (record,))


def resumed(trust: VenueTrust, now: Timestamp) -> TrustStep:
    """The operator's resume: groups that fired are forgiven."""
    records = tuple(
        EntriesHeld(at=now, reason="order_group", is_held=False, shard=shard) for shard in sorted(trust.fired_groups)
    )
    return TrustStep(replace(trust, fired_groups=MappingProxyType({})), records)


def _without(drifting: Mapping[str, Timestamp], ticker: str) -> MappingProxyType[str, Timestamp]:
    return MappingProxyType({known: since for known, since in drifting.items() if known != ticker})
