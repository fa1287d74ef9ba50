"""The kinds of faults that happen to the venue itself: its markets, the whole exchange, its wall clock.

They wait for no occasion: their rule says when. `lasts` of the rule is how long a state holds before it is undone.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from edgelock.core.price_grid import PriceGrid, grid_from_bands
from edgelock.core.units import CENT, ONE_DOLLAR, Duration, Price, Size, parse_price, parse_size
from edgelock.exchange.faults_values import setting, signed_seconds, some_seconds, text, whole, word
from edgelock.exchange.flow import MarketPhase, Trading

_TENTH = Price(CENT // 10)
_LOW, _HIGH = Price(10 * CENT), Price(90 * CENT)

GRIDS: dict[str, PriceGrid] = {
    "linear_cent": grid_from_bands([(Price(0), ONE_DOLLAR, CENT)]),
    "deci_cent": grid_from_bands([(Price(0), ONE_DOLLAR, _TENTH)]),
    "tapered_deci_cent": grid_from_bands([(Price(0), _LOW, _TENTH), (_LOW, _HIGH, CENT), (_HIGH, ONE_DOLLAR, _TENTH)]),
}
"""The venue's price structures by its names for them (venue reference §4.6)."""


def _outcome(given: object) -> Price:
    if given in ("yes", "no"):
        return ONE_DOLLAR if given == "yes" else Price(0)
    return _some_price(given, "must be yes, no or a price such as 0.4 for a scalar result")


def _price(given: object) -> Price:
    return _some_price(given, "must be a price such as 0.45")


def _some_price(given: object, allowed: str) -> Price:
    try:
        found = parse_price(f"{given:f}") if isinstance(given, Decimal) else Price(0)
    except ValueError:
        raise ValueError(allowed) from None
    if not 0 < found < ONE_DOLLAR:
        raise ValueError(allowed)
    return found


def _size(given: object) -> Size:
    allowed = "must be a number of contracts such as 10 or 2.5"
    if not isinstance(given, Decimal) or given <= 0:
        raise ValueError(allowed)
    try:
        return parse_size(f"{given:f}")
    except ValueError:
        raise ValueError(allowed) from None


def _multiplier(given: object) -> Fraction:
    if not isinstance(given, Decimal) or not 0 <= given <= 100:
        raise ValueError("must be a number from 0 to 100")
    return Fraction(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPhase:
    """Markets go to another phase. A pause is undone by resuming, which clears the book, as on the venue."""

    phase: MarketPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactivate:
    """Markets pause and resume at once: all their resting orders are canceled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCloses:
    """Markets announce that they close `in_s` exchange seconds from now."""

    in_s: Duration = setting(some_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMarkets:
    """Markets are determined: yes, no, or what YES pays."""

    result: Price = setting(_outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeResults:
    """The results of determined markets are in doubt, and nothing is paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendResults:
    """Disputes are decided: YES pays this after all."""

    result: Price = setting(_outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSteps:
    """The prices of markets get other steps; undone by the steps they had."""

    structure: str = setting(word(*GRIDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFees:
    """The events of markets charge other fees; undone by the fees of their series."""

    multiplier: Fraction | None = setting(_multiplier, None)
    fee_type: str | None = setting(text, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrders:
    """Members' resting orders are canceled, and nobody asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceForeignOrder:
    """Members have an order that their client did not place: someone else trades on the account."""

    side: str = setting(word("bid", "ask"))
    price: Price = setting(_price)
    contracts: Size = setting(_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerGroups:
    """Members' order groups trip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTrading:
    """The whole exchange stops trading; undone by opening it again."""

    trading: Trading


@dataclass(frozen=True, slots=True, kw_only=True)
class LagReads:
    """Private reads show the account as it was `lag_ms` exchange milliseconds ago; undone by the lag before."""

    lag_ms: int = setting(whole(0, 3_600_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class SkewClock:
    """The exchange's wall clock is `skew_s` ahead (or behind, below 0): signature check and Date header."""

    skew_s: Duration = setting(signed_seconds)


WorldFault = (
    TurnPhase
    | Reactivate
    | MoveCloses
    | SettleMarkets
    | DisputeResults
    | AmendResults
    | ChangeSteps
    | ChangeFees
    | CancelOrders
    | PlaceForeignOrder
    | TriggerGroups
    | TurnTrading
    | LagReads
    | SkewClock
)
