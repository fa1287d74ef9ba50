"""What the venue's evidence proves about our orders, without a thread or a socket: evidence in, news for the door out.

Evidence comes from three sides, in any order, late, twice or never: the answer to a request, the private channels and
sweeps of the venue's lists. Nothing ends an order but the venue's word, and an end is told only after every fill that
came before it. An order that may never have arrived is looked for; an exit is then sent again under its own id, and an
entry waits for its expiry, after which it cannot arrive any more. Source: venue reference §6.11.
"""

from collections.abc import Iterable
from typing import Any

from edgelock.actors.live_order import Doubt, DoubtKind, LiveOrder
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    AmendRejected,
    Canceled,
    CancelRejected,
    Filled,
    OpenOrder,
    OrderNews,
    Rejected,
    RenewOrder,
    ResendOrder,
    Unanswered,
)
from edgelock.actors.sweep import LookUps, Sweep
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId, TimeInForce
from edgelock.core.units import SECOND, Duration, Price, Size, Timestamp
from edgelock.kalshi import wire_orders as wire
from edgelock.kalshi.account import VenueFill, VenueOrder, VenueOrderStatus
from edgelock.kalshi.private_events import FillSeen, OrderSeen, PrivateEvent

ABSENCES_NEEDED = 2
"""So many looks, each newer than the last, must miss an order before it is sent again."""
CLOCK_MARGIN = Duration(SECOND)
"""The venue's clock and ours may differ by this much, so a look counts as later only beyond it."""
EXPIRY_MARGIN = Duration(2 * SECOND)
"""After its expiry and this much more, an order that was never seen cannot arrive (clocks may differ by a second)."""
FILLS_OVERLAP = Duration(60 * SECOND)
"""Fills are read again from this long before the last complete sweep."""
LOOK_UPS_MAX = 20
"""Single orders looked up in one sweep; the rest follows in the next."""
_NOT_FOUND = 404
_TOO_MANY = 429
_WITHOUT_A_LOOK = frozenset({"too_many_requests", "trading_is_paused", "exchange_is_paused"})
"""Refusals that say nothing about the order."""

News = list[OrderNews]


class LiveOrders:
    """All orders of this run. For one thread at a time; its owner holds the lock.

    run       what our client order ids begin with
    previous  client order ids of earlier runs that may still be alive
    implausible_fills  trade ids of fills that no order of ours can have had, as they were told; the lists are asked
    strays    orders of ours that rest although nobody here keeps them: venue id to ticker, for the owner to withdraw
    """

    def __init__(self, run: str, previous: frozenset[ClientOrderId] = frozenset()) -> None:
        self._prefix = f"{run}-"
        self._previous = previous
        self._orders: dict[ClientOrderId, LiveOrder] = {}
        self._live: dict[ClientOrderId, LiveOrder] = {}
        self._by_venue_id: dict[str, LiveOrder] = {}
        self._trade_ids: set[str] = set()
        self._unattributed: dict[str, list[VenueFill]] = {}
        self._nets: dict[str, int] = {}
        self._swept_as_of: Timestamp | None = None
        self.strays: dict[str, str] = {}
        self.foreign_orders: set[str] = set()
        self.implausible_fills: set[str] = set()
        self.is_closing = False

    # --- what is known ------------------------------------------------------------------------------------------

    def find(self, client_order_id: ClientOrderId) -> LiveOrder:
        """An order of this run; raises KeyError for another."""
        return self._orders[client_order_id]

    def is_ours(self, client_order_id: str) -> bool:
        """Whether an order is of this run, or of an earlier one of ours."""
        return client_order_id.startswith(self._prefix) or client_order_id in self._previous

    def net(self, ticker: str) -> Size:
        """The position that the fills heard so far come to, told or not."""
        return Size(self._nets.get(ticker, 0))

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Orders that are not proven to have ended, as far as the venue has named them."""
        return tuple(_open_order(order) for order in self._live.values())

    @property
    def needs_a_look(self) -> bool:
        """Whether something is in doubt that the venue's lists could settle."""
        return bool(self._unattributed or self.implausible_fills) or any(
            order.doubt is not None or order.end_filled is not None for order in self._live.values()
        )

    def start_from(self, ticker: str, net: Size, trade_ids: Iterable[str]) -> None:
        """What was held before this run, and the fills it came from."""
        self._nets[ticker] = net
        self._trade_ids.update(trade_ids)

    # --- requests and their outcomes ----------------------------------------------------------------------------

    def place_sent(self, ticker: str, wish: PlaceOrder, now: Timestamp, expires_at: Timestamp | None) -> None:
        """An order is about to be sent."""
        order = LiveOrder(ticker, wish, now, expires_at, wish.price, wish.size, now)
        self._orders[wish.client_order_id] = self._live[wish.client_order_id] = order

    def placed(self, client_order_id: ClientOrderId, outcome: wire.PlaceOutcome, now: Timestamp) -> News:
        """What came of sending an order, for the first time or again."""
        order = self._answered(client_order_id)
        if isinstance(outcome, wire.Placed):
            self._bind(order, outcome.order_id)
            if order.is_over:
                return []
            order.doubt, order.told_at = None, now
            if not outcome.remaining:
                order.end_filled = outcome.filled
            return [*self._acknowledge(order, now), *self._try_to_end(order, now)]
        if order.is_over or (order.is_acknowledged and order.doubt is None):
            return []  # a channel was quicker, and it knows better
        is_first = order.doubt is None
        if isinstance(outcome, wire.Refused) and is_first and not order.booked:
            self._over(order, now)
            return [_rejected(order, outcome, now)]
        doubt = order.doubt = order.doubt or Doubt(DoubtKind.PLACE, now)
        doubt.since, doubt.absences = now, 0
        doubt.has_landed = doubt.has_landed or isinstance(outcome, wire.AlreadyExists)
        doubt.refusal = outcome if isinstance(outcome, wire.Refused) else None
        return [Unanswered(**_about(order, now), reason=_reason("place", outcome))] if is_first else []

    def amend_sent(self, wish: AmendOrder) -> LiveOrder:
        """An amendment is about to be sent."""
        order = self._orders[wish.client_order_id]
        order.is_requested, order.amending = True, (wish.price, wish.size)
        return order

    def amended(self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome, now: Timestamp) -> News:
        """What came of an amendment."""
        order = self._answered(client_order_id)
        if order.is_over:
            return []
        if isinstance(outcome, wire.Amended):
            assert order.amending is not None
            return self._now_like(order, *order.amending, now)
        if isinstance(outcome, wire.Refused) and outcome.status != _NOT_FOUND:
            order.amending = None
            return [AmendRejected(**_about(order, now), code=outcome.code, text=outcome.text)]
        order.doubt = Doubt(DoubtKind.AMEND, now)
        return [Unanswered(**_about(order, now), reason=_reason("amend", outcome))]

    def cancel_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A cancellation is about to be sent."""
        order = self._orders[client_order_id]
        order.is_requested = True
        return order

    def canceled(self, client_order_id: ClientOrderId, outcome: wire.CancelOutcome | None, now: Timestamp) -> News:
        """What came of a cancellation; None when it could not be sent, because the venue has never named the order."""
        order = self._answered(client_order_id)
        if order.is_over:
            return []
        if isinstance(outcome, wire.Canceled):
            if order.amending is not None:
                order.doubt = Doubt(DoubtKind.CANCEL, now)  # off the book; its record says how much had filled
                return []
            order.doubt = None
            order.end_filled = Size(max(order.size - outcome.reduced_by, order.booked))
            return self._try_to_end(order, now)
        was_certain = order.doubt is None
        if isinstance(outcome, wire.Refused) and outcome.status == _TOO_MANY and was_certain:
            # Too many requests: this one was not looked at, and the order is where it was.
            return [CancelRejected(**_about(order, now), code=outcome.code, text=outcome.text), _ack(order, now)]
        if order.doubt is None or order.doubt.kind is not DoubtKind.PLACE:
            order.doubt = Doubt(DoubtKind.CANCEL, now)
        if isinstance(outcome, wire.Refused):
            return [CancelRejected(**_about(order, now), code=outcome.code, text=outcome.text)]
        return [Unanswered(**_about(order, now), reason=_reason("cancel", outcome))]

    def renew_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A prolongation is about to be sent."""
        order = self._orders[client_order_id]
        order.is_requested = True
        return order

    def renewed(
        self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome, expires_at: Timestamp, now: Timestamp
    ) -> News:
        """What came of prolonging an order."""
        order = self._answered(client_order_id)
        if order.is_over:
            return []
        if isinstance(outcome, wire.Refused):
            if outcome.status != _NOT_FOUND:
                return []
            order.doubt = Doubt(DoubtKind.RENEW, now)
            return [Unanswered(**_about(order, now), reason=_reason("renew", outcome))]
        # Without an answer it may live until either time; the later one is what counts as proof of its end.
        order.expires_at = expires_at
        return []

    def due(
        self, now: Timestamp, entry_life: Duration, exit_life: Duration
    ) -> list[tuple[str, RenewOrder | ResendOrder]]:
        """Resting orders past half of their life, and exits that have to be sent again."""
        found: list[tuple[str, RenewOrder | ResendOrder]] = []
        for order in self._live.values():
            if order.is_requested or order.end_filled is not None or self.is_closing:
                continue
            if order.may_never_have_arrived and order.is_exit:
                assert order.doubt is not None
                if order.doubt.absences >= ABSENCES_NEEDED and order.doubt.refusal is None:
                    found.append((order.ticker, ResendOrder(client_order_id=order.client_order_id)))
            elif order.expires_at is not None and order.doubt is None and order.is_acknowledged:
                life = exit_life if order.is_exit else entry_life
                if order.expires_at - now < life // 2:
                    found.append((order.ticker, RenewOrder(client_order_id=order.client_order_id)))
        return found

    def resend_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """An order of unknown fate is about to be sent again."""
        order = self._orders[client_order_id]
        order.is_requested = True
        return order

    # --- the private channels -----------------------------------------------------------------------------------

    def heard(self, event: PrivateEvent, now: Timestamp) -> News:
        """What a private channel said."""
        if isinstance(event, FillSeen):
            order = self._named(event.client_order_id, event.fill.order_id)
            if order is not None:
                return self._fill(order, event.fill, now)
            may_be_ours = event.client_order_id is None or self.is_ours(event.client_order_id)
            if may_be_ours and event.fill.trade_id not in self._trade_ids:
                self._unattributed.setdefault(event.fill.order_id, []).append(event.fill)
            return []
        if isinstance(event, OrderSeen):
            return self._order_seen(event.order, now)
        return []

    def _order_seen(self, seen: VenueOrder, now: Timestamp) -> News:
        order = self._named(seen.client_order_id, seen.order_id)
        if order is None:
            self._not_ours(seen)
            return []
        news = self._attributed(order, now)
        if order.is_over:
            return news
        if _has_ended(seen):
            return [*news, *self._ended(order, seen, now)]
        if seen.status is not VenueOrderStatus.RESTING or order.end_filled is not None:
            return news
        if order.doubt is not None and order.doubt.kind is DoubtKind.PLACE:
            order.doubt = None
            return [*news, *self._acknowledge(order, now)]
        if order.doubt is None and not order.is_acknowledged:
            return [*news, *self._acknowledge(order, now)]
        is_newer = seen.updated_at is not None and seen.updated_at > order.told_at
        if order.doubt is None and not order.is_requested and is_newer:
            return [*news, *self._compare(order, seen, now)]
        return news

    # --- sweeps -------------------------------------------------------------------------------------------------

    def look_ups(self, resting: Iterable[VenueOrder], now: Timestamp) -> LookUps:
        """What else has to be read, once the list of resting orders is known."""
        shown = {order.order_id for order in resting}
        missing = [o for o in self._live.values() if o.venue_id is not None and o.venue_id not in shown]
        ids = [*(o.venue_id for o in missing if o.venue_id is not None), *self._unattributed]
        unnamed = {o.ticker for o in self._live.values() if o.venue_id is None and o.doubt is not None}
        placed = [o.placed_at for o in self._live.values()]
        known = self._swept_as_of if self._swept_as_of is not None else now
        since = min([known, *placed]) - FILLS_OVERLAP
        return LookUps(
            order_ids=tuple(ids[:LOOK_UPS_MAX]), tickers=tuple(sorted(unnamed)), fills_since_s=max(since, 0) // SECOND
        )

    def swept(self, sweep: Sweep, now: Timestamp) -> News:
        """What a look at the venue's lists proves. What it does not show proves nothing by itself."""
        seen = self._seen_in(sweep)
        news: News = []
        for fill in reversed(sweep.fills):
            order = self._by_venue_id.get(fill.order_id)
            if order is not None:
                news += self._fill(order, fill, now)
        for order in tuple(self._live.values()):
            news += self._attributed(order, now)
            if not order.is_over:
                shown = None if order.venue_id is None else seen.get(order.venue_id)
                news += self._absent(order, sweep, now) if shown is None else self._shown(order, shown, sweep, now)
        for queued in sweep.queue:
            order = self._by_venue_id.get(queued.order_id)
            if order is not None:
                order.queue_ahead = queued.ahead
        # Every order id that could be named has been; a fill of an order that is not ours changes our position all the
        # same, and the comparison of positions tells.
        self._unattributed.clear()
        self.implausible_fills.clear()
        self._swept_as_of = sweep.as_of
        return news

    def _seen_in(self, sweep: Sweep) -> dict[str, VenueOrder]:
        seen: dict[str, VenueOrder] = {}
        listed = (order for orders in sweep.listed.values() for order in orders)
        looked_up = (order for order in sweep.looked_up.values() if order is not None)
        for shown in (*listed, *sweep.resting, *looked_up):
            seen[shown.order_id] = shown
            order = self._named(shown.client_order_id, shown.order_id)
            if order is None or (order.is_over and _is_newer(sweep, order)):
                self._not_ours(shown)
            elif shown.filled > order.whole:
                # An amendment given up for lost came through and filled: two lists of the venue agree on that.
                order.size = shown.filled
        return seen

    def _shown(self, order: LiveOrder, shown: VenueOrder, sweep: Sweep, now: Timestamp) -> News:
        if _has_ended(shown):
            return self._ended(order, shown, now)
        if shown.status is not VenueOrderStatus.RESTING or order.end_filled is not None or order.is_requested:
            return []
        doubt = order.doubt
        if doubt is None:
            if not order.is_acknowledged:
                return self._acknowledge(order, now)
            return self._compare(order, shown, now) if _is_newer(sweep, order) else []
        if doubt.kind is not DoubtKind.PLACE and sweep.as_of <= doubt.since:
            return []  # as it was before the request that is in doubt
        order.doubt, order.is_acknowledged = None, True
        if (shown.price, _total(shown)) == (order.price, order.size):
            order.amending = None
            return [_ack(order, now)]
        return self._now_like(order, shown.price, _total(shown), now)

    def _absent(self, order: LiveOrder, sweep: Sweep, now: Timestamp) -> News:
        doubt = order.doubt
        if doubt is None or not order.may_never_have_arrived or order.is_requested:
            return []
        if sweep.as_of <= max(doubt.since + CLOCK_MARGIN, doubt.as_of) or order.ticker not in sweep.listed:
            return []
        doubt.absences, doubt.as_of = doubt.absences + 1, sweep.as_of
        if doubt.absences < ABSENCES_NEEDED:
            return []
        has_expired = order.expires_at is not None and sweep.as_of > order.expires_at + EXPIRY_MARGIN
        if not has_expired and doubt.refusal is None:
            return []
        self._over(order, now)
        if doubt.refusal is not None:
            return [_rejected(order, doubt.refusal, now)]
        text = "the venue never had it, and its time is over"
        return [Rejected(**_about(order, now), code="never_arrived", text=text, is_judged=False)]

    # --- what follows from a piece of evidence ------------------------------------------------------------------

    def _fill(self, order: LiveOrder, fill: VenueFill, now: Timestamp) -> News:
        if fill.trade_id in self._trade_ids:
            return []
        if not _is_plausible(order, fill):
            self.implausible_fills.add(fill.trade_id)
            return []
        self._bind(order, fill.order_id)
        self.implausible_fills.discard(fill.trade_id)
        self._trade_ids.add(fill.trade_id)
        sign = 1 if order.wish.side is Side.BID else -1
        self._nets[order.ticker] = self._nets.get(order.ticker, 0) + sign * fill.size
        order.booked = Size(order.booked + fill.size)
        news: News = [
            Filled(
                ticker=order.ticker,
                client_order_id=order.client_order_id,
                at=min(fill.at, now),
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
            self._over(order, now)
            return news
        return [*news, *self._try_to_end(order, now)]

    def _attributed(self, order: LiveOrder, now: Timestamp) -> News:
        """Fills that came before anything said whose they were."""
        fills = self._unattributed.pop(order.venue_id or "", ())
        return [item for fill in fills for item in self._fill(order, fill, now)]

    def _ended(self, order: LiveOrder, seen: VenueOrder, now: Timestamp) -> News:
        order.end_filled = seen.filled
        return self._try_to_end(order, now)

    def _try_to_end(self, order: LiveOrder, now: Timestamp) -> News:
        """The end of an order is told once every fill before it was."""
        if order.end_filled is None or order.is_over or order.booked < order.end_filled:
            return []
        self._over(order, now)
        return [Canceled(**_about(order, now), reason="venue")]

    def _compare(self, order: LiveOrder, seen: VenueOrder, now: Timestamp) -> News:
        if (seen.price, _total(seen)) == (order.price, order.size):
            return []
        return self._now_like(order, seen.price, _total(seen), now)

    def _now_like(self, order: LiveOrder, price: Price, size: Size, now: Timestamp) -> News:
        order.price, order.size, order.amending, order.doubt, order.told_at = price, size, None, None, now
        if order.booked >= size:
            self._over(order, now)
        return [Amended(**_about(order, now), price=price, size=size)]

    def _acknowledge(self, order: LiveOrder, now: Timestamp) -> News:
        if order.is_acknowledged:
            return []
        order.is_acknowledged = True
        return [_ack(order, now)]

    def _not_ours(self, seen: VenueOrder) -> None:
        """An order with our mark that we do not have alive is withdrawn; another's is left alone."""
        if seen.status is not VenueOrderStatus.RESTING:
            return
        if self.is_ours(seen.client_order_id):
            self.strays[seen.order_id] = seen.ticker
        else:
            self.foreign_orders.add(seen.order_id)

    def _named(self, client_order_id: str | None, venue_id: str) -> LiveOrder | None:
        order = self._by_venue_id.get(venue_id)
        if order is None and client_order_id is not None:
            order = self._orders.get(client_order_id)
            if order is not None:
                self._bind(order, venue_id)
        return order

    def _bind(self, order: LiveOrder, venue_id: str) -> None:
        if order.venue_id is None:
            order.venue_id = venue_id
            self._by_venue_id[venue_id] = order

    def _answered(self, client_order_id: ClientOrderId) -> LiveOrder:
        order = self._orders[client_order_id]
        order.is_requested = False
        return order

    def _over(self, order: LiveOrder, now: Timestamp) -> None:
        order.is_over, order.doubt, order.amending, order.told_at = True, None, None, now
        self._live.pop(order.client_order_id, None)


def rests(wish: PlaceOrder) -> bool:
    """Whether the order stays on the book, so that it needs an expiry."""
    return wish.time_in_force is TimeInForce.GOOD_TILL_CANCELED


def _is_newer(sweep: Sweep, order: LiveOrder) -> bool:
    return sweep.as_of > order.told_at


def _is_plausible(order: LiveOrder, fill: VenueFill) -> bool:
    """A fill is of the order's side, within its size, and at its limit or better; else it was told wrongly."""
    if fill.side is not order.wish.side or order.booked + fill.size > order.whole:
        return False
    limits = [order.price, order.wish.price, *([order.amending[0]] if order.amending is not None else [])]
    return fill.price <= max(limits) if fill.side is Side.BID else fill.price >= min(limits)


def _has_ended(seen: VenueOrder) -> bool:
    return seen.status in (VenueOrderStatus.CANCELED, VenueOrderStatus.EXECUTED)


def _total(seen: VenueOrder) -> Size:
    """Its size in all, as it rests now; the size it was born with does not follow its amendments."""
    return Size(seen.filled + seen.remaining)


def _about(order: LiveOrder, now: Timestamp) -> dict[str, Any]:
    return {"ticker": order.ticker, "client_order_id": order.client_order_id, "at": now}


def _ack(order: LiveOrder, now: Timestamp) -> Acknowledged:
    return Acknowledged(
        ticker=order.ticker, client_order_id=order.client_order_id, at=now, venue_order_id=order.venue_id or ""
    )


def _rejected(order: LiveOrder, refused: wire.Refused, now: Timestamp) -> Rejected:
    is_judged = refused.code not in _WITHOUT_A_LOOK
    return Rejected(**_about(order, now), code=refused.code, text=refused.text, is_judged=is_judged)


def _open_order(order: LiveOrder) -> OpenOrder:
    return OpenOrder(
        ticker=order.ticker,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_id or "",
        side=order.wish.side,
        price=order.price,
        remaining=Size(max(order.whole - order.booked, 0)),
    )


def _reason(request: str, outcome: object) -> str:
    if isinstance(outcome, wire.Unknown):
        return f"{request}: {outcome.reason}"
    if isinstance(outcome, wire.Refused):
        return f"{request}: {outcome.code}"
    return f"{request}: the venue has it already" if isinstance(outcome, wire.AlreadyExists) else f"{request}: not sent"
