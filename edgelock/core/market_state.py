"""All that a market remembers: one frozen value, made by facts, read by decisions."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from edgelock.core.book import EMPTY_VIEW, BookView
from edgelock.core.facts import FeedStatus
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.order import Order, Role
from edgelock.core.permit import CLOSED_AT_START, Permit
from edgelock.core.position import Position
from edgelock.core.reference import Reference
from edgelock.core.settings import StrategySettings
from edgelock.core.take_profit import take_profit_offset, take_profit_target
from edgelock.core.telemetry import MarketContext, PriceRatio
from edgelock.core.units import SECOND, Duration, Price, Size, Timestamp


class RunMode(Enum):
    """Where orders go. Decisions are the same in all of them; only the words of the log differ."""

    PAPER = "paper"
    SHADOW = "shadow"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What is remembered of one position from the fill that opened it until it is flat again.

    max_excursion       worst adverse excursion so far (MAE), in price units
    improved_at         when the post-only exit of the sweet spot was placed
    crossed_at          when an exit was last sent across the touch
    hard_cap_attempts   how many hard-cap exits were sent: one tick more tolerance each
    blocked_alert_at    when it was last told that an exit is due and cannot be sent
    take_profit_from    when the oldest lot was opened that the take-profit in progress has closed
    stop_since          since when the legacy stop's excursion has persisted
    """

    max_excursion: Fraction = Fraction(0)
    sweet_spot_announced: bool = False
    hard_cap_announced: bool = False
    legacy_announced: bool = False
    improved_at: Timestamp | None = None
    crossed_at: Timestamp | None = None
    hard_cap_attempts: int = 0
    blocked_alert_at: Timestamp | None = None
    time_at_risk_told: bool = False
    take_profit_from: Timestamp | None = None
    stop_since: Timestamp | None = None


NEW_EPISODE = Episode()

FIRST_WORD_WITHIN = Duration(10 * SECOND)
"""How long a market that has just taken over leaves its entries where they rest until the feed says what the book is:
as long as a book may be silent. The feed's word comes a moment after the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """One market as its actor knows it.

    raw_view       the venue's best levels; `view` is the same with our own resting orders taken out
    orders         live ones; `ended` the last finished ones, because the news of an order may come late
    sequence       of the last order fact applied
    recovered_at   when this life took over what is on record
    is_feed_heard  whether the feed has told this life what the book is, or that there is none
    orders_in_book whether the venue's book contains our orders (live mode)
    """

    market: Market
    settings: StrategySettings
    run_mode: RunMode
    order_prefix: str
    now: Timestamp = Timestamp(0)
    is_recovered: bool = False
    recovered_at: Timestamp | None = None
    is_feed_heard: bool = False
    sequence: int = 0
    raw_view: BookView = EMPTY_VIEW
    view: BookView = EMPTY_VIEW
    feed: FeedStatus = FeedStatus.DOWN
    reference: Reference = Reference()
    last_trade: Price | None = None
    position: Position = Position()
    episode: Episode = NEW_EPISODE
    orders: tuple[Order, ...] = ()
    ended: tuple[Order, ...] = ()
    permit: Permit = CLOSED_AT_START
    is_out_of_bounds: bool = False
    is_retired: bool = False
    bid_placed_at: Timestamp | None = None
    ask_placed_at: Timestamp | None = None
    entry_hold_until: Timestamp | None = None
    exit_hold_until: Timestamp | None = None
    last_trim_at: Timestamp | None = None
    next_order_number: int = 1

    @property
    def orders_in_book(self) -> bool:
        """Only in live mode does the venue's book contain our orders."""
        return self.run_mode is RunMode.LIVE

    @property
    def has_usable_book(self) -> bool:
        """In sequence, heard of lately, both sides present and not crossed."""
        return self.feed is FeedStatus.LIVE and self.view.is_two_sided

    @property
    def awaits_feed(self) -> bool:
        """It has only just taken over, and the feed has not said yet what the book is."""
        at = self.recovered_at
        return at is not None and not self.is_feed_heard and self.now - at < FIRST_WORD_WITHIN

    @property
    def is_active(self) -> bool:
        """The venue takes orders in this market."""
        return self.market.status is MarketStatus.ACTIVE

    @property
    def spread_ticks(self) -> int | None:
        """Steps from the best bid to the best ask; None when a side is empty."""
        bid, ask = self.view.best_bid, self.view.best_ask
        return None if bid is None or ask is None else self.market.grid.ticks_between(bid, ask)

    @property
    def mark(self) -> Fraction | None:
        """What the position is measured against: the mid, else the last trade; None when neither is known."""
        if self.has_usable_book and self.view.double_mid is not None:
            return Fraction(self.view.double_mid, 2)
        return None if self.last_trade is None else Fraction(self.last_trade)

    @property
    def age(self) -> Duration | None:
        """How long the oldest open lot has been held; None when flat."""
        opened_at = self.position.opened_at
        return None if opened_at is None else Duration(max(self.now - opened_at, 0))

    @property
    def tp_offset(self) -> Price:
        """The take-profit distance at the tick that holds where the position was entered."""
        vwap = self.position.vwap
        at = Price(int(vwap)) if vwap is not None else self.settings.low
        return take_profit_offset(self.settings, self.market.grid.tick_at(at))

    @property
    def tp_target(self) -> PriceRatio | None:
        """The exact take-profit of the open position; None when flat."""
        vwap = self.position.vwap
        return None if vwap is None else take_profit_target(vwap, self.position.sign, self.tp_offset)

    @property
    def exit_side(self) -> Side:
        """The side that shrinks the position."""
        return Side.ASK if self.position.sign > 0 else Side.BID

    def live_orders(self, role: Role, side: Side | None = None) -> tuple[Order, ...]:
        """Our live orders of one role, on one side or on both."""
        return tuple(o for o in self.orders if o.role is role and (side is None or o.side is side))

    def live_size(self, role: Role, side: Side | None = None) -> Size:
        """What our live orders of one role may still fill."""
        return Size(sum(o.remaining for o in self.live_orders(role, side)))

    def placed_at(self, side: Side) -> Timestamp | None:
        """When an entry was last placed on this side."""
        return self.bid_placed_at if side is Side.BID else self.ask_placed_at

    def context(self) -> MarketContext:
        """What every line about this market carries."""
        vwap = self.position.vwap
        return MarketContext(
            state=self.position.skew,
            net=self.position.net,
            vwap=None if vwap is None else PriceRatio(vwap),
            tp=self.tp_target,
            best_bid=self.view.best_bid,
            best_ask=self.view.best_ask,
            mid_ema=self.reference.ratio,
        )
