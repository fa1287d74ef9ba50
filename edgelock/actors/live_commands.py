"""What an order worker does with one command: a last check, the request, and what came of it.

A command is checked once more in the instant before it leaves: a fill that has been heard, or a fuse that is out,
stops an entry here. Whatever is met, the command ends with RequestDone. Once the gate is shut nothing leaves.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from edgelock.actors.clock import Clock
from edgelock.actors.live_news import News
from edgelock.actors.live_orders import LiveOrders
from edgelock.actors.order_gateway import Answer, Rejected, RenewOrder, RequestDone, ResendOrder
from edgelock.actors.send_gate import SendGate
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.order import ClientOrderId, Role
from edgelock.core.units import SECOND, Timestamp
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.wire_orders import OrderTerms, Unknown

_Outcome = TypeVar("_Outcome")


class LiveCommands:
    """Each method is called on a worker's thread, with the worker's own connection, and returns when all is told.

    lock     held around every use of `orders`, and while anything is told, so that answers keep their order
    tell     passes on what an outcome proves; called with the lock held
    group_id  of a market's fuse, which an entry has to name; None while entries are not taken
    entries_only_when_flat  whether an entry is held back once a fill has been heard
    """

    def __init__(
        self, orders: LiveOrders, lock: threading.RLock, clock: Clock, *, tell: Callable[[News], None], answer: Answer,
        group_id: Callable[[str], str | None], entries_only_when_flat: bool, gate: SendGate,
    ) -> None:  # fmt: skip
        self._orders = orders
        self._lock = lock
        self._clock = clock
        self._tell = tell
        self._answer = answer
        self._group_id = group_id
        self._entries_only_when_flat = entries_only_when_flat
        self._gate = gate

    def place(self, rest: TradingRest, ticker: str, wish: PlaceOrder) -> None:
        """Send a new order, unless something was learned that holds it back."""
        with self._lock:
            group_id = self._group_id(ticker) if wish.role is Role.ENTRY else None
            refusal = self._held_back(ticker, wish, group_id)
            if refusal is not None:
                now = self._clock.now()
                code, text = refusal
                about: dict[str, Any] = {"ticker": ticker, "client_order_id": wish.client_order_id}
                self._answer(Rejected(**about, at=now, code=code, text=text, is_judged=False))
                self._answer(RequestDone(**about, at=now))
                return
            order = self._orders.place_sent(ticker, wish, self._clock.now())
            terms = OrderTerms(expiration_s=_seconds(order.expires_at), group_id=group_id)
        outcome = self._guarded(lambda: rest.create_order(ticker, wish, terms))
        self._finish(ticker, wish.client_order_id, lambda now: self._orders.placed(wish.client_order_id, outcome, now))

    def _held_back(self, ticker: str, wish: PlaceOrder, group_id: str | None) -> tuple[str, str] | None:
        """Why an entry may not leave after all: what was learned since the gate let it through."""
        if wish.role is not Role.ENTRY:
            return None
        if group_id is None:
            return "order_group", "the fuse at the venue is out"
        if self._entries_only_when_flat and self._orders.net(ticker):
            return "fill_heard", "a fill of this market was heard meanwhile"
        return None

    def amend(self, rest: TradingRest, ticker: str, wish: AmendOrder) -> None:
        """Ask for another price and size."""
        with self._lock:
            order = self._orders.find(wish.client_order_id)
            if order.is_over:
                self._finish(
                    ticker, wish.client_order_id, lambda now: self._orders.amended(order.client_order_id, None, now)
                )
                return
            venue_id = order.venue_id
        assert venue_id is not None  # only what the venue acknowledged is amended
        outcome = self._guarded(
            lambda: rest.amend_order(venue_id, ticker, order.wish.side, wish.price, wish.size, wish.client_order_id)
        )
        self._finish(ticker, wish.client_order_id, lambda now: self._orders.amended(wish.client_order_id, outcome, now))

    def cancel(self, rest: TradingRest, ticker: str, wish: CancelOrder) -> None:
        """Withdraw an order."""
        with self._lock:
            if self._is_over(ticker, wish.client_order_id):
                return
            venue_id = self._orders.find(wish.client_order_id).venue_id
        outcome = None if venue_id is None else self._guarded(lambda: rest.cancel_order(venue_id, ticker))
        self._finish(
            ticker, wish.client_order_id, lambda now: self._orders.canceled(wish.client_order_id, outcome, now)
        )

    def cancel_many(self, rest: TradingRest, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        """Withdraw several orders with one request."""
        named: list[tuple[str, CancelOrder, str]] = []
        for ticker, wish in wishes:
            with self._lock:
                venue_id = self._orders.find(wish.client_order_id).venue_id
                is_sendable = venue_id is not None and not self._is_over(ticker, wish.client_order_id)
            if venue_id is None:
                self.cancel(rest, ticker, wish)
            elif is_sendable:
                named.append((ticker, wish, venue_id))
        outcomes = self._guarded(lambda: rest.cancel_orders([(venue_id, ticker) for ticker, _, venue_id in named]))
        for number, (ticker, wish, _) in enumerate(named):
            outcome = outcomes if isinstance(outcomes, Unknown) else outcomes[number]
            learn = partial(self._orders.canceled, wish.client_order_id, outcome)
            self._finish(ticker, wish.client_order_id, learn)

    def renew(self, rest: TradingRest, ticker: str, wish: RenewOrder) -> None:
        """Ask for a later expiry, and nothing else."""
        with self._lock:
            if self._is_over(ticker, wish.client_order_id):
                return
            order = self._orders.find(wish.client_order_id)
            venue_id, price, size = order.venue_id, order.price, order.size
            expires_at = self._orders.expiry(order.wish, self._clock.now())
        assert venue_id is not None  # only what the venue acknowledged is prolonged
        assert expires_at is not None  # and only what rests
        outcome = self._guarded(
            lambda: rest.amend_order(
                venue_id, ticker, order.wish.side, price, size, wish.client_order_id, expires_at // SECOND
            ),
        )  # fmt: skip
        self._finish(
            ticker,
            wish.client_order_id,
            lambda now: self._orders.renewed(wish.client_order_id, outcome, expires_at, now),
        )

    def resend(self, rest: TradingRest, ticker: str, wish: ResendOrder) -> None:
        """Send an order of unknown fate again."""
        with self._lock:
            if self._is_over(ticker, wish.client_order_id):
                return
            # The expiry is counted anew: the request may have waited for a worker.
            order = self._orders.resend_sent(wish.client_order_id, self._clock.now())
            expiration_s = _seconds(order.expires_at)
        outcome = self._guarded(
            lambda: rest.create_order(ticker, order.wish, OrderTerms(expiration_s=expiration_s)),
        )
        self._finish(ticker, wish.client_order_id, lambda now: self._orders.placed(wish.client_order_id, outcome, now))

    def _is_over(self, ticker: str, client_order_id: ClientOrderId) -> bool:
        """Whether the order ended while the command waited: then there is nothing to send."""
        if not self._orders.find(client_order_id).is_over:
            return False
        self._answer(RequestDone(ticker=ticker, client_order_id=client_order_id, at=self._clock.now()))
        return True

    def _finish(self, ticker: str, client_order_id: ClientOrderId, learn: Callable[[Timestamp], News]) -> None:
        with self._lock:
            now = self._clock.now()
            self._tell(learn(now))
            self._answer(RequestDone(ticker=ticker, client_order_id=client_order_id, at=now))

    def _guarded(self, call: Callable[[], _Outcome]) -> _Outcome | Unknown:
        """What the venue's answer proves; a failure of ours on the way proves nothing, and must not end the worker."""
        if not self._gate.enter():
            return Unknown("not sent: the gate is shut")
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the request may have been sent: whatever failed, its fate is unknown
            return Unknown(f"{type(error).__name__} while sending or reading")
        finally:
            self._gate.leave()


def _seconds(at: Timestamp | None) -> int | None:
    return None if at is None else at // SECOND
