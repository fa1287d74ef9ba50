"""What the trade and lifecycle channels say, as events: prints, steps of a market's life, grids, fees, outcomes."""

from collections import OrderedDict

from edgelock.core.facts import Print
from edgelock.core.market import MarketStatus
from edgelock.core.units import Price
from edgelock.kalshi.feed_events import FeedEvent, FeesOverridden, GridSeen, LifeChanged, OutcomePaid, TradeSeen
from edgelock.kalshi.wire import price_field, ratio_field, seconds_field, size_field
from edgelock.kalshi.wire_feed import (
    FEE_ENDPOINT,
    LIFECYCLE_ENDPOINT,
    TRADE_ENDPOINT,
    FeeBody,
    LifecycleBody,
    TradeBody,
)
from edgelock.kalshi.wire_market import grid_field, side_field

_STATUS_OF_EVENT = {
    "created": MarketStatus.INITIALIZED,
    "activated": MarketStatus.ACTIVE,
    "deactivated": MarketStatus.INACTIVE,
    "determined": MarketStatus.DETERMINED,
    "settled": MarketStatus.FINALIZED,
}
TRADES_REMEMBERED = 4096
"""A trade told twice has the id of one of the latest so many."""


class Announcements:
    """Remembers what one message says and a later one needs: outcomes until they are paid, and trades told.

    Every method raises WireError for a field that is not what the protocol says.
    """

    def __init__(self) -> None:
        self._outcomes: dict[str, Price] = {}
        self._trades: OrderedDict[str, None] = OrderedDict()

    def forget(self, ticker: str) -> None:
        """The outcome that was announced is not what will be paid, or nobody wants to know any more."""
        self._outcomes.pop(ticker, None)

    def trade(self, trade: TradeBody) -> list[FeedEvent]:
        """A public trade, unless it was made off the book or was told before."""
        if trade.is_block_trade or trade.trade_id in self._trades:
            return []
        seen = Print(
            trade_id=trade.trade_id,
            price=price_field(trade.yes_price_dollars, "yes_price_dollars", TRADE_ENDPOINT),
            size=size_field(trade.count_fp, "count_fp", TRADE_ENDPOINT),
            taker_side=side_field(trade.taker_book_side, "taker_book_side", TRADE_ENDPOINT),
        )
        self._trades[trade.trade_id] = None
        if len(self._trades) > TRADES_REMEMBERED:
            self._trades.popitem(last=False)
        return [TradeSeen(trade.market_ticker, seen)]

    def life(self, life: LifecycleBody) -> list[FeedEvent]:
        """A step in a market's life. An outcome is told when it is paid: until then it may be disputed."""
        ticker = life.market_ticker
        events: list[FeedEvent] = []
        status = _STATUS_OF_EVENT.get(life.event_type)
        close = None if life.close_ts is None else seconds_field(life.close_ts, "close_ts", LIFECYCLE_ENDPOINT)
        if life.settlement_value is not None:
            self._outcomes[ticker] = price_field(life.settlement_value, "settlement_value", LIFECYCLE_ENDPOINT)
        if status is not None or close is not None:
            events.append(LifeChanged(ticker, status, close))
        if life.price_ranges is not None:
            events.append(GridSeen(ticker, grid_field(life.price_ranges, LIFECYCLE_ENDPOINT)))
        if status is MarketStatus.FINALIZED:
            events.append(OutcomePaid(ticker, self._outcomes.get(ticker)))
        return events

    def fees(self, fees: FeeBody) -> list[FeedEvent]:
        """An event's overrides."""
        multiplier = fees.fee_multiplier_override
        if multiplier is None:
            return [FeesOverridden(fees.event_ticker, fees.fee_type_override, None)]
        exact = ratio_field(multiplier, "fee_multiplier_override", FEE_ENDPOINT)
        return [FeesOverridden(fees.event_ticker, fees.fee_type_override, exact)]
