"""What serving an exchange needs, put together by the process that owns it, and whose a request is."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from edgelock.core.units import MILLISECOND
from edgelock.exchange.accounts import Account
from edgelock.exchange.engine import Engine
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_world import WorldFaults
from edgelock.exchange.flow_driver import FlowDriver
from edgelock.exchange.rate_limit import RateLimiter
from edgelock.exchange.request_log import RequestLog
from edgelock.exchange.signature_check import KEY_HEADER, SignatureCheck, Unsigned
from edgelock.exchange.ws_broadcast import Broadcast


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Everything that serving needs.

    faults   what strikes calls and frames
    world    what happens to the venue itself
    wall_ms  the machine's wall clock
    """

    engine: Engine
    clock: ExchangeClock
    driver: FlowDriver
    broadcast: Broadcast
    signatures: SignatureCheck
    limiter: RateLimiter
    log: RequestLog
    faults: FaultBoard
    world: WorldFaults
    wall_ms: Callable[[], int]

    def shown_wall_ms(self) -> int:
        """The wall clock that the exchange believes in: a fault may have set it wrong."""
        return self.wall_ms() + self.world.skew // MILLISECOND

    def signed_by(self, request: web.Request) -> Account | Unsigned:
        """Whose key signed a request."""
        if KEY_HEADER not in request.headers:
            return Unsigned.SIGNATURE_MISSING
        found = self.signatures.account_id(
            request.headers, request.method, raw_path(request), wall_ms=self.shown_wall_ms()
        )
        return found if isinstance(found, Unsigned) else self.engine.venue.accounts[found]


def raw_path(request: web.Request) -> str:
    """The path as it stood on the wire, which is what the client signed."""
    return request.raw_path.partition("?")[0]
