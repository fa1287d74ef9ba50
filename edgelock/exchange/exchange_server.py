"""The exchange as a network service: REST and WebSocket on one loopback port.

One event loop owns everything. A request is read, checked, applied to the engine, its consequences queued for the
sockets, and answered, without another request in between.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

import msgspec
from aiohttp import web

from edgelock.core.units import MILLISECOND, Timestamp
from edgelock.exchange import faults_targets, rest_market_data, rest_order_groups, rest_orders, rest_portfolio
from edgelock.exchange.accounts import Account
from edgelock.exchange.engine import Engine
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_delivery import (
    Delivery,
    close_connection,
    deliver,
    delivery,
    is_applied,
    wait_before_applying_ms,
)
from edgelock.exchange.faults_frames import FrameFaults
from edgelock.exchange.faults_rest_kinds import Delay
from edgelock.exchange.faults_routes import fault_routes
from edgelock.exchange.faults_schedule import Occasion, Strike
from edgelock.exchange.faults_world import WorldFaults
from edgelock.exchange.flow_driver import FlowDriver
from edgelock.exchange.ledger_view import ledger_object
from edgelock.exchange.rate_limit import RateLimiter
from edgelock.exchange.request_log import RequestLog, RestRecord, instant
from edgelock.exchange.request_orders import orders_answered, orders_asked, tickers_of
from edgelock.exchange.rest_call import Access, Answer, Call, Rejected, Route, public
from edgelock.exchange.rest_errors import TOO_MANY_REQUESTS, nested, unsigned
from edgelock.exchange.signature_check import KEY_HEADER, SignatureCheck, Unsigned
from edgelock.exchange.wire_text import rfc3339
from edgelock.exchange.ws_broadcast import Broadcast
from edgelock.exchange.ws_connection import serve_connection
from edgelock.exchange.ws_session import Session

API_BASE = "/trade-api/v2"
WS_PATH = "/trade-api/ws/v2"
_CLOSE_WAIT_S = 0.1
_ACT_EVERY_S = 0.02

TRADING_ROUTES: tuple[Route, ...] = (
    *rest_market_data.ROUTES,
    *rest_portfolio.ROUTES,
    *rest_orders.ROUTES,
    *rest_order_groups.ROUTES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Everything that serving needs, put together by the process that owns it."""

    engine: Engine
    clock: ExchangeClock
    driver: FlowDriver
    broadcast: Broadcast
    signatures: SignatureCheck
    limiter: RateLimiter
    log: RequestLog
    faults: FaultBoard
    wall_ms: Callable[[], int]


def endpoint_costs(_: Call) -> Answer:
    """The routes that cost something else than the default, from the table that charges them."""
    costs = [
        {"method": route.method, "path": f"{API_BASE}{_colon_placeholders(route.path)}", "cost": route.cost}
        for route in TRADING_ROUTES
        if route.cost != 10
    ]
    return Answer(200, {"default_cost": 10, "endpoint_costs": costs})


def _colon_placeholders(path: str) -> str:
    return path.replace("{", ":").replace("}", "")


class ExchangeServer:
    """Serves one exchange on a loopback address."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._runner: web.AppRunner | None = None
        self._world = WorldFaults(exchange.faults, exchange.engine, exchange.driver.intervene, exchange.log)
        self._acting: asyncio.Task[None] | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        app = web.Application(middlewares=[_json_errors])
        for route in (*TRADING_ROUTES, public("/account/endpoint_costs", endpoint_costs)):
            app.router.add_route(route.method, f"{API_BASE}{route.path}", self._rest_handler(route))
        app.router.add_get(WS_PATH, self._socket)
        app.router.add_get("/embedded/clock", self._clock)
        app.router.add_post("/embedded/clock/release", self._release_clock)
        app.router.add_get("/embedded/ledger", self._ledger)
        for method, answer in fault_routes(self._exchange.faults, self._world).items():
            app.router.add_route(method, "/embedded/faults", answer)
        app.on_response_prepare.append(self._date)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_WAIT_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, reuse_address=True)
        await site.start()
        self._acting = asyncio.create_task(self._act())
        bound: tuple[str, int] = self._runner.addresses[0]
        return bound[1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._acting is not None:
            self._acting.cancel()
            await asyncio.gather(self._acting, return_exceptions=True)
        closing = [asyncio.create_task(socket.close()) for socket in self._sockets]
        if closing:
            # A client that does not answer, or does not even read, must not hold up the end.
            await asyncio.wait(closing, timeout=_CLOSE_WAIT_S)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _act(self) -> None:
        """Let faults of the venue itself happen in their time, whether or not anyone calls."""
        while True:
            self._world.act_due()
            self._exchange.broadcast.flush()
            await asyncio.sleep(_ACT_EVERY_S)

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        """A skewed clock shows in every answer's Date."""
        if self._world.skew:
            response.headers["Date"] = formatdate((self._wall_ms()) / 1000, usegmt=True)

    def _wall_ms(self) -> int:
        return self._exchange.wall_ms() + self._world.skew // MILLISECOND

    def _rest_handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        operation = faults_targets.operation(route.method, route.path)

        async def handle(request: web.Request) -> web.StreamResponse:
            exchange = self._exchange
            body = await request.read()
            received = instant(exchange.clock.now())
            self._world.act_due()
            signed_by = self._signed_by(request.headers, request.method, _raw_path(request))
            account = None if isinstance(signed_by, Unsigned) else signed_by
            query = {name: request.query.getall(name) for name in request.query}
            asked = orders_asked(request.match_info, query, body, account) if request.method != "GET" else []
            tickers = tickers_of(asked, request.match_info, query)
            account_id = account.account_id if account is not None else None
            strike = exchange.faults.strike(Occasion(operation, tickers, account_id))
            held_ms = wait_before_applying_ms(strike)
            if held_ms:
                await asyncio.sleep(held_ms / 1000)
            answer, applied = None, None
            told = Delivery(status=None)
            if is_applied(strike):
                now = exchange.engine.advance(exchange.clock.now())
                answer = self._answer(route, request, body, now, signed_by)
                applied = instant(now)
                exchange.broadcast.flush()
                told = Delivery(status=answer.status, body=_encoded(answer))
            going_out = delivery(strike, told)
            exchange.log.rest(
                RestRecord(
                    operation=operation,
                    method=request.method,
                    path=request.path,
                    query=request.query_string,
                    account=account_id,
                    status=going_out.status,
                    received=received,
                    applied=applied,
                    outcome=answer.status if answer is not None else None,
                    asked=asked,
                    answered=orders_answered(answer.body) if answer is not None and request.method != "GET" else [],
                    fault=None if strike is None else _fault_line(strike, going_out, held_ms),
                )
            )
            return await deliver(request, going_out)

        return handle

    def _answer(
        self, route: Route, request: web.Request, body: bytes, now: Timestamp, signed_by: Account | Unsigned
    ) -> Answer:
        exchange = self._exchange
        if isinstance(signed_by, Unsigned) and route.access is Access.PRIVATE:
            return unsigned(signed_by)
        account = None if isinstance(signed_by, Unsigned) else signed_by
        call = Call(
            engine=exchange.engine,
            tier=exchange.limiter.tier,
            now=now,
            account=account,
            path=request.match_info,
            query={name: request.query.getall(name) for name in request.query},
            body=body,
            is_json=request.content_type == "application/json",
        )
        if account is not None:
            tokens = route.cost * route.items(call)
            if not exchange.limiter.admits(account.account_id, route.bucket, tokens, now):
                return TOO_MANY_REQUESTS
        try:
            return route.handler(call)
        except Rejected as rejected:
            return rejected.answer

    def _signed_by(self, headers: Mapping[str, str], method: str, path: str) -> Account | Unsigned:
        if KEY_HEADER not in headers:
            return Unsigned.SIGNATURE_MISSING
        found = self._exchange.signatures.account_id(headers, method, path, wall_ms=self._wall_ms())
        return found if isinstance(found, Unsigned) else self._exchange.engine.venue.accounts[found]

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        account = self._signed_by(request.headers, "GET", WS_PATH)
        struck = await self._struck_handshake(request, None if isinstance(account, Unsigned) else account.account_id)
        if struck is not None:
            return struck
        if isinstance(account, Unsigned):
            return _response(nested(401, "token_authentication_failure", account.value))
        exchange = self._exchange
        socket = web.WebSocketResponse(compress=False, autoping=False, timeout=_CLOSE_WAIT_S)
        await socket.prepare(request)
        frames_wait = asyncio.Event()
        loop = asyncio.get_running_loop()
        faults = FrameFaults(exchange.faults, account.account_id, later=loop.call_later, wake=frames_wait.set)
        session = Session(account.account_id, exchange.broadcast.views, exchange.clock.now, gate=faults)

        def log_command(name: str | None) -> None:
            exchange.log.command(rfc3339(exchange.clock.now()), name, session.account_id)

        self._sockets.add(socket)
        try:
            await serve_connection(
                socket,
                session,
                faults,
                exchange.broadcast,
                frames_wait,
                log_command,
                lambda is_reset: close_connection(request, is_reset=is_reset),
            )
        finally:
            self._sockets.discard(socket)
        return socket

    async def _struck_handshake(self, request: web.Request, account_id: str | None) -> web.StreamResponse | None:
        """What a fault makes of a handshake; None when it may go on, be it late."""
        received = instant(self._exchange.clock.now())
        strike = self._exchange.faults.strike(Occasion(faults_targets.CONNECT, (), account_id))
        if strike is None:
            return None
        held_ms = wait_before_applying_ms(strike)
        going_out = delivery(strike, Delivery(status=None))
        self._exchange.log.connection(received, going_out.status, account_id, _fault_line(strike, going_out, held_ms))
        if isinstance(strike.rule.fault, Delay):
            await asyncio.sleep((held_ms + going_out.wait_ms) / 1000)
            return None
        return await deliver(request, going_out)

    async def _release_clock(self, request: web.Request) -> web.Response:
        self._exchange.clock.release()
        return await self._clock(request)

    async def _clock(self, _: web.Request) -> web.Response:
        anchor = self._exchange.clock.anchor
        return _response(
            Answer(
                200,
                {
                    "origin_ns": anchor.origin_ns,
                    "anchor_wall_ns": anchor.anchor_wall_ns,
                    "speed": anchor.speed,
                    "now_ns": self._exchange.clock.now(),
                    "flow_at_ns": self._exchange.driver.applied_until,
                    "flow_exhausted": self._exchange.driver.is_exhausted,
                },
            )
        )

    async def _ledger(self, _: web.Request) -> web.Response:
        self._exchange.engine.advance(self._exchange.clock.now())
        self._exchange.broadcast.flush()
        return _response(Answer(200, ledger_object(self._exchange.engine)))


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status)
    return web.Response(body=_encoded(answer), status=answer.status, content_type="application/json")


def _encoded(answer: Answer) -> bytes:
    return msgspec.json.encode(answer.body) if answer.body is not None else b""


def _fault_line(strike: Strike, going_out: Delivery, held_ms: int) -> dict[str, object]:
    """What the request log says of a fault. `held_ms` is before applying, `answer_ms` after it."""
    rule = strike.rule
    line: dict[str, object] = {"number": rule.number, "name": rule.name, "do": rule.kind, "strike": strike.number}
    waits = {"held_ms": held_ms, "answer_ms": going_out.wait_ms}
    return line | {name: wait for name, wait in waits.items() if wait}


def _raw_path(request: web.Request) -> str:
    """The path as it stood on the wire, which is what the client signed."""
    return request.raw_path.partition("?")[0]


@web.middleware
async def _json_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Unknown paths answer in the venue's shape; a trailing slash is sent to the path without it."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        path = _raw_path(request)
        if len(path) > 1 and path.endswith("/"):
            raise web.HTTPMovedPermanently(path.rstrip("/") or "/") from None
        return _response(nested(404, "not_found"))
    except web.HTTPMethodNotAllowed:
        return _response(nested(405, "method_not_allowed"))
