"""The lines of what came while a market had no actor: made by its next life, from the record of each moment.

The log promises that its fills add up to the position and its results to the ledger, also across a crash. What a life
knew besides the record, such as the worst excursion of the position, went with it.
"""

from dataclasses import replace

from edgelock.core.evolve import evolve
from edgelock.core.facts import Recovered
from edgelock.core.market_state import NEW_EPISODE, MarketState
from edgelock.core.report import report
from edgelock.core.telemetry import MarketRecord


def told_late(state: MarketState, recovered: Recovered) -> tuple[MarketRecord, ...]:
    """What a person should read about the untold facts, in their order and as of their time.

    `state` is the market's as it takes over; it lends what the record does not have: settings, book, run mode.
    """
    records: list[MarketRecord] = []
    episode = NEW_EPISODE
    for untold in recovered.untold:
        before = replace(
            state,
            is_recovered=True,
            now=untold.fact.at,
            sequence=untold.fact.sequence - 1,
            position=untold.position,
            orders=tuple(order for order in untold.orders if order.state.is_live),
            ended=tuple(order for order in untold.orders if not order.state.is_live),
            episode=episode,
        )
        after = evolve(before, untold.fact)
        records.extend(report(before, untold.fact, after))
        episode = after.episode
    return tuple(records)
