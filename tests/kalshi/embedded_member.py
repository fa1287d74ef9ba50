"""A member of the embedded exchange with our own client, in the test's own event loop."""

import asyncio
import random
from collections import Counter

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.units import Price, Size
from edgelock.kalshi.private_conversation import PrivateConversation
from edgelock.kalshi.private_events import OrderSeen
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.kalshi.signing import Credentials
from tests.exchange.engine_builders import TICKER, FlowScript
from tests.exchange.served import serving

PATIENCE_S = 20


def an_order(number, **changes):
    terms = {
        "client_order_id": f"c-{number}",
        "side": Side.BID,
        "price": Price(4600),
        "size": Size(300),
        "role": Role.ENTRY,
        "kind": Kind.QUOTE,
        "time_in_force": TimeInForce.GOOD_TILL_CANCELED,
        "post_only": True,
        "skew": "FLAT",
    }
    return PlaceOrder(**{**terms, **changes})


class Member:
    """Ann with our own client: calls in a thread, private channels on a socket. The key is that of her test client."""

    def __init__(self, ann, **limits):
        self._ann = ann
        self.rest = TradingRest(
            f"{ann.origin}/trade-api/v2",
            Credentials(ann._key_id, ann._key),
            rng=random.Random(1),
            limits=CallLimits(**{"deadline_s": PATIENCE_S, **limits}),
        )
        self.talk = PrivateConversation()
        self.told = []

    async def connect(self):
        """A new connection with every channel confirmed, and the sweep that it asks for done."""
        self._socket = (await self._ann.socket()).socket
        self.talk.opened()
        for command in self.talk.commands(0):
            await self._socket.send_str(command)
        while not self.talk.is_subscribed:
            await self._hear()
        assert self.talk.needs_sweep
        self.talk.needs_sweep = False

    async def disconnect(self):
        await self._socket.close()
        self.talk.closed()

    async def do(self, call, *args, **named):
        """One call of the client, beside the exchange's own loop."""
        return await asyncio.to_thread(getattr(self.rest, call), *args, **named)

    async def until(self, condition):
        """Listen until what was told so far satisfies the condition."""
        while not condition(self):
            await self._hear()

    async def _hear(self):
        self.told += self.talk.feed(await self._socket.receive_str(timeout=PATIENCE_S))

    def orders(self):
        """(status, filled, remaining, reason) of every telling of an order."""
        return [
            (seen.order.status, seen.order.filled, seen.order.remaining, seen.reason)
            for seen in self.told
            if isinstance(seen, OrderSeen)
        ]

    def of(self, kind):
        return [event for event in self.told if isinstance(event, kind)]


def run(scenario):
    """One open market, 45 bid and 47 asked, and ann in it; bob trades with her."""

    async def served():
        async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as exchange:
            ann = Member(exchange.ann)
            try:
                await ann.connect()
                await scenario(ann, exchange)
                await ann.disconnect()
            finally:
                ann.rest.close()
            assert ann.talk.counts == Counter()

    asyncio.run(served())
