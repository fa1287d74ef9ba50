"""What a fill costs: the venue's fee model and its rounding.

Model, per fill of C contracts at price P (venue reference §9.1):

    taker  M × 0.07   × C × P × (1 − P)
    maker  M × 0.0175 × C × P × (1 − P)   where the series charges makers, else 0

Rounding for direct members (venue reference §9.3, in force since 2026-08-27): the model fee goes up to the next
$0.000001; the change of cash it leaves is floored to $0.0001, the difference is a rounding fee; rounding fees
gather per order, and whole $0.0001 of them are paid back, never more than the fill's own fee.
"""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.core.units import ONE_DOLLAR, Money, Price, Size, ceil_div

TAKER_RATE = Fraction(7, 100)
MAKER_RATE = Fraction(175, 10_000)
COMBO_MAKER_RATE = Fraction(35, 1000)
BALANCE_PRECISION = Money(100)
"""Cash of a direct member is kept in steps of $0.0001."""

# rate × size (1e-2) × price (1e-4) × (1 − price) (1e-4) is in 1e-10 dollars; money is in 1e-6.
_MODEL_UNITS_PER_MONEY = 10_000


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Effective rates of one market: the series' rates times the multiplier of the series or event."""

    taker_rate: Fraction
    maker_rate: Fraction

    def rate(self, *, is_taker: bool) -> Fraction:
        """The rate that a fill of this role pays."""
        return self.taker_rate if is_taker else self.maker_rate


_MAKER_RATES = {
    "quadratic": Fraction(0),
    "quadratic_with_maker_fees": MAKER_RATE,
    "quadratic_with_combo_maker_fees": COMBO_MAKER_RATE,
}
"""By the venue's `fee_type`. Its list is open, and `flat` on it says no rate (venue reference §4.3)."""


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What a series or an event says of its fees, in the venue's words."""

    fee_type: str
    multiplier: Fraction

    @property
    def is_known(self) -> bool:
        """Whether this version knows what the type charges; a market with other fees is not traded."""
        return self.fee_type in _MAKER_RATES

    @property
    def schedule(self) -> FeeSchedule:
        """The rates."""
        return fee_schedule(self.fee_type, self.multiplier)

    def overridden(self, fee_type: str | None, multiplier: Fraction | None) -> "FeeTerms":
        """These terms of a series under an event's overrides, each on its own; None overrides nothing."""
        return FeeTerms(
            self.fee_type if fee_type is None else fee_type, self.multiplier if multiplier is None else multiplier
        )


def fee_schedule(fee_type: str, multiplier: Fraction) -> FeeSchedule:
    """The schedule of a series by its `fee_type` and `fee_multiplier`.

    A type this version does not know is charged like the dearest one known (taker and maker both at the taker
    rate): an unknown fee must never look like a free one.
    """
    maker_rate = _MAKER_RATES.get(fee_type, TAKER_RATE)
    return FeeSchedule(taker_rate=TAKER_RATE * multiplier, maker_rate=maker_rate * multiplier)


GAME_FEES = fee_schedule("quadratic_with_maker_fees", Fraction(1))
"""What the NHL, NFL and college game series charged on 2026-09-26. Live, the series is read from the venue."""


@dataclass(frozen=True, slots=True)
class FeeCharge:
    """The fee of one fill, and the rounding its order has gathered so far (carry it to the order's next fill)."""

    net: Money
    gathered_rounding: Money


def model_fee(rate: Fraction, price: Price, size: Size) -> Money:
    """The unrounded model, raised to the next $0.000001."""
    units = rate.numerator * size * price * (ONE_DOLLAR - price)
    return Money(ceil_div(units, rate.denominator * _MODEL_UNITS_PER_MONEY))


def charge(
    rate: Fraction,
    price: Price,
    size: Size,
    *,
    revenue: Money,
    gathered_rounding: Money,
    precision: Money = BALANCE_PRECISION,
) -> FeeCharge:
    """The fee that one fill is charged.

    revenue            signed change of cash before the fee: negative when the fill pays, positive when it is paid
    gathered_rounding  rounding that the order's earlier fills have paid and not got back
    precision          step in which the venue keeps this member's cash
    """
    trade_fee = model_fee(rate, price, size)
    change = revenue - trade_fee
    rounding_fee = change - (change // precision) * precision
    gathered = gathered_rounding + rounding_fee
    # Whole steps only, also where the cap binds: cash must stay on its step.
    rebate = min(gathered, trade_fee + rounding_fee) // precision * precision
    return FeeCharge(net=Money(trade_fee + rounding_fee - rebate), gathered_rounding=Money(gathered - rebate))
