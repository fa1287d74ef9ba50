"""One REST call from the socket to the engine and back, with whatever fault strikes it on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import web

from edgelock.core.units import Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.exchange_parts import Exchange
from edgelock.exchange.faults_delivery import Delivery, deliver, delivery, is_applied, wait_before_applying_ms
from edgelock.exchange.faults_schedule import Occasion, Strike
from edgelock.exchange.faults_targets import operation
from edgelock.exchange.rate_limit import Bucket
from edgelock.exchange.request_log import Instant, RestRecord, fault_line, instant
from edgelock.exchange.request_orders import WireObject, orders_answered, orders_asked, tickers_of
from edgelock.exchange.rest_call import Access, Answer, Call, Rejected, Route
from edgelock.exchange.rest_errors import FORBIDDEN, TOO_MANY_REQUESTS, unsigned
from edgelock.exchange.signature_check import Unsigned

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Received:
    """A request that is wholly here."""

    at: Instant
    request: web.Request
    body: bytes
    signed_by: Account | Unsigned
    query: dict[str, list[str]]
    asked: Sequence[WireObject]

    @property
    def account(self) -> Account | None:
        return None if isinstance(self.signed_by, Unsigned) else self.signed_by

    @property
    def account_id(self) -> str | None:
        return None if isinstance(self.signed_by, Unsigned) else self.signed_by.account_id

    def orders(self) -> dict[str, str]:
        """Client order ids by order ids of the member who asks."""
        orders = self.account.orders.values() if self.account is not None else ()
        return {order.order_id: order.client_order_id for order in orders}


def rest_handler(exchange: Exchange, route: Route) -> Handler:
    """Serves one route."""
    name = operation(route.method, route.path)

    async def handle(request: web.Request) -> web.StreamResponse:
        exchange.world.act_due()
        received = await _receive(exchange, request)
        tickers = tickers_of(received.asked, request.match_info, received.query)
        strike = exchange.faults.strike(Occasion(name, tickers, received.account_id))
        held_ms = wait_before_applying_ms(strike)
        if held_ms:
            await asyncio.sleep(held_ms / 1000)
        answer, applied = None, None
        told = Delivery(status=None)
        if is_applied(strike):
            now = exchange.engine.advance(exchange.clock.now())
            answer = _answer(exchange, route, received, now)
            applied = instant(now)
            exchange.broadcast.flush()
            told = Delivery(status=answer.status, body=encoded(answer))
        going_out = delivery(strike, told, received.orders())
        fault = None if strike is None else fault_of_call(strike, going_out, held_ms)
        exchange.log.rest(_record(name, received, applied, answer, going_out, fault))
        return await deliver(request, going_out)

    return handle


async def _receive(exchange: Exchange, request: web.Request) -> _Received:
    body = await request.read()
    signed_by = exchange.signed_by(request)
    account = None if isinstance(signed_by, Unsigned) else signed_by
    query = {name: request.query.getall(name) for name in request.query}
    asked = orders_asked(request.match_info, query, body, account) if request.method != "GET" else []
    return _Received(instant(exchange.clock.now()), request, body, signed_by, query, asked)


def _answer(exchange: Exchange, route: Route, received: _Received, now: Timestamp) -> Answer:
    """What the engine makes of a request."""
    signed_by, account = received.signed_by, received.account
    if isinstance(signed_by, Unsigned) and route.access is Access.PRIVATE:
        return unsigned(signed_by)
    call = Call(
        engine=exchange.engine,
        tier=exchange.limiter.tier,
        now=now,
        account=account,
        path=received.request.match_info,
        query=received.query,
        body=received.body,
        is_json=received.request.content_type == "application/json",
    )
    if route.access is Access.PRIVATE and not _is_allowed(exchange, route, received):
        return FORBIDDEN
    if account is not None:
        tokens = route.cost * route.items(call)
        # While time stands still nothing would come back, so nothing is taken.
        if not exchange.clock.is_held and not exchange.limiter.admits(account.account_id, route.bucket, tokens, now):
            return TOO_MANY_REQUESTS
    try:
        return route.handler(call)
    except Rejected as rejected:
        return rejected.answer


def _is_allowed(exchange: Exchange, route: Route, received: _Received) -> bool:
    """Whether the key that signed may do this at all."""
    key = exchange.signatures.key(received.request.headers)
    return key is not None and (key.may_trade if route.bucket is Bucket.WRITE else key.may_read)


def _record(
    name: str,
    received: _Received,
    applied: Instant | None,
    answer: Answer | None,
    going_out: Delivery,
    fault: WireObject | None,
) -> RestRecord:
    request = received.request
    is_answered_write = answer is not None and request.method != "GET"
    return RestRecord(
        operation=name,
        method=request.method,
        path=request.path,
        query=request.query_string,
        account=received.account_id,
        status=going_out.status,
        received=received.at,
        applied=applied,
        outcome=answer.status if answer is not None else None,
        asked=received.asked,
        answered=orders_answered(answer.body) if answer is not None and is_answered_write else [],
        fault=fault,
    )


def fault_of_call(strike: Strike, going_out: Delivery, held_ms: int) -> WireObject:
    """What the request log says of a fault: `held_ms` is before applying, `answer_ms` after it."""
    waits = {"held_ms": held_ms, "answer_ms": going_out.wait_ms}
    return fault_line(strike) | {name: wait for name, wait in waits.items() if wait}


def response(answer: Answer) -> web.Response:
    """An answer as it goes out."""
    if answer.body is None:
        return web.Response(status=answer.status)
    return web.Response(body=encoded(answer), status=answer.status, content_type="application/json")


def encoded(answer: Answer) -> bytes:
    """The body of an answer."""
    return msgspec.json.encode(answer.body) if answer.body is not None else b""
