"""How many of the venue's write tokens the markets can ask for, against which a rate tier is judged.

Tokens: 10 for a create or an amendment, 2 for a cancel (venue reference §8.3, read 2026-11-22).
"""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.core.units import SECOND
from edgelock.ops.settings import Settings

CREATE, AMEND, CANCEL = 10, 10, 2
_SIDES = 2
_BREAKER_WINDOW_S = 30


@dataclass(frozen=True, slots=True)
class WriteDemand:
    """Tokens: one_entry for a single new order; busy, a second, while every market replaces as often as it may.

    As often as it may is up to the breaker's soft tier; renewing the expiries of two resting entries comes on top.
    """

    one_entry: int
    busy: Fraction


def write_demand(settings: Settings) -> WriteDemand:
    """Of all markets that these settings trade."""
    replacing = Fraction(settings.risk.breaker_soft.cancels_30s * (CREATE + CANCEL), _BREAKER_WINDOW_S)
    renewing = Fraction(_SIDES * AMEND * SECOND, settings.live.entry_life // 2)
    return WriteDemand(CREATE, settings.selection.max_markets_to_trade * (replacing + renewing))
