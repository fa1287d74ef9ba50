"""Tells the connections what happened: facts in, frames into the sessions' outboxes.

A frame's `msg` is encoded once for all connections that see the same text. Facts of one batch go out in their order;
a ticker frame is sent once per market and batch, when anything it reports has changed.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial

from edgelock.core.units import Timestamp
from edgelock.exchange import ws_messages
from edgelock.exchange.engine import Engine
from edgelock.exchange.facts import (
    CloseTimeMoved,
    Fact,
    FeesOverridden,
    Filled,
    GridChanged,
    GroupChanged,
    LevelChanged,
    MarketDetermined,
    MarketListed,
    MarketPaused,
    MarketSettled,
    OrderUpdated,
    PositionChanged,
    Traded,
)
from edgelock.exchange.wire_portfolio import fill_message, user_order_message
from edgelock.exchange.ws_protocol import Channel
from edgelock.exchange.ws_session import MarketViews, Session


class Broadcast:
    """All connections of the exchange. `wake` of a session is called when frames wait in its outbox."""

    def __init__(self, engine: Engine, now: Callable[[], Timestamp]) -> None:
        self._engine = engine
        self._now = now
        self._wakes: dict[Session, Callable[[], None]] = {}
        self._told: dict[str, object] = {}
        self.views = MarketViews(snapshot=self._snapshot, ticker=self._ticker, all_tickers=lambda: list(engine.markets))

    def join(self, session: Session, wake: Callable[[], None]) -> None:
        """Start telling a session."""
        self._wakes[session] = wake

    def leave(self, session: Session) -> None:
        """Stop telling a session."""
        self._wakes.pop(session, None)

    def flush(self) -> None:
        """Send out everything that happened since the last call.

        Call it before a session takes a snapshot: a fact still waiting would be told again as a change of it.
        """
        facts = self._engine.drain()
        if not facts or not self._wakes:
            return
        touched: dict[str, None] = {}
        for fact in facts:
            self._tell(fact)
            if isinstance(fact, LevelChanged | Traded):
                touched[fact.ticker] = None
        self._tell_tickers(touched)
        for session, wake in self._wakes.items():
            if session.outbox:
                wake()

    def _tell(self, fact: Fact) -> None:
        match fact:
            case LevelChanged():
                self._tell_level(fact)
            case Traded():
                self._to_all(Channel.TRADE, "trade", fact.ticker, lambda: ws_messages.trade(fact))
            case Filled():
                self._to_member(Channel.FILL, "fill", fact.account_id, fact.ticker, lambda: self._fill(fact))
            case OrderUpdated(order=order):
                self._to_member(
                    Channel.USER_ORDERS, "user_order", order.account_id, order.ticker, lambda: self._order(fact)
                )
            case PositionChanged():
                user_id = self._user_id(fact.account_id)
                self._to_member(
                    Channel.POSITIONS,
                    "market_position",
                    fact.account_id,
                    fact.ticker,
                    lambda: ws_messages.position(fact, user_id=user_id),
                )
            case GroupChanged():
                self._to_member(
                    Channel.ORDER_GROUPS,
                    "order_group_updates",
                    fact.account_id,
                    None,
                    lambda: ws_messages.order_group(fact),
                )
            case MarketListed():
                self._tell_listed(fact)
            case MarketPaused():
                self._to_lifecycle(fact.ticker, ws_messages.market_paused(fact))
            case CloseTimeMoved():
                self._to_lifecycle(fact.ticker, ws_messages.close_moved(fact.ticker, fact.close_time))
            case MarketDetermined():
                self._to_lifecycle(fact.ticker, ws_messages.determined(fact.ticker, fact.value, fact.at))
            case GridChanged():
                self._to_lifecycle(fact.ticker, ws_messages.grid_changed(self._engine.markets[fact.ticker]))
            case FeesOverridden():
                self._to_all(Channel.LIFECYCLE, "event_fee_update", None, lambda: ws_messages.fees_overridden(fact))
            case MarketSettled():
                self._to_lifecycle(fact.ticker, ws_messages.settled(fact.ticker, fact.at))

    def _tell_level(self, fact: LevelChanged) -> None:
        @cache
        def msg(use_yes_price: bool, is_own: bool) -> bytes:
            return ws_messages.delta(fact, use_yes_price=use_yes_price, is_own=is_own)

        for session in self._wakes:
            subscription = session.subscriptions.get(Channel.BOOK)
            if subscription is not None and subscription.wants(fact.ticker):
                is_own = fact.client_order_id != "" and fact.account_id == session.account_id
                session.send(
                    subscription, "orderbook_delta", msg(subscription.use_yes_price, is_own), ticker=fact.ticker
                )

    def _tell_listed(self, fact: MarketListed) -> None:
        market = self._engine.markets[fact.ticker]
        if fact.is_first_of_event:
            self._to_all(Channel.LIFECYCLE, "event_lifecycle", None, lambda: ws_messages.event_created(market))
        self._to_lifecycle(fact.ticker, ws_messages.market_created(market))
        for session in self._wakes:
            # A book subscribed to before its market was listed starts with the empty snapshot it did not get then.
            subscription = session.subscriptions.get(Channel.BOOK)
            if subscription is not None and subscription.wants(fact.ticker):
                session.send(
                    subscription, "orderbook_snapshot", ws_messages.empty_snapshot(fact.ticker), ticker=fact.ticker
                )

    def _tell_tickers(self, tickers: Iterable[str]) -> None:
        if not any(Channel.TICKER in session.subscriptions for session in self._wakes):
            return
        for ticker in tickers:
            market = self._engine.markets[ticker]
            touch = market.touch
            state = ws_messages.ticker_state(market, touch)
            if self._told.get(ticker) != state:
                self._told[ticker] = state
                msg = ws_messages.ticker(market, touch, self._now())
                self._send(Channel.TICKER, "ticker", self._wakes, ticker, partial(bytes, msg))

    def _to_lifecycle(self, ticker: str, msg: bytes) -> None:
        self._to_all(Channel.LIFECYCLE, "market_lifecycle_v2", ticker, lambda: msg)

    def _to_all(self, channel: Channel, frame_type: str, ticker: str | None, msg: Callable[[], bytes]) -> None:
        self._send(channel, frame_type, self._wakes, ticker, msg)

    def _to_member(
        self, channel: Channel, frame_type: str, account_id: str, ticker: str | None, msg: Callable[[], bytes]
    ) -> None:
        members = [session for session in self._wakes if session.account_id == account_id]
        self._send(channel, frame_type, members, ticker, msg)

    def _send(
        self,
        channel: Channel,
        frame_type: str,
        sessions: Iterable[Session],
        ticker: str | None,
        msg: Callable[[], bytes],
    ) -> None:
        encoded: bytes | None = None
        for session in sessions:
            subscription = session.subscriptions.get(channel)
            if subscription is not None and (ticker is None or subscription.wants(ticker)):
                encoded = msg() if encoded is None else encoded
                session.send(subscription, frame_type, encoded, ticker=ticker)

    def _fill(self, fact: Filled) -> bytes:
        return ws_messages.encode(fill_message(fact, exchange_index=self._shard(fact.ticker)))

    def _order(self, fact: OrderUpdated) -> bytes:
        order = fact.order
        user_id = self._user_id(order.account_id)
        return ws_messages.encode(user_order_message(order, user_id=user_id, exchange_index=self._shard(order.ticker)))

    def _snapshot(self, ticker: str, use_yes_price: bool) -> bytes | None:
        market = self._engine.markets.get(ticker)
        return None if market is None else ws_messages.snapshot(market, use_yes_price=use_yes_price)

    def _ticker(self, ticker: str) -> bytes | None:
        market = self._engine.markets.get(ticker)
        return None if market is None else ws_messages.ticker(market, market.touch, self._now())

    def _user_id(self, account_id: str) -> str:
        return self._engine.venue.accounts[account_id].user_id

    def _shard(self, ticker: str) -> int:
        return self._engine.markets[ticker].listing.exchange_index
