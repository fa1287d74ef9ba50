"""What the venue's evidence proves about our orders, without a thread or a socket: evidence in, news for the door out.

Evidence comes from three sides, in any order, late, twice or never: the answer to a request (`LiveRequests`), the
private channels (`live_channels`) and sweeps of the venue's lists (`LiveLists`). All work on one record (`LiveRecord`).
Nothing ends an order but the venue's word, and an end is told only after every fill that came before it. An order that
may never have arrived is looked for; an exit is then sent again under its own id, and an entry waits for its expiry,
after which it cannot arrive any more. Source: venue reference §6.11.
"""

from collections.abc import Iterable

from edgelock.actors import live_channels
from edgelock.actors.live_lifetimes import LiveLifetimes
from edgelock.actors.live_lists import LiveLists
from edgelock.actors.live_news import News, open_order
from edgelock.actors.live_order import LiveOrder
from edgelock.actors.live_record import LiveRecord
from edgelock.actors.live_requests import LiveRequests
from edgelock.actors.order_gateway import OpenOrder, RenewOrder, ResendOrder
from edgelock.actors.sweep import LookUps, Sweep
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Duration, Size, Timestamp
from edgelock.kalshi import wire_orders as wire
from edgelock.kalshi.account import VenueOrder
from edgelock.kalshi.private_events import PrivateEvent


class LiveOrders:
    """All orders of this run. For one thread at a time; its owner holds the lock.

    run         what our client order ids begin with
    previous    client order ids of earlier runs that may still be alive
    entry_life, exit_life  how long an order may rest without being renewed (engine time)
    is_closing  set when the run ends: from then on nothing is renewed or sent again
    """

    def __init__(
        self, run: str, previous: frozenset[ClientOrderId] = frozenset(), *, entry_life: Duration, exit_life: Duration
    ) -> None:
        self._record = LiveRecord(run, previous)
        self._lifetimes = LiveLifetimes(self._record.index, entry_life=entry_life, exit_life=exit_life)
        self._requests = LiveRequests(self._record, self._lifetimes)
        self._lists = LiveLists(self._record)
        self.is_closing = False

    # --- what is known ------------------------------------------------------------------------------------------

    def find(self, client_order_id: ClientOrderId) -> LiveOrder:
        """An order of this run; raises KeyError for another, or one that ended long ago."""
        return self._record.index[client_order_id]

    def is_ours(self, client_order_id: str) -> bool:
        """Whether an order is of this run, or of an earlier one of ours."""
        return self._record.is_ours(client_order_id)

    def net(self, ticker: str) -> Size:
        """The position that the fills heard so far come to, told or not."""
        return self._record.net(ticker)

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Orders that are not proven to have ended, as far as the venue has named them."""
        return tuple(open_order(order) for order in self._record.index.live.values())

    @property
    def needs_a_look(self) -> bool:
        """Whether something is in doubt that the venue's lists could settle."""
        return bool(self._record.index.question or self._record.unbooked or self._lists.has_more)

    @property
    def strays(self) -> dict[str, str]:
        """Orders of ours that rest although nobody here keeps them: venue id to ticker, for the owner to take out."""
        return self._record.strays

    def strays_in(self, resting: Iterable[VenueOrder]) -> frozenset[str]:
        """The markets in which something of ours rests that nobody here keeps; it goes to `strays`."""
        for shown in resting:
            self._record.named(shown)
        return frozenset(self.strays.values())

    def remember(self, previous: frozenset[ClientOrderId], runs: frozenset[str]) -> None:
        """These of earlier lives and runs may still be alive: they are ours, and nobody keeps them."""
        self._record.previous = previous
        self._record.runs = runs

    def start_from(self, ticker: str, net: Size, trade_ids: Iterable[str]) -> None:
        """What was held before this run, and the fills it came from."""
        self._record.start_from(ticker, net, trade_ids)

    def expiry(self, wish: PlaceOrder, now: Timestamp) -> Timestamp | None:
        """When the venue shall withdraw it if nobody renews it; None for an order that does not rest."""
        return self._lifetimes.expiry(wish, now)

    def due(self, now: Timestamp) -> list[tuple[str, RenewOrder | ResendOrder]]:
        """Resting orders past half of their life, and exits that have to be sent again; none once the run ends."""
        return [] if self.is_closing else self._lifetimes.due(now)

    # --- requests about to be sent ------------------------------------------------------------------------------

    def place_sent(self, ticker: str, wish: PlaceOrder, now: Timestamp) -> LiveOrder:
        """An order is about to be sent."""
        return self._requests.place_sent(ticker, wish, now)

    def amend_sent(self, wish: AmendOrder) -> LiveOrder:
        """An amendment is about to be sent."""
        return self._requests.amend_sent(wish)

    def cancel_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A cancellation is about to be sent."""
        return self._requests.cancel_sent(client_order_id)

    def renew_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A prolongation is about to be sent."""
        return self._requests.renew_sent(client_order_id)

    def resend_sent(self, client_order_id: ClientOrderId, now: Timestamp) -> LiveOrder:
        """An order of unknown fate is about to be sent again."""
        return self._requests.resend_sent(client_order_id, now)

    # --- evidence -----------------------------------------------------------------------------------------------

    def placed(self, client_order_id: ClientOrderId, outcome: wire.PlaceOutcome, now: Timestamp) -> News:
        """What came of sending an order, for the first time or again."""
        return self._requests.placed(client_order_id, outcome, now)

    def amended(self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome | None, now: Timestamp) -> News:
        """What came of an amendment; None when it was not sent, because the order had ended meanwhile."""
        return self._requests.amended(client_order_id, outcome, now)

    def canceled(self, client_order_id: ClientOrderId, outcome: wire.CancelOutcome | None, now: Timestamp) -> News:
        """What came of a cancellation; None when it could not be sent, because the venue has never named the order."""
        return self._requests.canceled(client_order_id, outcome, now)

    def renewed(
        self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome, expires_at: Timestamp, now: Timestamp
    ) -> News:
        """What came of prolonging an order."""
        return self._requests.renewed(client_order_id, outcome, expires_at, now)

    def heard(self, event: PrivateEvent, now: Timestamp) -> News:
        """What a private channel said."""
        return live_channels.heard(self._record, event, now)

    def look_ups(self, resting: Iterable[VenueOrder], now: Timestamp) -> LookUps:
        """What else has to be read, once the list of resting orders is known."""
        return self._lists.look_ups(resting, now)

    def swept(self, sweep: Sweep, now: Timestamp) -> News:
        """What a look at the venue's lists proves. What it does not show proves nothing by itself."""
        return self._lists.swept(sweep, now, is_closing=self.is_closing)
