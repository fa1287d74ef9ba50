"""A slow, obvious model of what house makers and takers do to the books: it refuses whatever a flow must not ask."""

from collections import defaultdict

from edgelock.core.units import Price, Size
from edgelock.exchange.flow import (
    Action,
    BookSide,
    ChangePhase,
    List,
    MarketListing,
    MarketPhase,
    SetLevel,
    Settle,
    Take,
)


class PlainBooks:
    """All markets' books, with every print; asserts that a flow keeps to the rules of the seam."""

    def __init__(self) -> None:
        self.listings: dict[str, MarketListing] = {}
        self.phases: dict[str, MarketPhase] = {}
        self.bids: dict[str, dict[Price, Size]] = defaultdict(dict)
        self.asks: dict[str, dict[Price, Size]] = defaultdict(dict)
        self.prints: list[tuple[str, BookSide, Price, Size]] = []
        self.settled: dict[str, Price] = {}

    @property
    def listed(self) -> set[str]:
        """Tickers of all markets listed so far."""
        return set(self.listings)

    def apply(self, action: Action) -> None:
        """One action, in order."""
        match action:
            case List(listing):
                assert listing.ticker not in self.listings
                self.listings[listing.ticker] = listing
            case ChangePhase(ticker, phase):
                assert ticker in self.listings
                self.phases[ticker] = phase
            case Settle(ticker, value):
                assert self.phases[ticker] is MarketPhase.CLOSED
                assert ticker not in self.settled
                self.settled[ticker] = value
            case SetLevel():
                self._set_level(action)
            case Take():
                self._take(action)

    def _set_level(self, action: SetLevel) -> None:
        assert self.phases[action.ticker] is MarketPhase.ACTIVE
        assert self.listings[action.ticker].grid.accepts(action.price)
        assert action.size >= 0
        bids, asks = self.bids[action.ticker], self.asks[action.ticker]
        side = bids if action.side is BookSide.BID else asks
        side[action.price] = action.size
        if not action.size:
            del side[action.price]
        assert not (bids and asks) or max(bids) < min(asks), f"{action} crosses the book"

    def _take(self, action: Take) -> None:
        assert self.phases[action.ticker] is MarketPhase.ACTIVE
        assert self.listings[action.ticker].grid.accepts(action.limit)
        assert action.size > 0
        buys = action.taker_side is BookSide.BID
        side = self.asks[action.ticker] if buys else self.bids[action.ticker]
        left = action.size
        for price in sorted(side, reverse=not buys):
            if not left or (price > action.limit if buys else price < action.limit):
                break
            traded = min(left, side[price])
            self.prints.append((action.ticker, action.taker_side, price, traded))
            side[price] = Size(side[price] - traded)
            left = Size(left - traded)
            if not side[price]:
                del side[price]
