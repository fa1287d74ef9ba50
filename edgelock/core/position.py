"""Fills into a position: FIFO lots, exact VWAP, realised profit.

The average is kept as what was paid and what is held, and divided only to print or to place an order. Lots close
first in, first out; the VWAP is that of the lots still open, so it changes only when a fill does.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from edgelock.core.market import Side
from edgelock.core.order import SkewName
from edgelock.core.units import Money, Price, Size, Timestamp, cost


@dataclass(frozen=True, slots=True)
class Lot:
    """Contracts of one entry fill that are still open. `fee` is the part of its fee that they carry."""

    size: Size
    price: Price
    opened_at: Timestamp
    fee: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Realized:
    """What one fill (or the settlement) closed.

    pnl   net of both fees; fees are those of the closed lots and of the closing fill
    entry_cost / size is the VWAP of the closed lots; opened_at is the oldest of them
    """

    size: Size
    entry_cost: Money
    exit_price: Price
    pnl: Money
    fees: Money
    opened_at: Timestamp


@dataclass(frozen=True, slots=True)
class Position:
    """A signed holding. `sign` is +1 long, −1 short, 0 flat; lots are oldest first, their sizes positive.

    trade_ids holds every trade id booked, so that the same fill heard twice counts once.
    """

    sign: int = 0
    lots: tuple[Lot, ...] = ()
    realized: Money = Money(0)
    fees: Money = Money(0)
    trade_ids: frozenset[str] = frozenset()

    @property
    def size(self) -> Size:
        """|net|, in hundredths of a contract."""
        return Size(sum(lot.size for lot in self.lots))

    @property
    def net(self) -> Size:
        """Signed holding: positive is long YES."""
        return Size(self.sign * self.size)

    @property
    def cost(self) -> Money:
        """Price × size over the open lots."""
        return Money(sum(cost(lot.price, lot.size) for lot in self.lots))

    @property
    def vwap(self) -> Fraction | None:
        """Exact average entry price of the open lots, in price units; None when flat."""
        return Fraction(self.cost, self.size) if self.lots else None

    @property
    def opened_at(self) -> Timestamp | None:
        """When the oldest open lot was bought or sold; None when flat."""
        return self.lots[0].opened_at if self.lots else None

    @property
    def skew(self) -> SkewName:
        """FLAT, SKEW_LONG or SKEW_SHORT: a function of the net position and of nothing else."""
        return ("FLAT", "SKEW_LONG", "SKEW_SHORT")[self.sign]

    def after_fill(
        self, *, trade_id: str, side: Side, price: Price, size: Size, fee: Money, at: Timestamp
    ) -> tuple["Position", Realized | None]:
        """The position after one fill, and what it closed.

        A fill that crosses zero closes first and opens with the rest; its fee is split by size. A trade id that
        was booked before changes nothing.
        """
        if trade_id in self.trade_ids:
            return self, None
        if size <= 0:
            raise ValueError(f"fill {trade_id} has size {size}")
        closing = Size(min(size, self.size)) if side.sign == -self.sign else Size(0)
        closing_fee = Money(fee * closing // size)
        position, realized = self._closed(closing, price, closing_fee) if closing else (self, None)
        opening = Size(size - closing)
        lots = position.lots
        if opening:
            lots = (*lots, Lot(opening, price, at, Money(fee - closing_fee)))
        position = replace(
            position,
            lots=lots,
            sign=side.sign if opening else position.sign,
            fees=Money(self.fees + fee),
            trade_ids=self.trade_ids | {trade_id},
        )
        return position, realized

    def settled(self, value: Price, fee: Money = Money(0)) -> tuple["Position", Realized | None]:
        """The position after settlement at `value` dollars per YES: everything is closed there."""
        if not self.lots:
            return self, None
        position, realized = self._closed(self.size, value, fee)
        return replace(position, fees=Money(self.fees + fee)), realized

    def open_pnl(self, mark: Fraction) -> Fraction:
        """What closing everything at `mark` would bring before its exit fee, in money units."""
        return self.sign * (mark * self.size - self.cost) - sum(lot.fee for lot in self.lots)

    def _closed(self, size: Size, price: Price, fee: Money) -> tuple["Position", Realized]:
        left, lots, entry_cost, entry_fees = size, list(self.lots), 0, 0
        opened_at = lots[0].opened_at
        while left:
            lot = lots.pop(0)
            taken = min(left, lot.size)
            lot_fee = lot.fee * taken // lot.size
            entry_cost += cost(lot.price, Size(taken))
            entry_fees += lot_fee
            left = Size(left - taken)
            if taken < lot.size:
                lots.insert(0, replace(lot, size=Size(lot.size - taken), fee=Money(lot.fee - lot_fee)))
        fees = Money(entry_fees + fee)
        pnl = Money(self.sign * (cost(price, size) - entry_cost) - fees)
        realized = Realized(
            size=size, entry_cost=Money(entry_cost), exit_price=price, pnl=pnl, fees=fees, opened_at=opened_at
        )
        remaining = replace(self, lots=tuple(lots), sign=self.sign if lots else 0, realized=Money(self.realized + pnl))
        return remaining, realized
