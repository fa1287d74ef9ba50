"""One run of the bot: build everything in order, wait for the reason to end, take everything down in reverse.

The main thread does no work of its own: it takes signals and other events off one queue and acts on them.
"""

import os
import random
import secrets as tokens
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from edgelock.actors.feed import FeedActor
from edgelock.actors.journal import Journal, JournalError
from edgelock.actors.journal_opening import open_journal
from edgelock.actors.library_log import LibraryLogs
from edgelock.actors.notices import Escalated, Notice
from edgelock.actors.telemetry import TelemetryActor, TelemetryOutputs, TelemetryRun
from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.core.rate_limit import TokenBucket
from edgelock.core.telemetry import LibraryLog
from edgelock.core.units import SECOND, Timestamp
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.ops.account_scope import scope_of
from edgelock.ops.control_handlers import control_handlers
from edgelock.ops.control_server import ControlServer
from edgelock.ops.exchange_watch import LOOK_EVERY_S as STATUS_EVERY_S
from edgelock.ops.exchange_watch import ExchangeWatch
from edgelock.ops.feed_listeners import listeners_of
from edgelock.ops.first_lines import config_line, preflight_lines, reconcile_line, said_early
from edgelock.ops.gateways import gateway_of
from edgelock.ops.going_live import told_risk
from edgelock.ops.instance_lock import InstanceLock
from edgelock.ops.life_signs import LifeSigns
from edgelock.ops.market_selection import MarketSource
from edgelock.ops.roster import CACHE_S, Roster
from edgelock.ops.run_events import RunEvents, Stop
from edgelock.ops.run_loop import RunLoop, RunTelemetry
from edgelock.ops.run_options import RunOptions
from edgelock.ops.secret_redactor import redactor_of
from edgelock.ops.service_notify import ServiceNotify, service_notify
from edgelock.ops.start_reads import add_markets, held_markets, wait_for_books, write_bucket
from edgelock.ops.start_thread import StartThread
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import Venue, open_venue
from edgelock.ops.venue_address import KALSHI, VenueAddress

EXIT_SOFTWARE = 70
POLL_S_MIN = 2.0
STATUS_EVERY_S_MIN = 0.5
COMPARE_LIMITS = CallLimits(connect_s=2.0, read_s=2.0, deadline_s=3.0, attempts_max=1)
"""A book that is compared late proves nothing, so nothing is repeated."""


def run(options: RunOptions, *, addresses: Mapping[str, VenueAddress] = KALSHI) -> int:
    """Trade until told to stop. Returns the exit code; raises UserError when the run cannot begin.

    addresses  where demo and prod are; for tests, which bring a venue of their own on this machine
    """
    # Until there is something to take down in order, either signal ends the program at once.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        notify = _notify()
        if notify is not None:
            stack.callback(notify.close)
        stack.enter_context(InstanceLock(options.settings.state.directory))
        early: list[str] = []
        journal = _journal(options, early)
        stack.callback(journal.close)
        venue = open_venue(options, told=early.append, addresses=addresses)
        stack.callback(venue.close)
        return _trade(options, venue, journal, early, notify, stack)


def _notify() -> ServiceNotify | None:
    try:
        return service_notify(os.environ)
    except ValueError as error:
        raise UserError(str(error)) from None


def _trade(
    options: RunOptions,
    venue: Venue,
    journal: Journal,
    early: list[str],
    notify: ServiceNotify | None,
    stack: ExitStack,
) -> int:
    events, telemetry = RunEvents(), _run_telemetry(options)
    scope = scope_of(
        mode=options.settings.mode,
        venue=options.settings.venue.name,
        key_id=venue.credentials.key_id,
        run=telemetry.run.run,
    )
    began = venue.clock.now()
    _begin_run(journal, telemetry.run.run, scope, began)
    rest = KalshiRest(venue.rest_url, venue.credentials, rng=_rng(), budget=venue.read_budget)
    stack.callback(rest.close)
    bucket = write_bucket(rest, venue, options)
    system = _build_system(options, venue, journal, (scope, began), telemetry, events, bucket)
    library_logs = LibraryLogs(system.addresses.telemetry, venue.clock)
    library_logs.attach()
    stack.callback(library_logs.detach)
    wanted = options.markets or (venue.markets if options.recording is not None else ())
    held = held_markets(rest) if options.settings.mode == "live" else ()
    roster = Roster(
        system,
        MarketSource(rest, options.settings),
        wanted=_limited(wanted, options),
        held=held,
        poll_s=_poll_s(options, venue),
        cache_s=0.0 if venue.is_embedded else CACHE_S,
    )
    at_risk = (told_risk(options, venue, rest),) if options.settings.mode == "live" else ()
    watch = _exchange_watch(system, venue, stack)
    steps = (
        watch.start,
        lambda: add_markets(system, roster, held),
        roster.start,
        lambda: wait_for_books(system),
    )
    loop = RunLoop(
        options=options,
        venue=venue,
        system=system,
        roster=roster,
        events=events,
        telemetry=telemetry,
        signs=_life_signs(options, venue, system, journal, notify),
        start=StartThread(steps, events),
        opened=lambda loop: _open_to_people(loop, options, venue, system, stack),
    )
    loop.take_signals()
    system.start()
    system.record(config_line(options, venue), *(said_early(line, venue) for line in early))
    system.record(*preflight_lines(options, venue), reconcile_line(journal, scope, venue, options), *at_risk)
    return loop.run()


def _open_to_people(loop: RunLoop, options: RunOptions, venue: Venue, system: TradingSystem, stack: ExitStack) -> None:
    """The start is done: let time run and take commands."""
    venue.release_clock()
    server = ControlServer(
        options.settings.state.directory,
        control_handlers(loop, loop.gate_history),
        failed=lambda error: system.record(
            LibraryLog(at=venue.clock.now(), logger="edgelock.control", severity="ERROR", message=repr(error))
        ),
    )
    stack.callback(server.close)


def _life_signs(
    options: RunOptions, venue: Venue, system: TradingSystem, journal: Journal, notify: ServiceNotify | None
) -> LifeSigns:
    return LifeSigns(
        run=system.run,
        directory=options.settings.state.directory,
        supervisor=system.supervisor,
        markets=system.boards.markets.states,
        journal_trouble=lambda: journal.trouble,
        notify=notify,
        say=lambda line: system.record(
            LibraryLog(at=venue.clock.now(), logger="edgelock.life_signs", severity="WARNING", message=line)
        ),
    )


def _build_system(
    options: RunOptions,
    venue: Venue,
    journal: Journal,
    account: tuple[str, Timestamp],
    telemetry: RunTelemetry,
    events: RunEvents,
    bucket: TokenBucket,
) -> TradingSystem:
    scope, began = account
    return TradingSystem(
        run=telemetry.run.run,
        scope=scope,
        began=began,
        settings=options.settings,
        clock=venue.clock,
        journal=journal,
        bucket=bucket,
        build_gateway=lambda system, generation: gateway_of(system, generation, options.settings, venue, journal, _rng),
        build_telemetry=lambda life: TelemetryActor(
            life,
            outputs=telemetry.outputs,
            run=telemetry.run,
            redactor=telemetry.redactor,
            board=telemetry.board,
            clock=venue.clock,
        ),
        build_feed=lambda life, system: FeedActor(
            life,
            url=venue.ws_url,
            credentials=venue.credentials,
            listeners=listeners_of(system),
            record=system.record,
            clock=venue.clock,
            stale_after_ns=system.settings.risk.stale_after,
            rng=_rng(),
            reads=lambda: KalshiRest(
                venue.rest_url, venue.credentials, rng=_rng(), limits=COMPARE_LIMITS, budget=venue.read_budget
            ),
        ),
        escalated=lambda news: _on_notice(news, events),
        rng=_rng(),
        redact=telemetry.redactor.text,
    )


def _rng() -> random.Random:
    return random.Random(tokens.randbits(64))


def _journal(options: RunOptions, early: list[str]) -> Journal:
    """The journal; a new one, with entries held, when the one before was lost."""
    try:
        journal, loss = open_journal(options.settings.state.directory)
    except JournalError as error:
        raise UserError(str(error)) from None
    if loss is not None:
        early.append(loss)
    return journal


def _begin_run(journal: Journal, run: str, scope: str, at: Timestamp) -> None:
    try:
        journal.begin_run(run, scope, at)
    except JournalError as error:
        raise UserError(str(error)) from None


def _run_telemetry(options: RunOptions) -> RunTelemetry:
    return RunTelemetry(
        run=TelemetryRun(run=tokens.token_hex(4)),
        board=TelemetryBoard(),
        redactor=redactor_of(options.secrets),
        outputs=TelemetryOutputs(
            stream=None if options.live_view else sys.stdout,
            path=options.log_path,
            max_bytes=options.settings.log.max_bytes,
            backups=options.settings.log.backups,
        ),
    )


def _on_notice(news: Notice, events: RunEvents) -> None:
    if isinstance(news, Escalated):
        events.put(Stop(who=f"supervisor: {news.name}: {news.reason}", exit_code=EXIT_SOFTWARE))


def _exchange_watch(system: TradingSystem, venue: Venue, stack: ExitStack) -> ExchangeWatch:
    """With a REST client of its own, because it reads on its own thread; looks more often where time runs faster."""
    rest = KalshiRest(venue.rest_url, venue.credentials, rng=_rng(), budget=venue.read_budget)
    stack.callback(rest.close)
    watch = ExchangeWatch(
        rest,
        clock=venue.clock,
        tell=system.tell_exchange_status,
        say=lambda line: system.record(
            LibraryLog(at=venue.clock.now(), logger="edgelock.exchange_watch", severity="WARNING", message=line)
        ),
        look_s=max(STATUS_EVERY_S_MIN, STATUS_EVERY_S / float(venue.clock.speed)),
    )
    stack.callback(watch.stop)
    return watch


def _limited(wanted: tuple[str, ...], options: RunOptions) -> tuple[str, ...]:
    """A person's own list is taken whole; a recording's markets up to the number of markets to trade."""
    return wanted if options.markets else wanted[: options.settings.selection.max_markets_to_trade]


def _poll_s(options: RunOptions, venue: Venue) -> float:
    """On the embedded exchange the interval shrinks with the speed of its clock, but not below two seconds."""
    interval_ns = options.settings.selection.discovery_interval
    return max(POLL_S_MIN, float(interval_ns / venue.clock.speed / SECOND))
