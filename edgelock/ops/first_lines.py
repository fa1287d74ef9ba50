"""The first lines of a run: what it is, whether its core is sound, and what earlier runs left."""

import msgspec

from edgelock import __version__
from edgelock.actors.journal import Journal
from edgelock.core.order import OrderState
from edgelock.core.telemetry import Config, LibraryLog, Preflight, Reconcile
from edgelock.ops.account_scope import is_of_its_process
from edgelock.ops.core_checks import core_checks
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import flat
from edgelock.ops.venue import Venue


def config_line(options: RunOptions, venue: Venue) -> Config:
    settings = {key: str(value) for key, value in flat(options.settings).items()}
    return Config(
        at=venue.clock.now(),
        mode=options.settings.mode,
        venue=options.settings.venue.name,
        strategy=options.settings.strategy_name,
        version=__version__,
        speed=str(venue.clock.speed),
        settings=msgspec.json.encode(settings).decode(),
    )


def preflight_lines(options: RunOptions, venue: Venue) -> list[Preflight]:
    """The five core checks of the runbook, by the code that trades."""
    at = venue.clock.now()
    return [
        Preflight(at=at, check=result.check, outcome=result.outcome, detail=result.detail)
        for result in options.preflight or core_checks(options.settings)
    ]


def reconcile_line(journal: Journal, scope: str, venue: Venue, options: RunOptions) -> Reconcile:
    """Orders of earlier runs that have no recorded end.

    Those of paper and shadow existed in the process that is gone and nowhere else, and its end was theirs. Live ones
    may rest at the venue: the door's own start withdraws them, and a paper run leaves their records alone.
    """
    at = venue.clock.now()
    if options.settings.mode == "live":
        left = journal.unfinished_intents(scope=scope)
        detail = "what earlier runs left at the venue is withdrawn by the first sweep"
        return Reconcile(at=at, found=len(left), adopted=0, cancelled=0, detail=detail)
    left = tuple(each for each in journal.unfinished_intents() if is_of_its_process(each.scope))
    for recorded in left:
        journal.record_end(client_order_id=recorded.intent.client_order_id, state=OrderState.CANCELED, at=at)
    detail = "earlier runs' paper orders ended with their process; paper starts flat"
    return Reconcile(at=at, found=len(left), adopted=0, cancelled=len(left), detail=detail)


def said_early(line: str, venue: Venue) -> LibraryLog:
    return LibraryLog(at=venue.clock.now(), logger="edgelock.exchange.process", severity="WARNING", message=line)
