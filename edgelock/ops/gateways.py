"""Where the orders of a run go: nowhere, to paper, or to the venue. Only the last is given anything that can trade."""

import random
from collections.abc import Callable

from edgelock.actors.journal import Journal
from edgelock.actors.live_gateway import LiveGateway
from edgelock.actors.live_terms import LiveNews, LiveTerms, LiveVenue
from edgelock.actors.order_gateway import OrderGateway
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.shadow_gateway import ShadowGateway
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.units import SECOND, Timestamp
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.ops.settings import Settings
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.venue import Venue

READ_ATTEMPTS = 3
READ_PAUSE_S = 0.05
"""A sweep is many reads and fails with any of them, so each is tried again at once; writes never are."""
FUSE_DEADLINE_S = 1.0
"""Real time after which a request about an order group is sent again, which does no harm."""


def gateway_of(
    system: TradingSystem, settings: Settings, venue: Venue, journal: Journal, rng: Callable[[], random.Random]
) -> OrderGateway:
    """The gateway of the run's mode."""
    if settings.mode == "paper":
        return PaperGateway(run=system.run, clock=system.clock, answer=system.tell_exchange)
    if settings.mode == "shadow":
        return ShadowGateway(run=system.run, clock=system.clock, answer=system.tell_exchange)
    credentials = venue.trading_credentials
    if credentials is None or not credentials.may_trade:
        raise ValueError("live mode has no credentials that can trade")
    live = settings.live
    limits = CallLimits(
        connect_s=live.request_timeout / SECOND,
        read_s=live.request_timeout / SECOND,
        deadline_s=live.request_timeout / SECOND,
        attempts_max=READ_ATTEMPTS,
        pause_s=READ_PAUSE_S,
    )
    soon = CallLimits(connect_s=FUSE_DEADLINE_S, read_s=FUSE_DEADLINE_S, deadline_s=FUSE_DEADLINE_S)

    def open_rest(limits: CallLimits) -> TradingRest:
        return TradingRest(venue.rest_url, credentials, rng=rng(), limits=limits, budget=venue.read_budget)

    return LiveGateway(
        run=system.run,
        previous=frozenset(recorded.intent.client_order_id for recorded in journal.unfinished_intents()),
        terms=LiveTerms(
            entry_life=live.entry_life,
            exit_life=live.exit_life,
            group_limit=live.group_limit,
            max_in_flight=live.max_in_flight,
            backfill_interval=live.backfill_interval,
            entries_only_when_flat=settings.strategy_name != "legacy",
        ),
        venue=LiveVenue(
            open_rest=lambda: open_rest(limits),
            open_fuse=lambda: open_rest(soon),
            ws_url=venue.ws_url,
            credentials=venue.credentials,
            rng=rng(),
        ),
        news=LiveNews(
            answer=system.tell_exchange,
            readiness=system.tell_readiness,
            fuse=system.tell_fuse,
            past=lambda ids: _record_ends(journal, ids, system.clock.now()),
            record=system.record,
        ),
        clock=system.clock,
    )


def _record_ends(journal: Journal, ids: frozenset[ClientOrderId], at: Timestamp) -> None:
    """From now on no start has to look for them; whether they filled, the venue's fills say."""
    for client_order_id in sorted(ids):
        journal.record_end(client_order_id=client_order_id, state=OrderState.CANCELED, at=at)
