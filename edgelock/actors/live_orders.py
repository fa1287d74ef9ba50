"""What the venue's evidence proves about our orders, without a thread or a socket: evidence in, news for the door out.

Evidence comes from three sides, in any order, late, twice or never: the answer to a request, the private channels and
sweeps of the venue's lists. Nothing ends an order but the venue's word, and an end is told only after every fill that
came before it. An order that may never have arrived is looked for; an exit is then sent again under its own id, and an
entry waits for its expiry, after which it cannot arrive any more. Source: venue reference §6.11.
"""

from collections.abc import Iterable

from edgelock.actors.live_index import LiveIndex
from edgelock.actors.live_news import about, acknowledged, is_judged, open_order, reason_of, rejected
from edgelock.actors.live_order import Doubt, DoubtKind, LiveOrder
from edgelock.actors.order_gateway import (
    Amended,
    AmendRejected,
    Canceled,
    CancelRejected,
    Filled,
    OpenOrder,
    OrderNews,
    RenewOrder,
    ResendOrder,
    Unanswered,
)
from edgelock.actors.sweep import LookUps, Sweep
from edgelock.actors.unbooked_fills import UnbookedFills
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId, Role, TimeInForce
from edgelock.core.units import SECOND, Duration, Price, Size, Timestamp, ceil_div
from edgelock.kalshi import wire_orders as wire
from edgelock.kalshi.account import VenueFill, VenueOrder, VenueOrderStatus
from edgelock.kalshi.private_events import FillSeen, OrderSeen, PrivateEvent

ABSENCES_NEEDED = 2
"""So many looks, each newer than the last, must miss an order before it is sent again."""
CLOCK_MARGIN = Duration(SECOND)
"""The venue's clock and ours may differ by this much, so a look counts as later only beyond it."""
EXPIRY_MARGIN = Duration(2 * SECOND)
"""After its expiry and this much more, an order that was never seen cannot arrive (clocks may differ by a second)."""
IN_TRANSIT_MAX = Duration(10 * SECOND)
"""A request without an expiry cannot arrive later than this after it was given up: its connection is gone."""
RENEWALS_TRIED = 8
"""A renewal that does not succeed is asked for so often before the order's time is over."""
FILLS_OVERLAP = Duration(60 * SECOND)
"""Lists are read again from this long before the last complete sweep."""
LOOK_UPS_MAX = 20
"""Single orders looked up in one sweep; the rest follows in the next."""
_NOT_FOUND = 404
_TOO_MANY = 429

News = list[OrderNews]


class LiveOrders:
    """All orders of this run. For one thread at a time; its owner holds the lock.

    run       what our client order ids begin with
    previous  client order ids of earlier runs that may still be alive
    entry_life, exit_life  how long an order may rest without being renewed (engine time)
    strays    orders of ours that rest although nobody here keeps them: venue id to ticker, for the owner to withdraw
    """

    def __init__(
        self, run: str, previous: frozenset[ClientOrderId] = frozenset(), *, entry_life: Duration, exit_life: Duration
    ) -> None:
        self._prefix = f"{run}-"
        self._previous = previous
        self._entry_life = entry_life
        self._exit_life = exit_life
        self._index = LiveIndex()
        self._trade_ids: set[str] = set()
        self._unbooked = UnbookedFills(CLOCK_MARGIN)
        self._nets: dict[str, int] = {}
        self._swept_as_of: Timestamp | None = None
        self._looked_at: dict[str, int] = {}
        self._look = 0
        self._has_more_to_look_up = False
        self.strays: dict[str, str] = {}
        self.is_closing = False

    # --- what is known ------------------------------------------------------------------------------------------

    def find(self, client_order_id: ClientOrderId) -> LiveOrder:
        """An order of this run; raises KeyError for another, or one that ended long ago."""
        return self._index[client_order_id]

    def is_ours(self, client_order_id: str) -> bool:
        """Whether an order is of this run, or of an earlier one of ours."""
        return client_order_id.startswith(self._prefix) or client_order_id in self._previous

    def net(self, ticker: str) -> Size:
        """The position that the fills heard so far come to, told or not."""
        return Size(self._nets.get(ticker, 0))

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Orders that are not proven to have ended, as far as the venue has named them."""
        return tuple(open_order(order) for order in self._index.live.values())

    @property
    def needs_a_look(self) -> bool:
        """Whether something is in doubt that the venue's lists could settle."""
        return bool(self._index.question or self._unbooked or self._has_more_to_look_up)

    def strays_in(self, resting: Iterable[VenueOrder]) -> frozenset[str]:
        """The markets in which something of ours rests that nobody here keeps; it goes to `strays`."""
        for shown in resting:
            self._named(shown)
        return frozenset(self.strays.values())

    def start_from(self, ticker: str, net: Size, trade_ids: Iterable[str]) -> None:
        """What was held before this run, and the fills it came from."""
        self._nets[ticker] = net
        self._trade_ids.update(trade_ids)

    # --- requests and their outcomes ----------------------------------------------------------------------------

    def expiry(self, wish: PlaceOrder, now: Timestamp) -> Timestamp | None:
        """When the venue shall withdraw it if nobody renews it; None for an order that does not rest.

        In whole seconds, as the venue takes it, and never sooner than promised.
        """
        if wish.time_in_force is not TimeInForce.GOOD_TILL_CANCELED:
            return None
        life = self._exit_life if wish.role is Role.EXIT else self._entry_life
        return Timestamp(ceil_div(now + life, SECOND) * SECOND)

    def place_sent(self, ticker: str, wish: PlaceOrder, now: Timestamp) -> LiveOrder:
        """An order is about to be sent."""
        order = LiveOrder.sent(ticker, wish, now, self.expiry(wish, now))
        self._index.add(order)
        if order.expires_at is not None:
            self._index.remind(order, self._renewal_at(order, order.expires_at))
        return order

    def placed(self, client_order_id: ClientOrderId, outcome: wire.PlaceOutcome, now: Timestamp) -> News:
        """What came of sending an order, for the first time or again."""
        order = self._answered(client_order_id)
        if isinstance(outcome, wire.Placed):
            return self._was_placed(order, outcome, now)
        if order.is_over or (order.is_acknowledged and order.doubt is None):
            return []  # a channel was quicker, and it knows better
        is_first = order.doubt is None
        if isinstance(outcome, wire.Refused) and is_first and not order.booked:
            self._over(order, now)
            return [rejected(order, outcome, now)]
        doubt = order.doubt or Doubt(DoubtKind.PLACE, now)
        doubt.since, doubt.absences = now, 0
        doubt.has_landed = doubt.has_landed or isinstance(outcome, wire.AlreadyExists)
        doubt.refusal = outcome if isinstance(outcome, wire.Refused) and is_judged(outcome) else None
        self._doubt(order, doubt)
        return [Unanswered(**about(order, now), reason=reason_of("place", outcome))] if is_first else []

    def _was_placed(self, order: LiveOrder, outcome: wire.Placed, now: Timestamp) -> News:
        if order.venue_id not in (None, outcome.order_id):
            return []  # two names for one order: the lists say which one it has
        self._index.bind(order, outcome.order_id)
        news = self._attributed(order, now)
        if order.is_over:
            return news
        order.told_at, order.assured_until = now, order.expires_at
        if not outcome.remaining:
            order.end_filled = outcome.filled
        order.heard_filled = max(order.heard_filled, outcome.filled)
        self._doubt(order, None)
        return [*self._acknowledge(order, now), *news, *self._try_to_end(order, now)]

    def amend_sent(self, wish: AmendOrder) -> LiveOrder:
        """An amendment is about to be sent."""
        order = self._sent(wish.client_order_id)
        order.amending = (wish.price, wish.size)
        order.reach(wish.price, wish.size)
        return order

    def amended(self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome | None, now: Timestamp) -> News:
        """What came of an amendment; None when it was not sent, because the order had ended meanwhile."""
        was_changed_unasked = self._index[client_order_id].is_changed_unasked
        order = self._answered(client_order_id)
        if order.is_over:
            # To a door that asked for more before it heard of the last fill, the order seems to have that much left.
            return [Canceled(**about(order, now), reason="over")]
        assert outcome is not None
        if isinstance(outcome, wire.Amended):
            assert order.amending is not None
            return self._now_like(order, *order.amending, now)
        if isinstance(outcome, wire.Refused) and outcome.status != _NOT_FOUND:
            order.amending = None
            if was_changed_unasked:
                # The door may have read of the change after it had asked for this one: to it, nothing is under way.
                return [Amended(**about(order, now), price=order.price, size=order.size)]
            return [AmendRejected(**about(order, now), code=outcome.code, text=outcome.text)]
        order.is_size_sure = order.is_size_sure and isinstance(outcome, wire.Refused)
        self._doubt(order, Doubt(DoubtKind.AMEND, now))
        return [Unanswered(**about(order, now), reason=reason_of("amend", outcome))]

    def cancel_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A cancellation is about to be sent."""
        return self._sent(client_order_id)

    def canceled(self, client_order_id: ClientOrderId, outcome: wire.CancelOutcome | None, now: Timestamp) -> News:
        """What came of a cancellation; None when it could not be sent, because the venue has never named the order."""
        order = self._answered(client_order_id)
        if order.is_over:
            return []
        if isinstance(outcome, wire.Canceled):
            return self._was_canceled(order, outcome, now)
        was_certain = order.doubt is None
        if isinstance(outcome, wire.Refused) and outcome.status == _TOO_MANY and was_certain:
            # Too many requests: this one was not looked at, and the order is where it was.
            return [CancelRejected(**about(order, now), code=outcome.code, text=outcome.text), acknowledged(order, now)]
        if order.venue_id is not None:
            self._doubt(order, Doubt(DoubtKind.CANCEL, now))
        if isinstance(outcome, wire.Refused):
            return [CancelRejected(**about(order, now), code=outcome.code, text=outcome.text)]
        return [Unanswered(**about(order, now), reason=reason_of("cancel", outcome))]

    def _was_canceled(self, order: LiveOrder, outcome: wire.Canceled, now: Timestamp) -> News:
        filled = order.size - outcome.reduced_by
        if order.amending is not None or not order.is_size_sure or filled < order.booked:
            # Off the book; only its record says how much had filled.
            self._doubt(order, Doubt(DoubtKind.CANCEL, now))
            return []
        order.end_filled = Size(filled)
        self._doubt(order, None)
        return self._try_to_end(order, now)

    def renew_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A prolongation is about to be sent."""
        return self._sent(client_order_id)

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
            self._doubt(order, Doubt(DoubtKind.RENEW, now))
            return [Unanswered(**about(order, now), reason=reason_of("renew", outcome))]
        # Without an answer it may live until either time; the later one is what counts as proof of its end.
        order.expires_at = expires_at
        if isinstance(outcome, wire.Amended):
            order.assured_until = expires_at
        else:
            order.is_size_sure = False
        return []

    def resend_sent(self, client_order_id: ClientOrderId, now: Timestamp) -> LiveOrder:
        """An order of unknown fate is about to be sent again."""
        order = self._sent(client_order_id)
        order.expires_at = self.expiry(order.wish, now)
        return order

    def due(self, now: Timestamp) -> list[tuple[str, RenewOrder | ResendOrder]]:
        """Resting orders past half of their life, and exits that have to be sent again.

        What does not come to a success is due again a little later.
        """
        if self.is_closing:
            return []
        found: list[tuple[str, RenewOrder | ResendOrder]] = [
            (order.ticker, ResendOrder(client_order_id=order.client_order_id))
            for order in self._index.question.values()
            if self._has_to_be_resent(order)
        ]
        for order in tuple(self._index.take_due(now)):
            assert order.assured_until is not None
            due_at = self._renewal_at(order, order.assured_until)
            if due_at <= now and order.is_at_rest:
                found.append((order.ticker, RenewOrder(client_order_id=order.client_order_id)))
            self._index.remind(order, max(due_at, Timestamp(now + self._life(order) // (2 * RENEWALS_TRIED))))
        return found

    def _has_to_be_resent(self, order: LiveOrder) -> bool:
        if order.is_requested or not order.is_exit or not order.may_never_have_arrived:
            return False
        assert order.doubt is not None
        return order.doubt.absences >= ABSENCES_NEEDED and order.doubt.refusal is None

    def _life(self, order: LiveOrder) -> Duration:
        return self._exit_life if order.is_exit else self._entry_life

    def _renewal_at(self, order: LiveOrder, until: Timestamp) -> Timestamp:
        return Timestamp(until - self._life(order) // 2)

    # --- the private channels -----------------------------------------------------------------------------------

    def heard(self, event: PrivateEvent, now: Timestamp) -> News:
        """What a private channel said."""
        if isinstance(event, FillSeen):
            return self._fill_seen(event, now)
        if isinstance(event, OrderSeen):
            return self._order_seen(event.order, now)
        return []

    def _fill_seen(self, event: FillSeen, now: Timestamp) -> News:
        fill = event.fill
        if fill.trade_id in self._trade_ids:
            return []
        order = self._index.named(fill.order_id, event.client_order_id)
        if order is not None and order.venue_id in (None, fill.order_id):
            self._index.bind(order, fill.order_id)
            return self._fill(order, fill, now)
        if order is not None or event.client_order_id is None or self.is_ours(event.client_order_id):
            self._unbooked.keep(fill, now)
        return []

    def _order_seen(self, seen: VenueOrder, now: Timestamp) -> News:
        order = self._named(seen)
        if order is None:
            return []
        news = self._attributed(order, now)
        if order.is_over:
            return news
        if _has_ended(seen):
            return [*news, *self._ended(order, seen, now)]
        if seen.status is not VenueOrderStatus.RESTING or order.end_filled is not None:
            return news
        order.heard_filled = max(order.heard_filled, seen.filled)
        if order.doubt is not None and order.doubt.kind is DoubtKind.PLACE:
            order.doubt = None
        if order.doubt is None:
            news += self._acknowledge(order, now)
        is_newer = seen.updated_at is not None and _is_later(seen.updated_at, order.told_at)
        if order.doubt is None and not order.is_requested and is_newer:
            news += self._compare(order, seen, now)
        self._index.note(order)
        return news

    # --- sweeps -------------------------------------------------------------------------------------------------

    def look_ups(self, resting: Iterable[VenueOrder], now: Timestamp) -> LookUps:
        """What else has to be read, once the list of resting orders is known."""
        shown = {order.order_id for order in resting}
        live = self._index.live.values()
        missing = [order.venue_id for order in live if order.venue_id is not None and order.venue_id not in shown]
        # The longest not looked up first, so that those which stay open do not keep others from their turn.
        ids = sorted((*missing, *self._unbooked.order_ids()), key=lambda order_id: self._looked_at.get(order_id, 0))
        unnamed = [order for order in live if order.venue_id is None and order.doubt is not None]
        unread = [order.placed_at for order in live if not order.is_backfilled]
        known = self._swept_as_of if self._swept_as_of is not None else now
        self._has_more_to_look_up = len(ids) > LOOK_UPS_MAX
        return LookUps(
            order_ids=tuple(ids[:LOOK_UPS_MAX]),
            tickers=tuple(sorted({order.ticker for order in unnamed})),
            orders_since_s=_seconds_before(min([now, *(order.placed_at for order in unnamed)])),
            fills_since_s=_seconds_before(min([known, *unread])),
        )

    def swept(self, sweep: Sweep, now: Timestamp) -> News:
        """What a look at the venue's lists proves. What it does not show proves nothing by itself."""
        seen = self._seen_in(sweep)
        news: News = []
        for fill in reversed(sweep.fills):
            order = self._index.named(fill.order_id)
            if order is not None:
                news += self._fill(order, fill, now, is_listed=True)
        for order in tuple(self._index.live.values()):
            news += self._attributed(order, now)
            if order.is_over:
                continue
            order.is_backfilled = order.venue_id is not None
            shown = None if order.venue_id is None else seen.get(order.venue_id)
            news += self._absent(order, sweep, now) if shown is None else self._shown(order, shown, sweep, now)
            self._index.note(order)
        for queued in sweep.queue:
            order = self._index.named(queued.order_id)
            if order is not None:
                order.queue_ahead = queued.ahead
        self._unbooked.looked(sweep.as_of, frozenset(sweep.looked_up))
        self._swept_as_of = sweep.as_of
        self._look += 1
        self._looked_at = {
            order_id: look for order_id, look in self._looked_at.items() if self._look - look <= LOOK_UPS_MAX
        } | dict.fromkeys(sweep.looked_up, self._look)
        self._index.forget(now)
        return news

    def _seen_in(self, sweep: Sweep) -> dict[str, VenueOrder]:
        """Everything that was shown of our live orders; a sweep's later reads count more than its earlier ones."""
        seen: dict[str, VenueOrder] = {}
        listed = (order for orders in sweep.listed.values() for order in orders)
        looked_up = (order for order in sweep.looked_up.values() if order is not None)
        for shown in (*sweep.resting, *looked_up, *listed):
            order = self._named(shown)
            if order is None:
                continue
            if not order.is_over:
                seen[shown.order_id] = shown
            elif shown.status is VenueOrderStatus.RESTING and _is_later(sweep.as_of, order.told_at):
                self.strays[shown.order_id] = shown.ticker
        return seen

    def _shown(self, order: LiveOrder, shown: VenueOrder, sweep: Sweep, now: Timestamp) -> News:
        order.heard_filled = shown.filled
        if _has_ended(shown):
            return self._ended(order, shown, now)
        if shown.status is not VenueOrderStatus.RESTING or order.end_filled is not None or order.is_requested:
            return []
        doubt = order.doubt
        if doubt is None:
            if not order.is_acknowledged:
                return self._acknowledge(order, now)
            return self._compare(order, shown, now) if _is_later(sweep.as_of, order.told_at) else []
        if doubt.kind is not DoubtKind.PLACE and not _is_later(sweep.as_of, doubt.since):
            return []  # as it was before the request that is in doubt
        order.doubt, order.is_acknowledged = None, True
        if (shown.price, _total(shown)) == (order.price, order.size):
            order.amending = None
            return [acknowledged(order, now)]
        order.is_changed_unasked = True
        return self._now_like(order, shown.price, _total(shown), now)

    def _absent(self, order: LiveOrder, sweep: Sweep, now: Timestamp) -> News:
        doubt = order.doubt
        if doubt is None or not order.may_never_have_arrived or order.is_requested:
            return []
        is_new = _is_later(sweep.as_of, doubt.since) and sweep.as_of > doubt.as_of
        if not is_new or order.ticker not in sweep.listed:
            return []
        doubt.absences, doubt.as_of = doubt.absences + 1, sweep.as_of
        if doubt.absences < ABSENCES_NEEDED or not self._cannot_arrive(order, doubt, sweep.as_of):
            return []
        self._over(order, now)
        # Not a rejection: a cancel of the unknown order may be on its way, and only an end can follow on that.
        reason = "never_arrived" if doubt.refusal is None else doubt.refusal.code
        return [Canceled(**about(order, now), reason=reason)]

    def _cannot_arrive(self, order: LiveOrder, doubt: Doubt, as_of: Timestamp) -> bool:
        """Whether a request for it that is still on its way would come too late."""
        if order.expires_at is not None and as_of > order.expires_at + EXPIRY_MARGIN:
            return True
        # An exit goes on being sent again, except when the venue does not want it or the run ends.
        is_left_alone = doubt.refusal is not None or (
            order.expires_at is None and (self.is_closing or not order.is_exit)
        )
        return is_left_alone and as_of > doubt.since + IN_TRANSIT_MAX

    # --- what follows from a piece of evidence ------------------------------------------------------------------

    def _fill(self, order: LiveOrder, fill: VenueFill, now: Timestamp, *, is_listed: bool = False) -> News:
        if fill.trade_id in self._trade_ids:
            return []
        if not order.allows(fill) and not self._unbooked.is_confirmed(fill, now, is_listed=is_listed):
            return []
        self._unbooked.let_go(fill.trade_id)
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
            self._over(order, now)
            return news
        self._index.note(order)
        return [*news, *self._try_to_end(order, now)]

    def _attributed(self, order: LiveOrder, now: Timestamp) -> News:
        """Fills that came before anything said whose they were."""
        return [item for fill in self._unbooked.take(order.venue_id) for item in self._fill(order, fill, now)]

    def _ended(self, order: LiveOrder, seen: VenueOrder, now: Timestamp) -> News:
        order.end_filled = seen.filled
        self._index.note(order)
        return self._try_to_end(order, now)

    def _try_to_end(self, order: LiveOrder, now: Timestamp) -> News:
        """The end of an order is told once every fill before it was."""
        if order.end_filled is None or order.is_over or order.booked < order.end_filled:
            return []
        self._over(order, now)
        return [Canceled(**about(order, now), reason="venue")]

    def _compare(self, order: LiveOrder, seen: VenueOrder, now: Timestamp) -> News:
        if (seen.price, _total(seen)) == (order.price, order.size):
            return []
        order.is_changed_unasked = True
        return self._now_like(order, seen.price, _total(seen), now)

    def _now_like(self, order: LiveOrder, price: Price, size: Size, now: Timestamp) -> News:
        order.reshape(price, size, now)
        self._doubt(order, None)
        if order.booked >= size:
            self._over(order, now)
        return [Amended(**about(order, now), price=price, size=size)]

    def _acknowledge(self, order: LiveOrder, now: Timestamp) -> News:
        if order.is_acknowledged:
            return []
        order.is_acknowledged = True
        return [acknowledged(order, now)]

    def _named(self, seen: VenueOrder) -> LiveOrder | None:
        """Which order of this run is shown, if any. One with our mark that we do not know is withdrawn."""
        order = self._index.named(seen.order_id, seen.client_order_id)
        if order is None:
            # Another's order on the same account is left alone.
            if seen.status is VenueOrderStatus.RESTING and self.is_ours(seen.client_order_id):
                self.strays[seen.order_id] = seen.ticker
            return None
        if not order.is_meant_by(seen):
            return None
        self._index.bind(order, seen.order_id)
        return order

    def _sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        order = self._index[client_order_id]
        order.is_requested = True
        return order

    def _answered(self, client_order_id: ClientOrderId) -> LiveOrder:
        order = self._index[client_order_id]
        order.is_requested = order.is_changed_unasked = False
        return order

    def _doubt(self, order: LiveOrder, doubt: Doubt | None) -> None:
        order.doubt = doubt
        self._index.note(order)

    def _over(self, order: LiveOrder, now: Timestamp) -> None:
        order.is_over, order.doubt, order.amending, order.told_at = True, None, None, now
        self._index.ended(order, now)


def _is_later(at: Timestamp, than: Timestamp) -> bool:
    """Whether the venue's time `at` is after our time `than`, however far the clocks are apart."""
    return at > than + CLOCK_MARGIN


def _has_ended(seen: VenueOrder) -> bool:
    return seen.status in (VenueOrderStatus.CANCELED, VenueOrderStatus.EXECUTED)


def _total(seen: VenueOrder) -> Size:
    """Its size in all, as it rests now; the size it was born with does not follow its amendments."""
    return Size(seen.filled + seen.remaining)


def _seconds_before(at: Timestamp) -> int:
    return max(at - FILLS_OVERLAP, 0) // SECOND
