"""The exchange as a network service: REST and WebSocket on one loopback port.

One event loop owns everything. A request is read, checked, applied to the engine, its consequences queued for the
sockets, and answered, without another request in between.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import formatdate

from aiohttp import web

from edgelock.exchange import (
    rest_candlesticks,
    rest_empty,
    rest_exchange,
    rest_market_data,
    rest_order_groups,
    rest_orders,
    rest_portfolio,
)
from edgelock.exchange.exchange_parts import Exchange, raw_path
from edgelock.exchange.faults_routes import fault_routes
from edgelock.exchange.ledger_view import ledger_object
from edgelock.exchange.rest_api_keys import api_keys_route
from edgelock.exchange.rest_cache import with_cache
from edgelock.exchange.rest_call import Answer, Call, Route, public
from edgelock.exchange.rest_errors import nested
from edgelock.exchange.rest_service import response, rest_handler
from edgelock.exchange.ws_service import CLOSE_WAIT_S, SocketService

API_BASE = "/trade-api/v2"
WS_PATH = "/trade-api/ws/v2"
_ACT_EVERY_S = 0.02

TRADING_ROUTES: tuple[Route, ...] = (
    # Fixed paths come before those with a ticker in the same place.
    *rest_empty.ROUTES,
    *rest_candlesticks.ROUTES,
    *rest_exchange.ROUTES,
    *rest_market_data.ROUTES,
    *rest_portfolio.ROUTES,
    *rest_orders.ROUTES,
    *rest_order_groups.ROUTES,
)


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
        self._acting: asyncio.Task[None] | None = None
        self._sockets = SocketService(exchange)

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        app = web.Application(middlewares=[_json_errors])
        keys = api_keys_route(self._exchange.signatures)
        for route in (*TRADING_ROUTES, public("/account/endpoint_costs", endpoint_costs), keys):
            served = with_cache(route, self._exchange.engine.venue.habits.caches_lists_for)
            app.router.add_route(route.method, f"{API_BASE}{route.path}", rest_handler(self._exchange, served))
        app.router.add_get(WS_PATH, self._sockets.serve)
        app.router.add_get("/embedded/clock", self._clock)
        app.router.add_post("/embedded/clock/release", self._release_clock)
        app.router.add_get("/embedded/ledger", self._ledger)
        for method, answer in fault_routes(self._exchange.faults, self._exchange.world).items():
            app.router.add_route(method, "/embedded/faults", answer)
        app.on_response_prepare.append(self._date)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_WAIT_S)
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
            with suppress(asyncio.CancelledError):
                await self._acting
        await self._sockets.close_all()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _act(self) -> None:
        """Let faults of the venue itself happen in their time, whether or not anyone calls."""
        while True:
            self._exchange.world.act_due()
            self._exchange.broadcast.flush()
            await asyncio.sleep(_ACT_EVERY_S)

    async def _date(self, _: web.Request, answer: web.StreamResponse) -> None:
        """A skewed clock shows in every answer's Date."""
        if self._exchange.world.skew:
            answer.headers["Date"] = formatdate(self._exchange.shown_wall_ms() / 1000, usegmt=True)

    async def _release_clock(self, request: web.Request) -> web.Response:
        self._exchange.clock.release()
        return await self._clock(request)

    async def _clock(self, _: web.Request) -> web.Response:
        anchor = self._exchange.clock.anchor
        return response(
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
        return response(Answer(200, ledger_object(self._exchange.engine)))


@web.middleware
async def _json_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Unknown paths answer in the venue's shape; a trailing slash is sent to the path without it."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        path = raw_path(request)
        if len(path) > 1 and path.endswith("/"):
            raise web.HTTPMovedPermanently(path.rstrip("/") or "/") from None
        return response(nested(404, "not_found"))
    except web.HTTPMethodNotAllowed:
        return response(nested(405, "method_not_allowed"))
