"""What actors of this house say to each other. Frozen values; each class states the lane it travels in.

CONTROL overtakes everything; FIFO is never dropped and keeps its order; LATEST keeps only the newest per key, or
gathers (`merged_with`) where nothing may be lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from edgelock.actors.address import Address
from edgelock.actors.desk_history import Told
from edgelock.actors.inbox import Lane
from edgelock.actors.order_gateway import GatewayAnswer, GatewayNotice
from edgelock.core.breakers import Conditions
from edgelock.core.exchange_standing import ShardStanding
from edgelock.core.facts import BookChanged, Fact, MarketStatusChanged, Recovered, TimePassed, TradesPrinted
from edgelock.core.guardian import OnQuarantine
from edgelock.core.intents import Intent
from edgelock.core.market import Market
from edgelock.core.permit import Permit
from edgelock.core.settings import TradingSettings
from edgelock.core.telemetry import Record
from edgelock.core.units import Money, Price, Size, Timestamp

# --- to a MarketActor -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BookNews:
    """The newest view of the market's book; an unread older one is worth nothing."""

    lane: ClassVar[Lane] = Lane.LATEST
    conflation_key: ClassVar[str] = "book"
    fact: BookChanged


@dataclass(frozen=True, slots=True)
class TradeNews:
    """Public trades. Unread ones are gathered, so that none is lost and the queue stays short."""

    lane: ClassVar[Lane] = Lane.LATEST
    conflation_key: ClassVar[str] = "trades"
    fact: TradesPrinted

    def merged_with(self, older: Self) -> Self:
        """Both, in the order they came."""
        prints = older.fact.prints + self.fact.prints
        return type(self)(TradesPrinted(at=self.fact.at, prints=prints))


@dataclass(frozen=True, slots=True)
class Tick:
    """A deadline of the market was reached; one unread tick is as good as ten."""

    lane: ClassVar[Lane] = Lane.LATEST
    conflation_key: ClassVar[str] = "tick"
    fact: TimePassed


@dataclass(frozen=True, slots=True)
class FactNews:
    """Any other fact: the life of its orders, its status, its feed. Never dropped, in order."""

    lane: ClassVar[Lane] = Lane.FIFO
    fact: Fact


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """What is on record, for the incarnation that claimed it and for no other; the facts after it are FactNews.

    numbering: whose sequence the facts carry; every life of the door counts anew.
    """

    lane: ClassVar[Lane] = Lane.FIFO
    incarnation: int
    numbering: int
    fact: Recovered


@dataclass(frozen=True, slots=True)
class UrgentFact:
    """A fact that must overtake market data: a verdict of the risk side, a change of settings."""

    lane: ClassVar[Lane] = Lane.CONTROL
    fact: Fact


@dataclass(frozen=True, slots=True)
class CrashOnPurpose:
    """The documented fault switch of an embedded run: the actor that handles this raises."""

    lane: ClassVar[Lane] = Lane.CONTROL
    reason: str


@dataclass(frozen=True, slots=True)
class HangOnPurpose:
    """The other fault switch: the actor that handles this does not come back for so many real seconds."""

    lane: ClassVar[Lane] = Lane.CONTROL
    seconds: float


# --- to the Feed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Follow this market and tell its facts to this address. Asked again, a fresh snapshot is told."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    subscriber: Address


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop following this market."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str


@dataclass(frozen=True, slots=True)
class MarketNews:
    """What was learned of the market's status or close elsewhere than on the socket."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    fact: MarketStatusChanged


# --- to the ExchangeActor ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimMarket:
    """A MarketActor's first words: fence every older incarnation, and tell me what is on record.

    told: how far those before it have told people of the record; None when none of them had it.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    incarnation: int
    subscriber: Address
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Submit:
    """Intents of one decision, in order, from this incarnation of the market."""

    lane: ClassVar[Lane] = Lane.FIFO
    ticker: str
    incarnation: int
    intents: tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class PermitNews:
    """The risk side's verdict for one market. issued_ns is real monotonic time: an old verdict closes."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    permit: Permit
    issued_ns: int


@dataclass(frozen=True, slots=True)
class AddMarket:
    """A market to trade, with what the venue says of it, and where its actor is told things."""

    lane: ClassVar[Lane] = Lane.CONTROL
    market: Market
    subscriber: Address


@dataclass(frozen=True, slots=True)
class PositionsToCome:
    """Markets in which the account holds something are about to be added; until then nobody enters anywhere.

    The last word counts: without tickers, all that are to come have come.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    tickers: frozenset[str]


@dataclass(frozen=True, slots=True)
class DropMarket:
    """The market was left; forget it."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str


@dataclass(frozen=True, slots=True)
class FeedNews:
    """The market's book can be relied on, or not: the door lets no entry through on one that cannot."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class GuardMarket:
    """The market is quarantined: take its entries off the book, and look after its position by the policy."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    policy: OnQuarantine


@dataclass(frozen=True, slots=True)
class SettlementNews:
    """The venue paid the market out: YES was worth `value`."""

    lane: ClassVar[Lane] = Lane.FIFO
    ticker: str
    value: Price
    at: Timestamp


@dataclass(frozen=True, slots=True)
class GatewayNews:
    """What became of something that was sent. generation: of the gateway that says so; the door listens to its own."""

    lane: ClassVar[Lane] = Lane.FIFO
    answer: GatewayAnswer | GatewayNotice
    generation: int = 1


@dataclass(frozen=True, slots=True)
class OpenOrdersLeft:
    """What is left after everything was cancelled, and what we still hold.

    is_confirmed  by the venue's own list; without it, open_orders are those that may still be live
    """

    open_orders: tuple[str, ...]
    positions: tuple[tuple[str, Size], ...]
    realized: Money
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class CancelEverything:
    """Close the gate for good, cancel every order of ours, and report by the venue's own list.

    give_up_ns  monotonic time after which the report is made without it
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    report: Callable[[OpenOrdersLeft], None]
    give_up_ns: int


@dataclass(frozen=True, slots=True)
class Pump:
    """Tokens have come back: send what waits."""

    lane: ClassVar[Lane] = Lane.LATEST
    conflation_key: ClassVar[str] = "pump"


# --- to the RiskActor -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """The operator's latch: on withdraws entries everywhere, off lets them return."""

    lane: ClassVar[Lane] = Lane.CONTROL
    on: bool
    who: str


@dataclass(frozen=True, slots=True)
class CancelSent:
    """A cancel went out. conditions are those of the market at that moment."""

    lane: ClassVar[Lane] = Lane.FIFO
    ticker: str
    at: Timestamp
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """The venue accepted or rejected an order."""

    lane: ClassVar[Lane] = Lane.FIFO
    ticker: str
    at: Timestamp
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class ResultRealized:
    """A closed quantity's result, net of fees."""

    lane: ClassVar[Lane] = Lane.FIFO
    ticker: str
    at: Timestamp
    pnl: Money


@dataclass(frozen=True, slots=True)
class ResultsRecovered:
    """Every result of a market so far with its time, as its record gives them; replaces what was counted of it."""

    lane: ClassVar[Lane] = Lane.FIFO
    ticker: str
    results: tuple[tuple[Timestamp, Money], ...]


@dataclass(frozen=True, slots=True)
class ClockCompared:
    """Our wall clock is ahead of the venue's by between these two (milliseconds; negative: behind)."""

    lane: ClassVar[Lane] = Lane.CONTROL
    least_ms: int
    most_ms: int


@dataclass(frozen=True, slots=True)
class ExchangeStatusNews:
    """How each shard of the venue stands now. Told at every look, news or not."""

    lane: ClassVar[Lane] = Lane.CONTROL
    shards: Mapping[int, ShardStanding]


@dataclass(frozen=True, slots=True)
class PrivateFeedNews:
    """The channels that tell of our own orders are live, or not: without them nobody enters."""

    lane: ClassVar[Lane] = Lane.CONTROL
    is_live: bool


@dataclass(frozen=True, slots=True)
class GroupNews:
    """The order group of a shard was triggered, or passes orders again; only a resume lets entries return then."""

    lane: ClassVar[Lane] = Lane.CONTROL
    shard: int
    is_triggered: bool


@dataclass(frozen=True, slots=True)
class DriftNews:
    """Our position of a market and the venue's disagree, told at every look as long as that lasts, or agree again."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ticker: str
    is_drifting: bool


@dataclass(frozen=True, slots=True)
class StormNews:
    """Many different markets crashed together: nobody enters until the supervisor has found that they live again."""

    lane: ClassVar[Lane] = Lane.CONTROL
    is_on: bool


@dataclass(frozen=True, slots=True)
class StopTrading:
    """The run is ending: from now on every verdict is HALTED."""

    lane: ClassVar[Lane] = Lane.CONTROL


@dataclass(frozen=True, slots=True)
class RiskTick:
    """Time to renew the permits, and to end what time ends."""

    lane: ClassVar[Lane] = Lane.CONTROL


@dataclass(frozen=True, slots=True)
class SettingsNews:
    """The operator re-read the settings."""

    lane: ClassVar[Lane] = Lane.CONTROL
    settings: TradingSettings


# --- to the TelemetryActor --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Records:
    """Lines of one step, to be written together and in this order."""

    lane: ClassVar[Lane] = Lane.FIFO
    records: tuple[Record, ...]
    decided_at: Timestamp | None = None
