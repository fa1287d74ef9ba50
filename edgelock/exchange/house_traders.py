"""The other traders of the exchange: a flow's actions as orders of the house.

House makers hold, at each price, a queue of their own orders whose total is the size the flow asked for last. While
a market is not trading, the sizes asked for are remembered, and quoted when it opens or resumes.
"""

from contextlib import suppress

from edgelock.core.units import Price, Size, Timestamp
from edgelock.exchange.engine import Engine
from edgelock.exchange.flow import (
    Action,
    AmendResult,
    BookSide,
    ChangeGrid,
    ChangePhase,
    ChangeTrading,
    Dispute,
    List,
    MarketPhase,
    MoveClose,
    OverrideFees,
    SetLevel,
    Settle,
    Take,
    Trading,
)
from edgelock.exchange.market import MarketStatus
from edgelock.exchange.market_life import IllegalMarketChange
from edgelock.exchange.orders import Order

_Place = tuple[BookSide, Price]


class HouseTraders:
    """Applies flow actions to the engine.

    What an outsider does to a market (`intervene`) stands: steps of the flow that its life no longer has are left out.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shown: dict[str, dict[_Place, list[Order]]] = {}
        self._wished: dict[str, dict[_Place, Size]] = {}
        self._interfered: set[str] = set()

    def apply(self, action: Action, now: Timestamp) -> None:
        """Do one action. Raises KeyError for a market that was never listed, IllegalMarketChange for a bad step."""
        if isinstance(action, ChangePhase | Settle) and action.ticker in self._interfered:
            with suppress(IllegalMarketChange):
                self._do(action, now)
            return
        self._do(action, now)

    def intervene(self, action: Action, now: Timestamp) -> None:
        """Do an action that is not the flow's. Raises as `apply` does."""
        self._do(action, now)
        if isinstance(action, ChangePhase | Settle):
            self._interfered.add(action.ticker)

    def _do(self, action: Action, now: Timestamp) -> None:
        match action:
            case SetLevel():
                self._set_level(action, now)
            case Take():
                if self._is_trading(action.ticker):
                    self._engine.place_house(
                        action.ticker, action.taker_side, action.limit, action.size, now, rests=False
                    )
            case ChangePhase():
                self._change_phase(action, now)
            case Settle():
                self._engine.determine(action.ticker, action.value, now)
            case Dispute():
                self._engine.dispute(action.ticker, now)
            case AmendResult():
                self._engine.amend_result(action.ticker, action.value, now)
            case List():
                self._engine.list_market(action.listing, now)
                self._shown[action.listing.ticker] = {}
                self._wished[action.listing.ticker] = {}
            case ChangeTrading():
                self._engine.change_trading(action.trading, now)
                for ticker in self._shown:
                    self._quote_wished(ticker, now)
            case MoveClose():
                self._engine.move_close(action.ticker, action.close_time, now)
            case ChangeGrid():
                self._engine.change_grid(action.ticker, action.label, action.grid, now)
            case OverrideFees():
                self._engine.override_fees(
                    action.event_ticker, action.fee_type, action.multiplier, now, starts_at=action.starts_at
                )

    def _is_trading(self, ticker: str) -> bool:
        is_open = self._engine.venue.trading is Trading.OPEN
        return is_open and self._engine.markets[ticker].status is MarketStatus.ACTIVE

    def _set_level(self, action: SetLevel, now: Timestamp) -> None:
        if not self._is_trading(action.ticker):
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
        self._quote_wished(ticker, now)

    def _quote_wished(self, ticker: str, now: Timestamp) -> None:
        """Show what was asked for while nothing could be shown."""
        if self._is_trading(ticker):
            wished, self._wished[ticker] = self._wished[ticker], {}
            for (side, price), size in wished.items():
                self._set_level(SetLevel(ticker, side, price, size), now)

    def _remember_shown(self, ticker: str) -> None:
        """A market that resumes starts with an empty book: the house quotes again what it showed at the pause."""
        for place, orders in self._shown[ticker].items():
            self._wished[ticker][place] = Size(sum(order.remaining for order in orders))
        self._shown[ticker] = {}
