"""When and how much of a position is given up because the market went against it (strategy §7)."""

from dataclasses import dataclass
from fractions import Fraction

from edgelock.core.settings import StrategySettings
from edgelock.core.units import CONTRACT, Size


@dataclass(frozen=True, slots=True)
class Trim:
    """A partial exit: severity 0..1, fraction of the position, and the size it comes to."""

    severity: Fraction
    fraction: Fraction
    size: Size


def adverse_excursion(vwap: Fraction, sign: int, mark: Fraction) -> Fraction:
    """How far the mark stands on the losing side of the VWAP, in price units; 0 on the winning side."""
    return max(sign * (vwap - mark), Fraction(0))


def trim_for(excursion: Fraction, held: Size, settings: StrategySettings) -> Trim | None:
    """The trim that an excursion calls for, or None below the trigger.

    severity grows from 0 at the trigger (10 ¢) to 1 at the full mark (18 ¢) and stays there; the fraction goes
    from 25 % to 50 % with it. 11 ¢ → 28.125 %. Whole contracts, rounded half to even, at least one; all of the
    position when less than one contract would remain.
    """
    if excursion < settings.mae_trigger or held <= 0:
        return None
    severity = min((excursion - settings.mae_trigger) / (settings.mae_full - settings.mae_trigger), Fraction(1))
    fraction = settings.trim_fraction_min + severity * (settings.trim_fraction_max - settings.trim_fraction_min)
    contracts = max(1, round(fraction * held / CONTRACT))
    size = Size(contracts * CONTRACT)
    if held - size < CONTRACT:
        size = held
    return Trim(severity=severity, fraction=fraction, size=size)
