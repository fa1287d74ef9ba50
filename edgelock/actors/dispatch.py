"""What may be sent now, and what first: slots, tokens, the last gate, and the journal before the wire.

Cancels of all markets go first, then exits, then prolongations, then entries. One slot and a reserve of tokens stay
free for what makes us safer, so that waiting entries never hold up an exit, not even one of their own market.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from edgelock.actors.clock import Clock
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import Command, OrderGateway, RenewOrder, ResendOrder
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.limits import Gate, Refused, check, worst_case_of
from edgelock.core.market import MarketStatus
from edgelock.core.rate_limit import CANCEL_COST, ORDER_COST, TokenBucket
from edgelock.core.settings import TradingSettings
from edgelock.core.units import Duration, Timestamp

BATCH_MAX = 20
"""Cancellations in one request."""


class DispatchDesk(Protocol):
    """What dispatching needs of the door."""

    def make_durable(self, desk: OrderDesk, wish: PlaceOrder, now: Timestamp) -> Refused | None:
        """Write an order down before it leaves, or say why it may not."""
        ...

    def is_refused(self, desk: OrderDesk, refusal: Refused, now: Timestamp) -> None:
        """Tell the market that its intent was not sent."""
        ...

    def is_leaving(self, desk: OrderDesk, wish: AmendOrder | CancelOrder, now: Timestamp) -> None:
        """Count a cancel or an amendment that goes out."""
        ...


class Dispatch:
    """Owned by the ExchangeActor, which lends it the desks.

    waiting  how long until what waits for tokens can be sent, and whose it is; None when nothing waits
    unarmed  markets that have to have their exits, or to be known, before any entry may leave
    """

    def __init__(
        self, gateway: OrderGateway, bucket: TokenBucket, door: DispatchDesk, clock: Clock, *, enforce_gates: bool
    ) -> None:
        self._gateway = gateway
        self._bucket = bucket
        self._door = door
        self._clock = clock
        self._enforce_gates = enforce_gates
        self._requests: dict[str, int] = {}
        self._request = 0
        self.waiting: tuple[Duration, str, str] | None = None
        self.unarmed = 0

    def pump(self, desks: Mapping[str, OrderDesk], settings: TradingSettings) -> None:
        """Send until nothing may be sent."""
        self.waiting = None
        progress = True
        while progress:
            ready = [desk for desk in desks.values() if desk.queue and desk.in_flight is None]
            if self._cancel_together(ready):
                continue
            progress = entries_wait = False
            for desk in sorted(ready, key=lambda each: rank(each, each.queue[0]) if each.queue else 0):
                if not desk.queue or desk.in_flight is not None:
                    continue
                is_entry = desk.is_for_entries(desk.queue[0])
                if not (is_entry and entries_wait) and self._send_next(desk, desks, settings):
                    progress = True
                elif is_entry:
                    entries_wait = True
                    progress = desk.let_pass() or progress

    def request_done(self, client_order_id: str) -> None:
        """A slot may be free again."""
        self._requests.pop(client_order_id, None)

    def throttled(self) -> None:
        """The venue says that we ask too often: what we thought was left is not there."""
        self._bucket = replace(self._bucket.refilled(self._clock.now()), parts=0)

    # --- one command --------------------------------------------------------------------------------------------

    def _send_next(self, desk: OrderDesk, desks: Mapping[str, OrderDesk], settings: TradingSettings) -> bool:
        """Send, refuse or drop the desk's next command; False when it has to wait."""
        wish, now = desk.queue[0], self._clock.now()
        if desk.is_pointless(wish):
            desk.queue.popleft()
            return True
        refusal = None
        if not isinstance(wish, RenewOrder | ResendOrder):
            refusal = check(wish, self._gate(desk, desks, settings))
        elif not desk.may_prolong(wish, self._clock.monotonic_ns(), settings.risk.permit_life):
            desk.queue.popleft()
            return True
        if refusal is None and not self._has_room(desk, wish, settings, now):
            return False
        desk.queue.popleft()
        if refusal is None and isinstance(wish, PlaceOrder):
            refusal = self._door.make_durable(desk, wish, now)
        if refusal is not None:
            self._door.is_refused(desk, refusal, now)
            return True
        self._send(desk, wish, now)
        return True

    def _send(self, desk: OrderDesk, wish: Command, now: Timestamp) -> None:
        desk.sent(wish, now)
        self._request += 1
        self._requests[wish.client_order_id] = self._request
        ticker = desk.market.ticker
        match wish:
            case PlaceOrder():
                self._gateway.place(ticker, wish)
            case AmendOrder():
                self._door.is_leaving(desk, wish, now)
                self._gateway.amend(ticker, wish)
            case CancelOrder():
                self._door.is_leaving(desk, wish, now)
                self._gateway.cancel(ticker, wish)
            case RenewOrder():
                self._gateway.renew(ticker, wish)
            case ResendOrder():
                self._gateway.resend(ticker, wish)

    def _cancel_together(self, ready: Iterable[OrderDesk]) -> bool:
        """Several markets' cancels at once are one request; it needs the tokens of all of them."""
        now = self._clock.now()
        together: list[tuple[OrderDesk, CancelOrder]] = []
        for desk in ready:
            wish = desk.queue[0]
            if isinstance(wish, CancelOrder) and not desk.is_pointless(wish) and len(together) < BATCH_MAX:
                together.append((desk, wish))
        bucket = self._bucket.refilled(now).spent(CANCEL_COST * len(together))
        if len(together) < 2 or bucket is None or not self._has_slot(is_entry=False):
            return False
        self._bucket = bucket
        self._request += 1
        for desk, wish in together:
            desk.queue.popleft()
            desk.sent(wish, now)
            self._requests[wish.client_order_id] = self._request
            self._door.is_leaving(desk, wish, now)
        self._gateway.cancel_many(tuple((desk.market.ticker, wish) for desk, wish in together))
        return True

    # --- room ---------------------------------------------------------------------------------------------------

    def _has_room(self, desk: OrderDesk, wish: Command, settings: TradingSettings, now: Timestamp) -> bool:
        is_entry = desk.is_for_entries(wish)
        if not self._has_slot(is_entry=is_entry):
            return False
        cost = CANCEL_COST if isinstance(wish, CancelOrder) else ORDER_COST
        reserve = settings.risk.exit_token_reserve if is_entry else 0
        bucket = self._bucket.refilled(now)
        spent = bucket.spent(cost, reserve=reserve)
        self._bucket = spent or bucket
        if spent is not None:
            return True
        wait = bucket.wait_for(cost, reserve=reserve)
        if self.waiting is None or wait < self.waiting[0]:
            # An exit needs fewer tokens than an entry that waits already, so it may be due earlier.
            self.waiting = (wait, desk.market.ticker, "entry" if is_entry else "exit")
        return False

    def _has_slot(self, *, is_entry: bool) -> bool:
        under_way = len(set(self._requests.values()))
        return under_way < self._gateway.max_in_flight - (1 if is_entry else 0)

    def _gate(self, desk: OrderDesk, desks: Mapping[str, OrderDesk], settings: TradingSettings) -> Gate:
        ticker = desk.market.ticker
        others = (each.exposure() for name, each in desks.items() if name != ticker)
        return Gate(
            mode=desk.mode(self._clock.monotonic_ns(), settings.risk.permit_life),
            is_feed_live=desk.is_feed_live,
            is_active=desk.market.status is MarketStatus.ACTIVE,
            is_fuse_whole=self._gateway.takes_entries,
            exposure=desk.exposure(),
            others_worst=worst_case_of(others),
            strategy=settings.strategy_for(ticker),
            risk=settings.risk,
            enforce_gates=self._enforce_gates,
            unarmed=self.unarmed,
        )


def rank(desk: OrderDesk, wish: Command) -> int:
    """The order in which commands of different markets leave: the smaller first."""
    if isinstance(wish, CancelOrder):
        return 0
    if desk.is_for_entries(wish):
        return 3
    return 2 if isinstance(wish, RenewOrder) else 1
