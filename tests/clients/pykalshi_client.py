"""Drives `pykalshi`, an independent client with a socket feed, through trading and through every channel.

Run by an interpreter that has the client, with the exchange's own ready line as its only argument. Prints one JSON
object: what the client made of each answer and of each frame. A step the client could not do has `failed` instead.
"""

import json
import sys
import threading
import uuid

from pykalshi import Action, KalshiClient, MarketStatus, OrderStatus, Side, TimeInForce
from pykalshi.exceptions import KalshiAPIError
from story import Story

FRAME_WAIT_S = 60
PRIVATE = ("fill", "user_orders", "market_positions", "order_group_updates")
PUBLIC = ("orderbook_delta", "ticker", "trade")


def connected(ready):
    return KalshiClient(
        api_key_id=ready["api_key_id"], private_key_path=ready["private_key_path"], api_base=ready["rest_url"]
    )


def refusal(error):
    return {"status": error.status_code, "code": error.error_code, "raised": type(error).__name__}


def model(found):
    """A model of the client, or a list of them, as JSON."""
    if found is None or isinstance(found, str | int | bool | dict):
        return found
    if hasattr(found, "data") and hasattr(found.data, "model_dump"):
        return found.data.model_dump(mode="json")
    if hasattr(found, "model_dump"):
        return found.model_dump(mode="json")
    return [model(one) for one in found]


class Frames:
    """What the feed's handlers were given, by channel; a kind of frame can be waited for."""

    def __init__(self, feed):
        self._heard = {}
        self._changed = threading.Condition()
        for channel in (*PUBLIC, *PRIVATE, "market_lifecycle_v2", "error"):
            feed.on(channel, lambda frame, channel=channel: self._hear(channel, frame))

    def _hear(self, channel, frame):
        with self._changed:
            self._heard.setdefault(channel, []).append(frame)
            self._changed.notify_all()

    def wait(self, channel, kind, wanted=lambda _: True):
        """The first frame of this class on a channel that is wanted, as JSON. Raises TimeoutError."""

        def found():
            heard = self._heard.get(channel, ())
            return next((frame for frame in heard if type(frame).__name__ == kind and wanted(frame)), None)

        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, FRAME_WAIT_S):
                kinds = sorted({type(frame).__name__ for frame in self._heard.get(channel, ())})
                raise TimeoutError(f"no wanted {kind} on {channel}; heard {kinds}")
            return model(found())

    def raw(self):
        """Channels on which a frame did not fit the client's model."""
        with self._changed:
            return sorted(name for name, heard in self._heard.items() if any(isinstance(f, dict) for f in heard))


def read(client, story):
    """Market data and account; returns a market."""
    story.step("status", client.exchange.get_status, model)
    story.step("schedule", client.exchange.get_schedule)
    story.step("series", client.get_all_series, model)
    story.step("one series", lambda: client.get_series("KXNHLGAME"), model)
    story.step("events", lambda: client.get_events(limit=1, fetch_all=True), model)
    markets = story.step(
        "markets", lambda: client.get_markets(status=MarketStatus.OPEN, limit=1, fetch_all=True), model
    )
    market = markets[0]
    story.step("market", lambda: client.get_market(market.ticker), model)
    story.step("event", lambda: client.get_event(market.event_ticker, with_nested_markets=True), model)
    story.step("book", market.get_orderbook, model)
    story.step("trades", market.get_trades, model)
    for name in ("get_balance", "get_positions", "get_fills", "get_orders", "get_settlements"):
        story.step(name, getattr(client.portfolio, name), model)
    return market


def trade(client, story, market):
    """One order's life, a batch, and an order that fills at once."""
    portfolio = client.portfolio
    twice = {"client_order_id": str(uuid.uuid4()), "yes_price_dollars": "0.02", "post_only": True}
    place = lambda **terms: portfolio.place_order(market, Action.BUY, Side.YES, "3", **terms)  # noqa: E731 - a shorthand
    order = story.step("create", lambda: place(**twice), model)
    story.step("create again", lambda: place(**twice), model)
    story.step("refresh", order.refresh, model)
    story.step("queue position", lambda: portfolio.get_queue_position(order.order_id), model)
    story.step("queue positions", portfolio.get_queue_positions, model)
    story.step("amend", lambda: order.amend(price_dollars="0.03", count_fp="5"), model)
    story.step("decrease", lambda: order.decrease("1"), model)
    story.step("refresh decreased", order.refresh, model)
    story.step("cancel", order.cancel, model)
    story.step("cancel again", lambda: portfolio.cancel_order(order.order_id), model)
    story.step("canceled", lambda: portfolio.get_order(order.order_id), model)
    one = {"ticker": market.ticker, "action": "buy", "side": "yes", "count_fp": "2.00", "yes_price_dollars": "0.02"}
    batch = story.step("batch create", lambda: portfolio.batch_place_orders([one, one]), model)
    story.step("batch cancel", lambda: portfolio.batch_cancel_orders([found.order_id for found in batch]), model)
    taking = {"yes_price_dollars": "0.99", "time_in_force": TimeInForce.IOC}
    story.step("take", lambda: place(**taking), model)
    for name in ("get_fills", "get_positions"):
        story.step(name + " after a fill", getattr(portfolio, name), model)
    resting = lambda: portfolio.get_orders(status=OrderStatus.RESTING)  # noqa: E731 - a shorthand
    story.step("resting at the end", resting, model)


def trade_in_a_group(client, story, market):
    """An order group's life."""
    portfolio = client.portfolio
    group = story.step("create group", lambda: portfolio.create_order_group("50.00"), model)
    placed = {"book_side": "bid", "price_dollars": "0.02", "count_fp": "1", "order_group_id": group.id}
    story.step("create in group", lambda: portfolio.place_order(market, **placed), model)
    story.step("group", lambda: portfolio.get_order_group(group.id), model)
    story.step("groups", portfolio.get_order_groups, model)
    story.step("limit group", lambda: portfolio.update_order_group_limit(group.id, "20.00"))
    story.step("trigger group", lambda: portfolio.trigger_order_group(group.id))
    story.step("create in tripped group", lambda: portfolio.place_order(market, **placed), model)
    story.step("reset group", lambda: portfolio.reset_order_group(group.id))


def listen(client, story, market):
    """The socket: snapshots first, then what our own trading causes on every channel."""
    feed = client.feed()
    feed._ws_url = json.loads(sys.argv[1])["ws_url"]  # the client has no public way to name another venue's socket
    frames = Frames(feed)
    for channel in PUBLIC:
        feed.subscribe(channel, market_ticker=market.ticker)
    for channel in (*PRIVATE, "market_lifecycle_v2"):
        feed.subscribe(channel)
    with feed:
        story.step("snapshot", lambda: frames.wait("orderbook_delta", "OrderbookSnapshotMessage"))
        trade(client, story, market)
        trade_in_a_group(client, story, market)
        for channel, kind in (
            ("orderbook_delta", "OrderbookDeltaMessage"),
            ("ticker", "TickerMessage"),
            ("trade", "TradeMessage"),
            ("fill", "FillMessage"),
            ("market_positions", "PositionMessage"),
            ("order_group_updates", "OrderGroupUpdateMessage"),
        ):
            story.step(f"frame {kind}", lambda channel=channel, kind=kind: frames.wait(channel, kind))
        story.step(
            "frame own delta",
            lambda: frames.wait("orderbook_delta", "OrderbookDeltaMessage", lambda frame: frame.client_order_id),
        )
        for status in ("resting", "canceled", "executed"):
            story.step(
                f"frame order {status}",
                lambda status=status: frames.wait(
                    "user_orders", "UserOrderMessage", lambda frame: frame.status == status
                ),
            )
    story.step("frames outside the models", frames.raw)


def main():
    story = Story(KalshiAPIError, refusal)
    with connected(json.loads(sys.argv[1])) as client:
        market = read(client, story)
        listen(client, story, market)
    story.tell(ticker=market.ticker)


if __name__ == "__main__":
    main()
