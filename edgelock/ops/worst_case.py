"""The most that the limits allow to be at risk at one time: contracts, and the money they can cost.

A contract bought at or below `low` can lose that price, one sold at or above `high` the rest of the dollar; legacy
logic has no gates, so there it is the whole dollar. The fees of the way in and out come on top, as the settings
assume them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edgelock.core.settings import StrategySettings
from edgelock.core.units import CONTRACT, ONE_DOLLAR, Money, Price, Size, cost
from edgelock.ops.settings import Settings


@dataclass(frozen=True, slots=True)
class WorstCase:
    """contracts over all markets; price and fees of the dearest of them; money is what all of it can cost."""

    contracts: Size
    price: Price
    fees: Price

    @property
    def money(self) -> Money:
        """Everything held and resting, lost, with its fees."""
        return cost(Price(self.price + self.fees), self.contracts)


def worst_case(settings: Settings) -> WorstCase:
    """By the limits of these settings, whatever the markets do."""
    traded = tuple(_traded(settings))
    most_in_one = max(own.max_inventory for own in traded)
    return WorstCase(
        contracts=Size(min(settings.risk.max_global_inventory, settings.selection.max_markets_to_trade * most_in_one)),
        price=max(_price_at_risk(own, settings) for own in traded),
        fees=max(Price(own.entry_fee + own.exit_fee) for own in traded),
    )


def smallest_entry(settings: Settings) -> Money:
    """What one contract of the cheapest kind of entry costs; below this, nothing can be traded at all."""
    return min(cost(min(own.low, Price(ONE_DOLLAR - own.high)), CONTRACT) for own in _traded(settings))


def _price_at_risk(own: StrategySettings, settings: Settings) -> Price:
    if settings.strategy_name == "legacy":
        return ONE_DOLLAR
    return max(own.low, Price(ONE_DOLLAR - own.high))


def _traded(settings: Settings) -> Iterator[StrategySettings]:
    for name in settings.selection.series:
        family = settings.families.get(name)
        yield settings.strategy if family is None else family.strategy
    yield from settings.markets.values()
