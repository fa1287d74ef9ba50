"""Telemetry of the market data and of the connections that bring it."""

from dataclasses import dataclass

from edgelock.core.telemetry_record import Level, MarketRecord, Record
from edgelock.core.units import Duration, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSnapshot(MarketRecord):
    action = "book_snapshot"
    spread_ticks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGap(MarketRecord):
    action = "feed_gap"
    level = Level.WARNING
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStale(MarketRecord):
    action = "feed_stale"
    level = Level.WARNING
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedResume(MarketRecord):
    action = "feed_resume"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStatusRecord(MarketRecord):
    action = "market_status"
    status: str
    close_time: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketConnected(Record):
    action = "ws_connect"
    url: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketDisconnected(Record):
    action = "ws_disconnect"
    level = Level.WARNING
    url: str
    reason: str
    retry_s: Duration | None
