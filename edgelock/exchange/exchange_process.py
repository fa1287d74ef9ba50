"""One run of the exchange process: from a flow and a key to a served port, and to its end.

The process tells its URLs and the key to sign with in one JSON line on standard output, and nothing else there.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgelock.core.units import Duration, Money, Timestamp
from edgelock.exchange.api_key import GeneratedKey, generate_key, write_private_key
from edgelock.exchange.engine import Engine
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.exchange.exchange_parts import Exchange
from edgelock.exchange.exchange_server import API_BASE, WS_PATH, ExchangeServer
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_file import FaultFileError, read_fault_file
from edgelock.exchange.faults_schedule import FaultSchedule
from edgelock.exchange.faults_world import WorldFaults
from edgelock.exchange.flow import Flow
from edgelock.exchange.flow_driver import FlowDriver
from edgelock.exchange.habits import Habits
from edgelock.exchange.ledger_view import ledger_object
from edgelock.exchange.rate_limit import TIERS, RateLimiter
from edgelock.exchange.recording import RecordingError, recording_flow
from edgelock.exchange.request_log import RequestLog
from edgelock.exchange.scenarios import scenario_flow
from edgelock.exchange.shards import Sharded
from edgelock.exchange.signature_check import ApiKey, SignatureCheck
from edgelock.exchange.weekly_pause import WeeklyPaused
from edgelock.exchange.ws_broadcast import Broadcast

MEMBER_ID = "member"
_ATTESTED_FOR_S = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """What the process was asked for. `duration_s` is in real seconds, `read_lag` in exchange time."""

    host: str
    port: int
    speed: float
    seed: int
    scenario: str
    rate: float
    recording: Path | None
    key_type: str
    key_scopes: tuple[str, ...]
    key_file: Path | None
    request_log: Path | None
    balance: Money
    tier: str
    read_lag: Duration
    shards: Mapping[str, int]
    shard_cash: Mapping[int, Money]
    habits: Habits
    duration_s: float | None
    exits_with_parent: bool
    holds_clock: bool
    ledger: Path | None
    faults: Path | None


class ServiceRefused(Exception):
    """The process cannot do what it was asked for; the text says what was wrong and what is allowed."""


def run_service(options: ServiceOptions) -> None:
    """Serve until told to stop. Raises ServiceRefused."""
    flow = _flow(options)
    schedule = _schedule(options)
    key = generate_key(options.key_type)
    with _key_path(options) as key_path, _open_log(options) as log:
        try:
            write_private_key(key_path, key)
        except OSError as error:
            raise ServiceRefused(f"key file {key_path}: {error.strerror}") from None
        try:
            asyncio.run(_serve(options, flow, schedule, key, key_path, log))
        except RecordingError as error:
            # A recording is read as it plays, so its end may turn out to be damaged long after the start.
            raise ServiceRefused(f"recording {error}") from None


async def _serve(
    options: ServiceOptions, flow: Flow, schedule: FaultSchedule, key: GeneratedKey, key_path: Path, log: RequestLog
) -> None:
    stop = _stop_event(options)
    exchange = assemble(flow, schedule, key, options, log)
    exchange.driver.catch_up()
    server = ExchangeServer(exchange)
    try:
        port = await server.start(options.host, options.port)
    except OSError as error:
        raise ServiceRefused(
            f"cannot listen on {options.host} port {options.port}: {os.strerror(error.errno or 0)}; "
            "choose another --port, or 0 for any free one"
        ) from None
    driving = asyncio.create_task(exchange.driver.run())
    driving.add_done_callback(lambda _: stop.set())
    _announce(options, exchange, key, key_path, port)
    try:
        await asyncio.wait_for(stop.wait(), options.duration_s)
    except TimeoutError:
        pass
    finally:
        await server.stop()
        _write_ledger(options, exchange.engine)
        if driving.done():
            driving.result()
        driving.cancel()


def assemble(
    flow: Flow, schedule: FaultSchedule, key: GeneratedKey, options: ServiceOptions, log: RequestLog
) -> Exchange:
    """An exchange with one member, its clock started."""
    engine = Engine(new_id=lambda: str(uuid.uuid4()), read_lag=options.read_lag, habits=options.habits)
    engine.open_account(MEMBER_ID, str(uuid.uuid4()), options.balance, shard_cash=options.shard_cash)
    clock = ExchangeClock(flow.starts_at, options.speed, is_held=options.holds_clock)
    broadcast = Broadcast(engine, clock.now)
    driver = FlowDriver(flow, engine, clock, broadcast.flush)
    faults = FaultBoard(clock.now, options.speed, schedule)
    return Exchange(
        engine=engine,
        clock=clock,
        driver=driver,
        broadcast=broadcast,
        signatures=SignatureCheck(
            {key.key_id: ApiKey(MEMBER_ID, key.public_key, options.key_scopes)},
            attested_until_s=int(time.time()) + _ATTESTED_FOR_S,
        ),
        limiter=RateLimiter(TIERS[options.tier]),
        log=log,
        faults=faults,
        world=WorldFaults(faults, engine, driver.intervene, log),
        wall_ms=lambda: time.time_ns() // 1_000_000,
    )


def _flow(options: ServiceOptions) -> Flow:
    flow: Flow = Sharded(_traders(options), options.shards)
    return WeeklyPaused(flow) if options.habits.pauses_weekly else flow


def _traders(options: ServiceOptions) -> Flow:
    if options.recording is None:
        starts_at = Timestamp(time.time_ns())
        return scenario_flow(options.scenario, seed=options.seed, starts_at=starts_at, rate=options.rate)
    try:
        return recording_flow(options.recording)
    except RecordingError as error:
        raise ServiceRefused(f"recording {error}") from None


def _schedule(options: ServiceOptions) -> FaultSchedule:
    if options.faults is None:
        return FaultSchedule()
    try:
        return read_fault_file(options.faults)
    except FaultFileError as error:
        raise ServiceRefused(f"faults {error}") from None


@contextmanager
def _key_path(options: ServiceOptions) -> Iterator[Path]:
    """Where the private key goes: the chosen file, or a private folder that is removed at the end."""
    if options.key_file is not None:
        yield options.key_file.absolute()
        return
    folder = tempfile.mkdtemp(prefix="edgelock-exchange-")
    try:
        yield Path(folder) / "private_key.pem"
    finally:
        shutil.rmtree(folder)


def _open_log(options: ServiceOptions) -> RequestLog:
    try:
        return RequestLog(options.request_log)
    except OSError as error:
        raise ServiceRefused(f"request log {options.request_log}: {error.strerror}") from None


def _stop_event(options: ServiceOptions) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.exits_with_parent:
        threading.Thread(target=_wait_for_parent, args=(loop, stop), daemon=True).start()
    return stop


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Standard input is the parent's end of a pipe: it ends when the parent does, however that dies.

    A process without a standard input has no parent to wait for, and ends at once.
    """
    with suppress(OSError):
        while os.read(0, 4096):
            continue
    if not loop.is_closed():
        loop.call_soon_threadsafe(stop.set)


def _announce(options: ServiceOptions, exchange: Exchange, key: GeneratedKey, key_path: Path, port: int) -> None:
    anchor = exchange.clock.anchor
    address = f"[{options.host}]:{port}" if ":" in options.host else f"{options.host}:{port}"
    line = {
        "ready": True,
        "rest_url": f"http://{address}{API_BASE}",
        "ws_url": f"ws://{address}{WS_PATH}",
        "api_key_id": key.key_id,
        "private_key_path": str(key_path),
        "private_key_pem": key.private_pem,
        "clock": {
            "origin_ns": anchor.origin_ns,
            "anchor_wall_ns": anchor.anchor_wall_ns,
            "speed": anchor.speed,
        },
        "scenario": options.scenario if options.recording is None else None,
        "recording": str(options.recording) if options.recording is not None else None,
        "seed": options.seed,
        "markets": list(exchange.engine.markets),
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _write_ledger(options: ServiceOptions, engine: Engine) -> None:
    if options.ledger is None:
        return
    try:
        options.ledger.write_bytes(msgspec.json.encode(ledger_object(engine)) + b"\n")
    except OSError as error:
        raise ServiceRefused(f"ledger {options.ledger}: {error.strerror}") from None
