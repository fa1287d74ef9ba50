"""The other traders of the exchange: a flow's actions as orders of the house.

House makers hold, at each price, a queue of their own orders whose total is the size the flow asked for last. While
a market is not trading, the sizes asked for are remembered, and quoted when it opens or resumes.
"""

from edgelock.core.units import Price, Size, Timestamp
from edgelock.exchange.engine import Engine
from edgelock.exchange.flow import Action, BookSide, ChangePhase, List, MarketPhase, SetLevel, Settle, Take
from edgelock.exchange.market import MarketStatus
from edgelock.exchange.orders import Order

_Place = tuple[BookSide, Price]


class HouseTraders:
    """Applies flow actions to the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shown: dict[str, dict[_Place, list[Order]]] = {}
        self._wished: dict[str, dict[_Place, Size]] = {}

    def apply(self, action: Action, now: Timestamp) -> None:
        """Do one action. Raises KeyError for a market that was never listed, IllegalMarketChange for a bad step."""
        match action:
            case SetLevel():
                self._set_level(action, now)
            case Take():
                if self._is_active(action.ticker):
                    self._engine.place_house(
                        action.ticker, action.taker_side, action.limit, action.size, now, rests=False
                    )
            case ChangePhase():
                self._change_phase(action, now)
            case Settle():
                self._engine.determine(action.ticker, action.value, now)
            case List():
                self._engine.list_market(action.listing, now)
                self._shown[action.listing.ticker] = {}
                self._wished[action.listing.ticker] = {}

    def _is_active(self, ticker: str) -> bool:
        return self._engine.markets[ticker].status is MarketStatus.ACTIVE

    def _set_level(self, action: SetLevel, now: Timestamp) -> None:
        if not self._is_active(action.ticker):
            self._wished[action.ticker][action.side, action.price] = action.size
            return
        place = (action.side, action.price)
        levels = self._shown[action.ticker]
        orders = [order for order in levels.get(place, ()) if order.remaining]
        shown = sum(order.remaining for order in orders)
        if action.size > shown:
            grown = Size(action.size - shown)
            order = self._engine.place_house(action.ticker, action.side, action.price, grown, now, rests=True)
            orders.append(order)
        else:
            self._withdraw(orders, shown - action.size, now)
        levels[place] = orders
        if not action.size:
            del levels[place]

    def _withdraw(self, orders: list[Order], size: int, now: Timestamp) -> None:
        """Take `size` from the back of the queue."""
        while size > 0:
            order = orders[-1]
            part = Size(min(size, order.remaining))
            self._engine.shrink_house(order, part, now)
            size -= part
            if not order.remaining:
                orders.pop()

    def _change_phase(self, action: ChangePhase, now: Timestamp) -> None:
        ticker = action.ticker
        if action.phase is MarketPhase.INACTIVE:
            self._remember_shown(ticker)
        self._engine.change_phase(ticker, action.phase, now)
        if self._is_active(ticker):
            wished, self._wished[ticker] = self._wished[ticker], {}
            for (side, price), size in wished.items():
                self._set_level(SetLevel(ticker, side, price, size), now)

    def _remember_shown(self, ticker: str) -> None:
        """A market that resumes starts with an empty book: the house quotes again what it showed at the pause."""
        for place, orders in self._shown[ticker].items():
            self._wished[ticker][place] = Size(sum(order.remaining for order in orders))
        self._shown[ticker] = {}
