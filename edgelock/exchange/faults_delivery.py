"""What a client gets of an answer when a fault strikes the call: first as a value, then on the connection."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

import msgspec
from aiohttp import web

from edgelock.core.units import SECOND
from edgelock.exchange.faults_bodies import about_other_order, malformed, with_bad_field, with_value
from edgelock.exchange.faults_rest_kinds import (
    AFTER,
    BEFORE,
    BadField,
    Delay,
    Drip,
    Drop,
    Hang,
    Huge,
    Malformed,
    OtherOrder,
    ReplacedField,
    RestFault,
    Status,
)
from edgelock.exchange.faults_schedule import Strike
from edgelock.exchange.rest_errors import nested

JSON = "application/json"
_DRIP_PIECES = 20
_MEGABYTE = 1_000_000
_CODES = {
    401: "authentication_error",
    403: "forbidden",
    404: "not_found",
    408: "request_timeout",
    409: "conflict",
    429: "too_many_requests",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}


class Ending(Enum):
    """How a call ends on its connection."""

    ANSWER = "answer"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What goes out, and when. All times are real.

    status    None with any other ending than ANSWER
    wait_ms   before anything goes out
    drip_ms   over which the body goes out in pieces; 0: at once
    padding   further bytes of white space after the body
    """

    status: int | None
    body: bytes = b""
    content_type: str = JSON
    wait_ms: int = 0
    drip_ms: int = 0
    padding: int = 0
    ending: Ending = Ending.ANSWER


def is_applied(strike: Strike | None) -> bool:
    """Whether the engine gets the request all the same."""
    return strike is None or (isinstance(strike.rule.fault, RestFault) and strike.rule.fault.applies)


def wait_before_applying_ms(strike: Strike | None) -> int:
    """How long a request is held back before the engine gets it, real milliseconds."""
    if strike is None or not isinstance(strike.rule.fault, Delay) or strike.rule.fault.when != BEFORE:
        return 0
    return strike.rule.fault.delay_ms.draw_ms(strike.chance)


def delivery(strike: Strike | None, told: Delivery, others: Mapping[str, str]) -> Delivery:
    """What the client gets of an answer.

    told    what it would get; for a call that was not applied, only its place
    others  client order ids by order ids: orders that an answer may name by mistake
    """
    if strike is None:
        return told
    match strike.rule.fault:
        case Drop(is_reset=is_reset):
            return Delivery(status=None, ending=Ending.RESET if is_reset else Ending.CLOSE)
        case Hang(hang_s=hang_s):
            return Delivery(status=None, ending=Ending.CLOSE, wait_ms=hang_s * 1000 // SECOND)
        case Delay(when=when, delay_ms=span):
            wait_ms = span.draw_ms(strike.chance) if when == AFTER else 0
            return _changed(told, told.body, wait_ms=wait_ms)
        case Status(status=status, code=code):
            error = nested(status, code or _CODES.get(status, "error"))
            return Delivery(status=status, body=msgspec.json.encode(error.body))
        case Malformed(how=how):
            body, content_type = malformed(how, told.body)
            return Delivery(status=told.status, body=body, content_type=content_type)
        case BadField(how=how, field=name):
            return _changed(told, with_bad_field(how, name, told.body, strike.chance))
        case ReplacedField(field=name, value=value):
            return _changed(told, with_value(name, value, told.body))
        case OtherOrder():
            return _changed(told, about_other_order(told.body, others, strike.chance))
        case Drip(drip_s=drip_s):
            return _changed(told, told.body, drip_ms=drip_s * 1000 // SECOND)
        case Huge(megabytes=megabytes):
            return _changed(told, told.body, padding=megabytes * _MEGABYTE)
    raise AssertionError(f"{strike.rule.kind} is no fault of a call")


def _changed(told: Delivery, body: bytes, *, wait_ms: int = 0, drip_ms: int = 0, padding: int = 0) -> Delivery:
    return Delivery(status=told.status, body=body, wait_ms=wait_ms, drip_ms=drip_ms, padding=padding)


async def deliver(request: web.Request, going_out: Delivery) -> web.StreamResponse:
    """Send it, or end the connection in its place."""
    if going_out.wait_ms:
        await asyncio.sleep(going_out.wait_ms / 1000)
    if going_out.ending is not Ending.ANSWER:
        close_connection(request, is_reset=going_out.ending is Ending.RESET)
        # The server insists on an answer; on a closed connection it goes nowhere.
        return web.Response()
    assert going_out.status is not None, "an answer has a status"
    if going_out.drip_ms or going_out.padding:
        return await _stream(request, going_out, going_out.status)
    if not going_out.body and going_out.status == 204:
        return web.Response(status=204)
    return web.Response(body=going_out.body, status=going_out.status, content_type=going_out.content_type)


def close_connection(request: web.Request, *, is_reset: bool) -> None:
    """End the TCP connection of a request, with FIN, or with RST as a crashed proxy does."""
    transport = request.transport
    if transport is None:
        return
    if is_reset:
        sock = transport.get_extra_info("socket")
        # Lingering for no time makes the kernel send RST.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


async def _stream(request: web.Request, going_out: Delivery, status: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Type": going_out.content_type})
    response.content_length = len(going_out.body) + going_out.padding
    # A client that has heard enough leaves in the middle.
    with suppress(ConnectionError):
        await response.prepare(request)
        await _write_body(response, going_out)
        await response.write_eof()
    return response


async def _write_body(response: web.StreamResponse, going_out: Delivery) -> None:
    body = going_out.body
    piece_size = max(1, len(body) // _DRIP_PIECES if going_out.drip_ms else len(body))
    pieces = [body[at : at + piece_size] for at in range(0, len(body), piece_size)]
    for piece in pieces:
        await response.write(piece)
        if going_out.drip_ms:
            await asyncio.sleep(going_out.drip_ms / 1000 / len(pieces))
    for sent in range(0, going_out.padding, _MEGABYTE):
        await response.write(b" " * min(_MEGABYTE, going_out.padding - sent))
