"""Where the orders of a run go: nowhere, to paper, or to the venue. Only the last is given anything that can trade."""

import random
from collections.abc import Callable

from edgelock.actors.journal import Journal
from edgelock.actors.journaled_past import JournaledPast
from edgelock.actors.live_gateway import LiveGateway
from edgelock.actors.live_terms import LiveNews, LiveTerms, LiveVenue
from edgelock.actors.order_gateway import GatewayAnswer, GatewayNotice, OrderGateway
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.shadow_gateway import ShadowGateway
from edgelock.core.units import SECOND
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
    system: TradingSystem,
    generation: int,
    settings: Settings,
    venue: Venue,
    journal: Journal,
    rng: Callable[[], random.Random],
) -> OrderGateway:
    """The gateway of the run's mode, for one life of the door."""
    past = JournaledPast(journal, system.scope)

    def answer(news: GatewayAnswer | GatewayNotice) -> None:
        system.tell_exchange(news, generation)

    if settings.mode != "live":
        kind = PaperGateway if settings.mode == "paper" else ShadowGateway
        return kind(run=system.run, clock=system.clock, answer=answer, generation=generation, past=past)
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
        past=past,
        counted_from=system.began,
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
            answer=answer,
            readiness=system.tell_readiness,
            fuse=system.tell_fuse,
            record=system.record,
        ),
        clock=system.clock,
    )
