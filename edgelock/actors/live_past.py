"""What a live gateway makes of the past: which orders earlier lives may have left, and when a market's past is known.

A market is not loaded while the venue's lists may still be behind its own facts, or while a request of an earlier life
may still arrive: what it brought about would be on nobody's books.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from edgelock.actors.journal import JournalError, RecordedIntent
from edgelock.actors.journaled_past import Past
from edgelock.actors.live_bounds import IN_TRANSIT_MAX
from edgelock.actors.sweep import MarketPast
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.recovery import PaidOut, PastFill, Recorded, Recovery, ShownOrder, Swept, recover
from edgelock.core.units import ONE_DOLLAR, SECOND, Duration, Price, Size, Timestamp
from edgelock.kalshi.account import Settlement, VenueFill, VenueOrder, VenueOrderStatus

ODD_LOOKS_MAX = 6
"""So many looks at figures that disagree are taken for a list that is behind; then the market is loaded as it is."""
LISTED_BEFORE = Duration(60 * SECOND)
"""Orders are listed from this long before they were written down."""
SETTLED_SINCE = Duration(7 * 86_400 * SECOND)
"""Payouts are looked for so far back."""
_ENDS = {
    VenueOrderStatus.RESTING: None,
    VenueOrderStatus.CANCELED: OrderState.CANCELED,
    VenueOrderStatus.EXECUTED: OrderState.FILLED,
}
_OUTCOMES = {"yes": ONE_DOLLAR, "no": Price(0)}


class LivePast:
    """`begin`, then one thread at a time.

    counted_from  engine time from which on results are this run's
    is_ours       of a client order id
    previous      orders of earlier lives whose end is not known, and may rest or arrive
    runs          earlier runs, of which an order may rest that is on no record, because the journal was lost
    """

    def __init__(
        self,
        past: Past,
        *,
        counted_from: Timestamp,
        is_ours: Callable[[str], bool],
        say: Callable[[str], None],
    ) -> None:
        self._past = past
        self._counted_from = counted_from
        self._is_ours = is_ours
        self._say = say
        self._unfinished: dict[ClientOrderId, RecordedIntent] = {}
        self._began = Timestamp(0)
        self._odd_looks: Counter[str] = Counter()
        self._judged: set[str] = set()
        self.previous: frozenset[ClientOrderId] = frozenset()
        self.runs: frozenset[str] = frozenset()

    def begin(self, now: Timestamp) -> None:
        """Read the journal. Without it the orders of this process are known by their names, and no others."""
        self._began = now
        try:
            self.runs = frozenset(self._past.runs())
            unfinished = self._past.unfinished()
        except JournalError as error:
            self._say(f"orders of earlier runs are not known: {error}")
            return
        self._unfinished = {each.intent.client_order_id: each for each in unfinished}
        self.previous = frozenset(self._unfinished)

    @property
    def is_over_after(self) -> Timestamp:
        """After this, no request of an earlier life can arrive any more."""
        return Timestamp(self._began + IN_TRANSIT_MAX)

    def tickers(self) -> frozenset[str]:
        """Markets in which an earlier life left an order of unknown fate."""
        return frozenset(each.ticker for each in self._unfinished.values())

    def since_s(self, ticker: str) -> int | None:
        """Unix seconds from which on the orders of a market have to be listed; None when none has to be."""
        times = [each.at for each in self._unfinished.values() if each.ticker == ticker]
        return max(min(times) - LISTED_BEFORE, 0) // SECOND if times else None

    @property
    def payouts_since_s(self) -> int:
        """Unix seconds from which on payouts have to be listed."""
        return max(self._began - SETTLED_SINCE, 0) // SECOND

    def unpaid(self, settlements: Iterable[Settlement]) -> frozenset[str]:
        """Markets that were paid out while nobody looked, and in which the journal has a position open."""
        return frozenset(each.ticker for each in settlements if self._has_open(each.ticker))

    def judge(self, past: MarketPast) -> Recovery | None:
        """What a market has behind it; None while that cannot be told yet and has to be read again."""
        recovery = recover(self._recorded(past.ticker), self._swept(past), counted_from=self._counted_from)
        if recovery.leftovers or (recovery.undecided and past.as_of <= self.is_over_after):
            return None
        if not recovery.is_consistent:
            self._odd_looks[past.ticker] += 1
            if self._odd_looks[past.ticker] < ODD_LOOKS_MAX:
                return None
            self._say(
                f"{past.ticker}: the venue's position differs by {recovery.drift} from its fills and ours,"
                f" its orders count {recovery.uncounted} more"
            )
        self._odd_looks.pop(past.ticker, None)
        self._judged.add(past.ticker)
        self._finish({client_order_id for client_order_id, _ in recovery.finished})
        return recovery

    def over(self, resting: Iterable[str], as_of: Timestamp) -> frozenset[ClientOrderId]:
        """Orders that are over for good by a list as new as this: none of their market rests or can arrive any more.

        Those of a market that was not judged yet are left: one that filled in between is named by its record.
        """
        if as_of <= self.is_over_after:
            return frozenset()
        used = {self._unfinished[name].ticker for name in resting if name in self._unfinished}
        over = frozenset(
            name for name, each in self._unfinished.items() if each.ticker in self._judged and each.ticker not in used
        )
        self._finish(over)
        return over

    def _finish(self, client_order_ids: Iterable[ClientOrderId]) -> None:
        finished = frozenset(client_order_ids)
        self.previous -= finished
        self._unfinished = {name: each for name, each in self._unfinished.items() if name not in finished}

    def _recorded(self, ticker: str) -> Recorded | None:
        try:
            return self._past.recorded(ticker)
        except JournalError as error:
            self._say(f"{ticker}: what was missed is not known: {error}")
            return None

    def _has_open(self, ticker: str) -> bool:
        recorded = self._recorded(ticker)
        if recorded is None or recorded.payout is not None:
            return False
        return sum(fill.side.sign * fill.size for fill in recorded.fills) != 0

    def _swept(self, past: MarketPast) -> Swept:
        return Swept(
            fills=tuple(_fill(each) for each in past.fills),
            net=past.net,
            orders=tuple(_shown(each) for each in past.orders if self._is_to_be_judged(each)),
            payout=None if past.settlement is None else _payout(past.settlement),
        )

    def _is_to_be_judged(self, order: VenueOrder) -> bool:
        """Ours, and where it stands is told in a word that this version knows."""
        return self._is_ours(order.client_order_id) and order.status in _ENDS


def is_paid_out(net: Size, fills: Iterable[VenueFill]) -> bool:
    """Whether the venue holds nothing of ours although the fills come to something: it may have paid the market out."""
    return net == 0 and sum(fill.side.sign * fill.size for fill in fills) != 0


def _fill(fill: VenueFill) -> PastFill:
    return PastFill(
        trade_id=fill.trade_id,
        order_id=fill.order_id,
        side=fill.side,
        price=fill.price,
        size=fill.size,
        fee=fill.fee,
        is_taker=fill.is_taker,
        at=fill.at,
    )


def _shown(order: VenueOrder) -> ShownOrder:
    return ShownOrder(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        filled=order.filled,
        end=_ENDS[order.status],
    )


def _payout(settlement: Settlement) -> PaidOut | None:
    """The outcome; None when the venue does not say what YES was worth."""
    outcomes: Mapping[str, Price] = _OUTCOMES
    value = outcomes.get(settlement.result, settlement.value)
    return None if value is None else PaidOut(value=value, fee=settlement.fee, at=settlement.at)
