"""What a market holds, from what our journal knows and what the venue shows: the one answer of every start.

Both sides tell fills by trade id, in any order and any number of times; a fill that either of them tells has happened.
Booking what was missed and asking again changes nothing and misses nothing. Fills are booked in the order of their
time; at equal times the trade id decides, so that the answer does not depend on the order of the lists. Where both
sides tell a fill, the venue's figures count.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.position import Position, Realized
from edgelock.core.units import Money, Price, Size, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFill:
    """A fill of ours as one side tells it. order_id is that side's own name for the order."""

    trade_id: str
    order_id: str
    side: Side
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut:
    """The outcome: YES was worth `value`; the venue took `fee` for paying it out."""

    value: Price
    fee: Money
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrder:
    """An order of ours on the venue's lists. end is how it ended, None while it rests."""

    order_id: str
    client_order_id: ClientOrderId
    filled: Size
    end: OrderState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What our journal knows of one market.

    unfinished  orders that were written down and have no recorded end
    """

    fills: tuple[PastFill, ...] = ()
    unfinished: frozenset[ClientOrderId] = frozenset()
    payout: PaidOut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What the venue shows of one market: all our fills, our holding, and those of our orders that were looked for."""

    fills: tuple[PastFill, ...] = ()
    net: Size = Size(0)
    orders: tuple[ShownOrder, ...] = ()
    payout: PaidOut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What a fill closed, or the payout (trade_id None), and when."""

    trade_id: str | None
    at: Timestamp
    realized: Realized


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The answer for one market.

    position    lots with their ages; its `realized` and `fees` are those since `counted_from`
    missed      fills that the journal does not have, oldest first, by our name of the order where the venue's lists
                give it; `missed_payout` likewise, and `net_paid` is what was held when the market was paid out
    closings    all that was ever closed here, oldest first, for the count of the day's result
    leftovers   orders that rest although nobody here keeps them
    finished    unfinished orders whose end is proven
    undecided   unfinished orders that the venue does not show: a request for one may still be on its way
    drift       the venue's holding − ours; 0 when they agree
    uncounted   what the venue's orders count as filled beyond the fills it lists: the list is behind
    unlisted    fills of the journal that the venue does not list (yet, or any more)
    """

    position: Position = Position()
    is_settled: bool = False
    missed: tuple[PastFill, ...] = ()
    missed_payout: PaidOut | None = None
    net_paid: Size = Size(0)
    closings: tuple[Closing, ...] = ()
    leftovers: tuple[ShownOrder, ...] = ()
    finished: tuple[tuple[ClientOrderId, OrderState], ...] = ()
    undecided: frozenset[ClientOrderId] = frozenset()
    drift: Size = Size(0)
    uncounted: Size = Size(0)
    unlisted: int = 0

    @property
    def is_consistent(self) -> bool:
        """The venue's own figures agree with each other and with ours."""
        return self.drift == 0 and self.uncounted == 0


def recover(record: Recorded | None, sweep: Swept | None, *, counted_from: Timestamp) -> Recovery:
    """What is held, what was missed, and what has to be done about it.

    record        None when the journal cannot be read: then nothing can be told to have been missed
    sweep         None where nobody else keeps books (paper): orders ended with the gateway that kept them
    counted_from  results before this engine time belong to earlier runs; they stay out of the position's totals
    """
    known = record or Recorded()
    shown = sweep or Swept()
    fills = _merged(shown.fills, known.fills)
    listed = {fill.trade_id for fill in shown.fills}
    told = {fill.trade_id for fill in known.fills}
    payout = known.payout or shown.payout
    position, net_paid, closings = _booked(fills, payout, counted_from)
    names = {order.order_id: order.client_order_id for order in shown.orders}
    missed = () if record is None else tuple(fill for fill in fills if fill.trade_id not in told)
    missed_payout = shown.payout if record is not None and known.payout is None else None
    ends = {order.client_order_id: order.end for order in _by_id(shown.orders) if order.end is not None}
    seen = {order.client_order_id for order in shown.orders}
    if sweep is None:
        ends = dict.fromkeys(known.unfinished, OrderState.CANCELED)
    return Recovery(
        position=position,
        is_settled=payout is not None,
        missed=tuple(replace(fill, order_id=names.get(fill.order_id, fill.order_id)) for fill in missed),
        missed_payout=missed_payout,
        net_paid=net_paid,
        closings=tuple(closings),
        leftovers=tuple(order for order in _by_id(shown.orders) if order.end is None),
        finished=tuple(sorted((each, ends[each]) for each in known.unfinished & ends.keys())),
        undecided=frozenset() if sweep is None else known.unfinished - seen,
        drift=Size(0) if sweep is None else Size(shown.net - position.net),
        uncounted=_uncounted(shown),
        unlisted=0 if sweep is None else len(told - listed),
    )


def _booked(
    fills: Iterable[PastFill], payout: PaidOut | None, counted_from: Timestamp
) -> tuple[Position, Size, list[Closing]]:
    """The position, what was held before the payout, and what each fill closed."""
    position, closings = Position(), []
    is_counted = False
    for fill in fills:
        if not is_counted and fill.at >= counted_from:
            is_counted, position = True, _uncharged(position)
        position, realized = position.after_fill(
            trade_id=fill.trade_id, side=fill.side, price=fill.price, size=fill.size, fee=fill.fee, at=fill.at
        )
        if realized is not None:
            closings.append(Closing(trade_id=fill.trade_id, at=fill.at, realized=realized))
    if not is_counted:
        position = _uncharged(position)
    if payout is None:
        return position, Size(0), closings
    held = position.net
    position, realized = position.settled(payout.value, payout.fee)
    if realized is not None:
        closings.append(Closing(trade_id=None, at=payout.at, realized=realized))
    return position if payout.at >= counted_from else _uncharged(position), held, closings


def _uncharged(position: Position) -> Position:
    """Nothing realised and nothing paid so far; what the open lots cost stays with them."""
    return replace(position, realized=Money(0), fees=Money(0))


def _merged(*sides: tuple[PastFill, ...]) -> tuple[PastFill, ...]:
    """Each trade once, oldest first, as the first side tells it that does. One that tells it twice tells it alike."""
    by_trade: dict[str, PastFill] = {}
    for side in sides:
        for fill in side:
            by_trade.setdefault(fill.trade_id, fill)
    return tuple(sorted(by_trade.values(), key=lambda fill: (fill.at, fill.trade_id)))


def _by_id(orders: Iterable[ShownOrder]) -> tuple[ShownOrder, ...]:
    """Each order once; an end counts more than an older look at which it rested."""
    by_id: dict[str, ShownOrder] = {}
    for order in sorted(orders, key=lambda each: (each.end is None, -each.filled)):
        by_id.setdefault(order.order_id, order)
    return tuple(by_id[order_id] for order_id in sorted(by_id))


def _uncounted(shown: Swept) -> Size:
    listed: Counter[str] = Counter()
    for fill in _merged(shown.fills):
        listed[fill.order_id] += fill.size
    return Size(sum(max(order.filled - listed[order.order_id], 0) for order in _by_id(shown.orders)))
