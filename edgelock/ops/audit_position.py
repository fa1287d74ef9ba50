"""The audit's own arithmetic of a position: first in, first out, in integers.

Written apart from the engine's on purpose, from the strategy document alone (§11), so that one mistake cannot be on
both sides. A lot is held as what is left of it; its fee is given off pro rata, rounded down, and the rest stays.
"""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

STATES = {0: "FLAT", 1: "SKEW_LONG", -1: "SKEW_SHORT"}


def sign_of(number: int) -> int:
    """−1, 0 or +1."""
    return (number > 0) - (number < 0)


def state_of(net: int) -> str:
    """The state that a net position has."""
    return STATES[sign_of(net)]


@dataclass(slots=True)
class _OpenLot:
    signed_size: int
    price: int
    fee: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What a fill or a settlement closed. pnl and fees in 1e-6 dollars, entry_cost likewise, before fees."""

    size: int
    entry_cost: int
    exit_price: int
    pnl: int
    fees: int


class FifoLedger:
    """The open lots of one market, oldest first. All of one sign."""

    def __init__(self) -> None:
        self._lots: deque[_OpenLot] = deque()

    @property
    def net(self) -> int:
        """Signed holding."""
        return sum(lot.signed_size for lot in self._lots)

    @property
    def vwap(self) -> Fraction | None:
        """Exact average price of what is open."""
        if not self._lots:
            return None
        return Fraction(sum(lot.price * lot.signed_size for lot in self._lots), self.net)

    def fill(self, *, signed_size: int, price: int, fee: int) -> Closing | None:
        """Book a fill: close what stands against it, open the rest."""
        against = -self.net if sign_of(self.net) == -sign_of(signed_size) else 0
        closing = min(abs(signed_size), abs(against))
        fee_of_closing = fee * closing // abs(signed_size)
        closed = self._close(closing, price, fee_of_closing) if closing else None
        opening = signed_size - sign_of(signed_size) * closing
        if opening:
            self._lots.append(_OpenLot(opening, price, fee - fee_of_closing))
        return closed

    def settle(self, value: int) -> Closing | None:
        """Close everything at the settlement value."""
        return self._close(abs(self.net), value, 0) if self._lots else None

    def _close(self, size: int, price: int, fee: int) -> Closing:
        gain = entry_cost = 0
        fees = fee
        missing = size
        while missing > 0:
            lot = self._lots[0]
            held = abs(lot.signed_size)
            taken = min(held, missing)
            share = lot.fee * taken // held
            gain += (price - lot.price) * taken * sign_of(lot.signed_size)
            entry_cost += lot.price * taken
            fees += share
            missing -= taken
            if taken == held:
                self._lots.popleft()
            else:
                lot.signed_size -= taken * sign_of(lot.signed_size)
                lot.fee -= share
        return Closing(size=size, entry_cost=entry_cost, exit_price=price, pnl=gain - fees, fees=fees)
