"""`/embedded/faults`: the fault menu at run time. POST replaces the schedule, GET tells of it, DELETE ends it."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_file import FaultFileError, read_faults
from edgelock.exchange.faults_schedule import FaultSchedule
from edgelock.exchange.faults_world import WorldFaults

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def fault_routes(board: FaultBoard, world: WorldFaults) -> dict[str, Answering]:
    """The handler of each method."""

    def report() -> dict[str, object]:
        return {**board.report(), "in_force": world.in_force()}

    async def tell(_: web.Request) -> web.StreamResponse:
        return _answer(200, report())

    async def replace(request: web.Request) -> web.StreamResponse:
        try:
            schedule = read_faults(await request.read(), "body")
        except FaultFileError as error:
            return _answer(400, {"error": str(error)})
        world.replace(schedule)
        world.act_due()
        return _answer(200, report())

    async def end(_: web.Request) -> web.StreamResponse:
        world.replace(FaultSchedule())
        return _answer(200, report())

    return {"GET": tell, "POST": replace, "DELETE": end}


def _answer(status: int, body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
