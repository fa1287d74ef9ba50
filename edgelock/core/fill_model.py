"""The paper fill model of one market: what would have become of our orders in the venue's real flow.

Real book and real prints go in, answers as a venue would give them come out. Our orders exist only here: the
displayed book never contains them. The model is a piece to be swapped; these are its assumptions.

Queue      A resting order stands behind everything displayed at its price when it arrived. A print at its price,
           taken by the other side, uses up that queue first and then the order, never for more than was printed.
Through    A print beyond its price, taken by the other side, fills the whole rest at once, at the order's price.
Cancels    Those ahead of us are believed only as far as the display proves: less shown than the queue lowers the
           queue to it. The print that explains such a shrink may be told after it; it is not counted twice, unless
           the level grew in between.
Crossing   A displayed opposite price at or through the order's price would have met the order: it fills at the
           order's price, as maker, for what is displayed there. A book that crosses itself is between two changes
           and fills nobody.
Taking     An order that crosses takes the displayed levels up to its limit, one fill each at the level's price.
           Displayed contracts are met once: what leaves the level is assumed to be others', what is added is new,
           and an empty level forgets.
Ourselves  A taker stops before a resting order of ours, its rest is cancelled (the venue's `taker_at_cross`).
           Two of our orders at one price share a print, the earlier first.
Latency    None: an order arrives when it is sent. Nobody reacts to our orders.

Amending the price, or to a larger size, moves an order to the back of the queue; a smaller size keeps its place.
Fees are the schedule's, with the rounding gathered per order. The change of cash is taken as −price × size for a
buy and +price × size for a sale; an opening sale really costs (1 − price) × size, which differs by whole dollars
per contract and so by whole steps of the rounding.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgelock.core.book import EMPTY_VIEW, Book, Level
from edgelock.core.facts import Print
from edgelock.core.fees import FeeSchedule, charge
from edgelock.core.fill_outcomes import (
    Accepted,
    AmendRefused,
    AmendTaken,
    CancelRefused,
    Outcome,
    PaperFill,
    PlaceRefused,
    RestingOrder,
    Withdrawn,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.order import ClientOrderId, TimeInForce
from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Money, Price, Size, cost


@dataclass(slots=True)
class _PaperOrder:
    """An order of ours. explained: how much of the queue the display took away and no print has accounted for."""

    client_order_id: ClientOrderId
    venue_order_id: str
    side: Side
    price: Price
    size: Size
    post_only: bool
    filled: Size = Size(0)
    queue_ahead: Size = Size(0)
    displayed: Size = Size(0)
    explained: Size = Size(0)
    gathered_rounding: Money = Money(0)

    @property
    def remaining(self) -> Size:
        return Size(self.size - self.filled)

    def is_crossed_by(self, opposite: Price) -> bool:
        """Whether an opposite price is at or through ours."""
        return self.side.sign * (self.price - opposite) >= 0

    def join_queue(self, displayed: Size) -> None:
        """Stand behind everything displayed."""
        self.queue_ahead = self.displayed = displayed
        self.explained = Size(0)

    def see_display(self, displayed: Size) -> None:
        """Lower the queue to what is displayed at our price."""
        if displayed > self.displayed:
            self.explained = Size(0)
        if displayed < self.queue_ahead:
            self.explained = Size(self.explained + self.queue_ahead - displayed)
            self.queue_ahead = displayed
        self.displayed = displayed

    def see_print(self, size: Size) -> Size:
        """Use up the queue by a print at our price, and return what is left for us."""
        already_seen = min(self.explained, size)
        self.explained = Size(self.explained - already_seen)
        from_queue = min(self.queue_ahead, size - already_seen)
        self.queue_ahead = Size(self.queue_ahead - from_queue)
        return Size(min(self.remaining, size - already_seen - from_queue))


class _MetLiquidity:
    """Displayed contracts that our orders have met, so that none is met twice."""

    def __init__(self) -> None:
        self._met: dict[tuple[Side, Price], Size] = {}

    def __bool__(self) -> bool:
        return bool(self._met)

    def left(self, side: Side, level: Level) -> Size:
        """What of a displayed level is still to be had."""
        return Size(max(level.size - self._met.get((side, level.price), 0), 0))

    def meet(self, side: Side, price: Price, size: Size) -> None:
        """Remember contracts as met."""
        self._met[side, price] = Size(self._met.get((side, price), 0) + size)

    def see_display(self, book: Book) -> None:
        """Forget what a level no longer shows."""
        shown = {key: Size(min(size, book.size_at(*key))) for key, size in self._met.items()}
        self._met = {key: size for key, size in shown.items() if size}


class PaperMarket:
    """Our paper orders in one market. Deterministic; not thread-safe: its owner calls it one at a time.

    run  prefix of the trade and order ids, different for every run, so that ids never repeat
    """

    def __init__(self, market: Market, *, run: str) -> None:
        self.ticker = market.ticker
        self._status = market.status
        self._grid = market.grid
        self._fees = market.fees
        self._run = run
        self._resting: dict[ClientOrderId, _PaperOrder] = {}
        self._known: set[ClientOrderId] = set()
        self._met = _MetLiquidity()
        self._trades = 0

    @property
    def resting_orders(self) -> tuple[RestingOrder, ...]:
        """Our orders on the book, in the order in which they joined their queues."""
        return tuple(
            RestingOrder(
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                side=order.side,
                price=order.price,
                remaining=order.remaining,
            )
            for order in self._resting.values()
        )

    def place(self, wish: PlaceOrder, book: Book) -> tuple[Outcome, ...]:
        """Take a new order against the displayed book."""
        refusal = self._place_refusal(wish, book)
        if refusal is not None:
            return (PlaceRefused(client_order_id=wish.client_order_id, code=refusal[0], text=refusal[1]),)
        self._known.add(wish.client_order_id)
        order = _PaperOrder(
            client_order_id=wish.client_order_id,
            venue_order_id=f"paper-{self._run}-{self.ticker}-o{len(self._known)}",
            side=wish.side,
            price=wish.price,
            size=wish.size,
            post_only=wish.post_only,
        )
        accepted = Accepted(client_order_id=order.client_order_id, venue_order_id=order.venue_order_id)
        rests = wish.time_in_force is TimeInForce.GOOD_TILL_CANCELED
        return (accepted, *self._enter(order, book, rests=rests))

    def amend(self, wish: AmendOrder, book: Book) -> tuple[Outcome, ...]:
        """Change price and size in all of a resting order. A size already filled ends it as filled."""
        order = self._resting.get(wish.client_order_id)
        if order is None:
            return (AmendRefused(client_order_id=wish.client_order_id, code="not_found", text="not found"),)
        refusal = self._amend_refusal(order, wish, book)
        if refusal is not None:
            return (AmendRefused(client_order_id=wish.client_order_id, code=refusal[0], text=refusal[1]),)
        taken = AmendTaken(client_order_id=wish.client_order_id, price=wish.price, size=wish.size)
        keeps_place = wish.price == order.price and wish.size <= order.size
        order.price, order.size = wish.price, wish.size
        if keeps_place and order.remaining:
            return (taken,)
        del self._resting[order.client_order_id]
        return (taken, *self._enter(order, book, rests=True)) if order.remaining else (taken,)

    def cancel(self, wish: CancelOrder) -> tuple[Outcome, ...]:
        """Take an order off the book; one that is not there (any more) is refused."""
        if self._resting.pop(wish.client_order_id, None) is None:
            return (CancelRefused(client_order_id=wish.client_order_id, code="not_found", text="not found"),)
        return (Withdrawn(client_order_id=wish.client_order_id, reason="asked"),)

    def cancel_all(self, reason: str) -> tuple[Outcome, ...]:
        """Take every order off the book."""
        withdrawn = tuple(Withdrawn(client_order_id=id_, reason=reason) for id_ in self._resting)
        self._resting.clear()
        return withdrawn

    def on_book(self, book: Book) -> tuple[Outcome, ...]:
        """The displayed book is now this."""
        if self._met:
            self._met.see_display(book)
        for order in self._resting.values():
            order.see_display(book.size_at(order.side, order.price))
        return tuple(self._filled_by_display(book))

    def on_prints(self, prints: Iterable[Print]) -> tuple[Outcome, ...]:
        """Public trades, in the order they came."""
        return tuple(fill for trade in prints for fill in self._filled_by(trade))

    def on_status(self, status: MarketStatus) -> tuple[Outcome, ...]:
        """The market opened, paused or ended; its end takes our orders off the book, a pause leaves them."""
        self._status = status
        return self.cancel_all("market_over") if status.is_over else ()

    def on_grid(self, grid: PriceGrid) -> None:
        """The market accepts other prices from now on; resting orders stay."""
        self._grid = grid

    def on_fees(self, fees: FeeSchedule) -> None:
        """Fills are charged so from now on, those of resting orders too."""
        self._fees = fees

    # --- arriving ---

    def _place_refusal(self, wish: PlaceOrder, book: Book) -> tuple[str, str] | None:
        if wish.client_order_id in self._known:
            return "order_already_exists", "order already exists"
        if wish.size <= 0:
            return "invalid_order_size", "invalid order size"
        return self._market_refusal(wish.side, wish.price, wish.post_only, book)

    def _amend_refusal(self, order: _PaperOrder, wish: AmendOrder, book: Book) -> tuple[str, str] | None:
        if wish.size < order.filled or wish.size <= 0:
            return "invalid_order_size", f"{order.filled} of {order.size} are filled"
        return self._market_refusal(order.side, wish.price, order.post_only, book)

    def _market_refusal(self, side: Side, price: Price, post_only: bool, book: Book) -> tuple[str, str] | None:
        if self._status is MarketStatus.INACTIVE:
            return "trading_is_paused", "trading is paused"
        if self._status is not MarketStatus.ACTIVE:
            return "market_inactive", f"market is {self._status.value}"
        if not self._grid.accepts(price):
            return "invalid_price", "invalid price"
        if post_only and self._would_cross(side, price, book):
            return "post_only_cross", "post only cross"
        return None

    def _would_cross(self, side: Side, price: Price, book: Book) -> bool:
        touch, own = book.view(1).best(side.opposite), self._own_touch(side.opposite)
        return any(best is not None and side.sign * (price - best) >= 0 for best in (touch, own))

    def _own_touch(self, side: Side) -> Price | None:
        prices = [order.price for order in self._resting.values() if order.side is side]
        return max(prices, key=lambda price: side.sign * price, default=None)

    def _enter(self, order: _PaperOrder, book: Book, *, rests: bool) -> Iterator[Outcome]:
        """Take what crosses, then rest or leave."""
        own_touch = self._own_touch(order.side.opposite)
        for level in self._crossing_levels(order, book):
            if own_touch is not None and order.side.sign * (level.price - own_touch) >= 0:
                break
            yield from self._meet(order, level, is_taker=True)
        if not order.remaining:
            return
        meets_own = own_touch is not None and order.is_crossed_by(own_touch)
        if rests and not meets_own:
            order.join_queue(book.size_at(order.side, order.price))
            self._resting[order.client_order_id] = order
        else:
            yield Withdrawn(client_order_id=order.client_order_id, reason="self_trade" if meets_own else "unfilled")

    # --- filling ---

    def _crossing_levels(self, order: _PaperOrder, book: Book) -> Iterator[Level]:
        touch = book.view(1).best(order.side.opposite)
        if touch is None or not order.is_crossed_by(touch):
            return
        for level in book.levels(order.side.opposite):
            if not order.remaining or not order.is_crossed_by(level.price):
                return
            yield level

    def _meet(self, order: _PaperOrder, level: Level, *, is_taker: bool) -> Iterator[PaperFill]:
        size = Size(min(order.remaining, self._met.left(order.side.opposite, level)))
        if size:
            self._met.meet(order.side.opposite, level.price, size)
            queue_ahead = None if is_taker else order.queue_ahead
            price = level.price if is_taker else order.price
            yield self._fill(order, price, size, is_taker=is_taker, queue_ahead=queue_ahead)

    def _filled_by_display(self, book: Book) -> Iterator[PaperFill]:
        view = book.view(1) if self._resting else EMPTY_VIEW
        if view.bids and view.asks and not view.is_two_sided:
            return
        crossed = [
            order
            for order in self._resting.values()
            if (touch := view.best(order.side.opposite)) is not None and order.is_crossed_by(touch)
        ]
        for order in sorted(crossed, key=lambda order: -order.side.sign * order.price):
            for level in self._crossing_levels(order, book):
                yield from self._meet(order, level, is_taker=False)
        self._drop_filled(crossed)

    def _filled_by(self, trade: Print) -> Iterator[PaperFill]:
        left = trade.size
        met = [order for order in self._resting.values() if order.side is trade.taker_side.opposite]
        for order in met:
            queue_ahead = order.queue_ahead
            if order.price == trade.price:
                size = order.see_print(left)
                left = Size(left - size)
            else:
                size = order.remaining if order.is_crossed_by(trade.price) else Size(0)
            if size:
                yield self._fill(order, order.price, size, is_taker=False, queue_ahead=queue_ahead)
        self._drop_filled(met)

    def _fill(
        self, order: _PaperOrder, price: Price, size: Size, *, is_taker: bool, queue_ahead: Size | None
    ) -> PaperFill:
        revenue = Money(-order.side.sign * cost(price, size))
        charged = charge(
            self._fees.rate(is_taker=is_taker),
            price,
            size,
            revenue=revenue,
            gathered_rounding=order.gathered_rounding,
        )
        order.gathered_rounding = charged.gathered_rounding
        order.filled = Size(order.filled + size)
        self._trades += 1
        return PaperFill(
            client_order_id=order.client_order_id,
            trade_id=f"paper-{self._run}-{self.ticker}-{self._trades}",
            price=price,
            size=size,
            fee=charged.net,
            is_taker=is_taker,
            queue_ahead=queue_ahead,
        )

    def _drop_filled(self, orders: Iterable[_PaperOrder]) -> None:
        for order in orders:
            if not order.remaining:
                self._resting.pop(order.client_order_id, None)
