"""What is held of this run's orders and their fills, and the steps in which evidence moves an order towards its end.

Nothing ends an order but the venue's word, and an end is told only after every fill that came before it. Where a piece
of evidence came from does not matter here; what it is worth is weighed before (`live_requests.py`, `live_channels.py`,
`live_lists.py`).
"""

from collections.abc import Iterable

from edgelock.actors.live_bounds import CLOCK_MARGIN
from edgelock.actors.live_index import LiveIndex
from edgelock.actors.live_news import News, about, acknowledged
from edgelock.actors.live_order import Doubt, LiveOrder
from edgelock.actors.order_gateway import Amended, Canceled, Filled
from edgelock.actors.unbooked_fills import UnbookedFills
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Price, Size, Timestamp
from edgelock.kalshi.account import VenueFill, VenueOrder, VenueOrderStatus


class LiveRecord:
    """For one thread at a time.

    run       what our client order ids begin with
    previous  client order ids of earlier lives and runs that may still be alive
    runs      earlier runs of ours: what client order ids begin with of which there may be no record
    index     where an order is found
    unbooked  fills that no order has been found for, or that none can have had
    strays    orders of ours that rest although nobody here keeps them: venue id to ticker
    """

    def __init__(self, run: str, previous: frozenset[ClientOrderId]) -> None:
        self._prefix = f"{run}-"
        self.previous = previous
        self.runs: frozenset[str] = frozenset()
        self._trade_ids: set[str] = set()
        self._nets: dict[str, int] = {}
        self.index = LiveIndex()
        self.unbooked = UnbookedFills(CLOCK_MARGIN)
        self.strays: dict[str, str] = {}

    def is_ours(self, client_order_id: str) -> bool:
        """Whether an order is of this run, or of an earlier one of ours."""
        if client_order_id.startswith(self._prefix) or client_order_id in self.previous:
            return True
        run, mark, _ = client_order_id.partition("-")
        return bool(mark) and run in self.runs

    def net(self, ticker: str) -> Size:
        """The position that the fills heard so far come to, told or not."""
        return Size(self._nets.get(ticker, 0))

    def start_from(self, ticker: str, net: Size, trade_ids: Iterable[str]) -> None:
        """What was held before this run, and the fills it came from."""
        self._nets[ticker] = net
        self._trade_ids.update(trade_ids)

    def is_booked(self, trade_id: str) -> bool:
        """Whether the fill was counted before: each counts once."""
        return trade_id in self._trade_ids

    def named(self, seen: VenueOrder) -> LiveOrder | None:
        """Which order of this run is shown, if any. One with our mark that we do not know is withdrawn."""
        order = self.index.named(seen.order_id, seen.client_order_id)
        if order is None:
            # Another's order on the same account is left alone.
            if seen.status is VenueOrderStatus.RESTING and self.is_ours(seen.client_order_id):
                self.strays[seen.order_id] = seen.ticker
            return None
        if not order.is_meant_by(seen):
            return None
        self.index.bind(order, seen.order_id)
        return order

    def fill(self, order: LiveOrder, fill: VenueFill, now: Timestamp, *, is_listed: bool = False) -> News:
        """A fill of this order; not counted yet when the order can hardly have had it."""
        if fill.trade_id in self._trade_ids:
            return []
        if not order.allows(fill) and not self.unbooked.is_confirmed(fill, now, is_listed=is_listed):
            return []
        self.unbooked.let_go(fill.trade_id)
        self._trade_ids.add(fill.trade_id)
        sign = 1 if order.side is Side.BID else -1
        self._nets[order.ticker] = self._nets.get(order.ticker, 0) + sign * fill.size
        order.booked = Size(order.booked + fill.size)
        news: News = [
            Filled(
                **about(order, min(fill.at, now)),
                trade_id=fill.trade_id,
                price=fill.price,
                size=fill.size,
                fee=fill.fee,
                is_taker=fill.is_taker,
                queue_ahead=order.queue_ahead,
            )
        ]
        if order.is_over:
            return news
        if order.booked >= order.whole:
            self.over(order, now)
            return news
        self.index.note(order)
        return [*news, *self.try_to_end(order, now)]

    def attributed(self, order: LiveOrder, now: Timestamp) -> News:
        """Fills that came before anything said whose they were."""
        return [item for fill in self.unbooked.take(order.venue_id) for item in self.fill(order, fill, now)]

    def ended(self, order: LiveOrder, seen: VenueOrder, now: Timestamp) -> News:
        """The venue shows that it has ended."""
        order.end_filled = seen.filled
        self.index.note(order)
        return self.try_to_end(order, now)

    def try_to_end(self, order: LiveOrder, now: Timestamp) -> News:
        """The end of an order is told once every fill before it was."""
        if order.end_filled is None or order.is_over or order.booked < order.end_filled:
            return []
        self.over(order, now)
        return [Canceled(**about(order, now), reason="venue")]

    def compare(self, order: LiveOrder, seen: VenueOrder, now: Timestamp) -> News:
        """The venue shows it resting: news if its shape is not what was told last."""
        if (seen.price, total(seen)) == (order.price, order.size):
            return []
        order.is_changed_unasked = True
        return self.now_like(order, seen.price, total(seen), now)

    def now_like(self, order: LiveOrder, price: Price, size: Size, now: Timestamp) -> News:
        """Its price and its size in all, by the venue's word, which settles every doubt."""
        order.reshape(price, size, now)
        self.doubt(order, None)
        if order.booked >= size:
            self.over(order, now)
        return [Amended(**about(order, now), price=price, size=size)]

    def acknowledge(self, order: LiveOrder, now: Timestamp) -> News:
        """It has arrived; told once."""
        if order.is_acknowledged:
            return []
        order.is_acknowledged = True
        return [acknowledged(order, now)]

    def doubt(self, order: LiveOrder, doubt: Doubt | None) -> None:
        """This is in doubt about it now, and nothing else; None for nothing."""
        order.doubt = doubt
        self.index.note(order)

    def over(self, order: LiveOrder, now: Timestamp) -> None:
        """It has ended; the caller tells."""
        order.is_over, order.doubt, order.amending, order.told_at = True, None, None, now
        self.index.ended(order, now)


def total(seen: VenueOrder) -> Size:
    """Its size in all, as it rests now; the size it was born with does not follow its amendments."""
    return Size(seen.filled + seen.remaining)


def has_ended(seen: VenueOrder) -> bool:
    """Whether the venue shows it off the book for good."""
    return seen.status in (VenueOrderStatus.CANCELED, VenueOrderStatus.EXECUTED)
