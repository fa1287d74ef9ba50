"""The reference price: an exponential moving average of trade prints, kept as an integer.

Steps of one millionth of a price unit make the rounding of each step invisible (below $0.000_000_000_1), and leave
no float near a price. Seeded with the mid of the book, and again after a gap in the feed.
"""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.core.telemetry import PriceRatio
from edgelock.core.units import Price

STEPS_PER_PRICE_UNIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Reference:
    """The average, in millionths of a price unit; None before it is seeded."""

    steps: int | None = None

    @property
    def ratio(self) -> PriceRatio | None:
        """The average as an exact price."""
        return None if self.steps is None else PriceRatio(Fraction(self.steps, STEPS_PER_PRICE_UNIT))

    def seeded(self, double_mid: int) -> "Reference":
        """Start at the mid, given as best bid + best ask."""
        return Reference(double_mid * STEPS_PER_PRICE_UNIT // 2)

    def after_print(self, price: Price, alpha: Fraction) -> "Reference":
        """The average after one print; before it is seeded, a print is not yet a reference."""
        if self.steps is None:
            return self
        kept = self.steps * (alpha.denominator - alpha.numerator)
        return Reference((kept + price * STEPS_PER_PRICE_UNIT * alpha.numerator) // alpha.denominator)

    def is_at_or_below(self, price: Price) -> bool:
        """Whether the average is known and does not exceed `price`."""
        return self.steps is not None and self.steps <= price * STEPS_PER_PRICE_UNIT

    def is_at_or_above(self, price: Price) -> bool:
        """Whether the average is known and is not below `price`."""
        return self.steps is not None and self.steps >= price * STEPS_PER_PRICE_UNIT

    def less(self, distance: Price) -> int:
        """The average minus `distance`, rounded down to a whole price unit. The average must be known."""
        assert self.steps is not None
        return (self.steps - distance * STEPS_PER_PRICE_UNIT) // STEPS_PER_PRICE_UNIT

    def more(self, distance: Price) -> int:
        """The average plus `distance`, rounded up to a whole price unit. The average must be known."""
        assert self.steps is not None
        return -((-self.steps - distance * STEPS_PER_PRICE_UNIT) // STEPS_PER_PRICE_UNIT)
