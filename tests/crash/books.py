"""What the exchange has in its books of the bot's account, in plain integers, and what follows from it lot by lot.

Nothing here is shared with the bot. Money is in millionths of a dollar, prices in hundredths of a cent, sizes in
hundredths of a contract, times in nanoseconds of the exchange's clock.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

RESTS = "good_till_canceled"


@dataclass(frozen=True, slots=True)
class BookFill:
    """A trade of the bot's. sign: 1 bought YES, −1 sold it."""

    trade_id: str
    client_order_id: str
    ticker: str
    sign: int
    price: int
    size: int
    fee: int
    is_taker: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class BookOrder:
    """An order that the exchange accepted. ended_ns is None while it rests."""

    client_order_id: str
    ticker: str
    sign: int
    price: int
    filled: int
    total: int
    rests: bool
    created_ns: int
    ended_ns: int | None
    expires_ns: int | None


@dataclass(slots=True)
class OpenLot:
    """Contracts still held of one trade. fee: the part of its fee that they carry."""

    sign: int
    price: int
    size: int
    fee: int
    opened_ns: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What one trade or settlement realised, net of all fees. opened_ns is when the oldest lot of it was opened."""

    ticker: str
    at_ns: int
    opened_ns: int
    pnl: int


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A market that was settled while something was held in it."""

    value: int
    fee: int
    at_ns: int


class Books:
    """One look at the ledger. lots are those still open by market, oldest first; closings in order of time."""

    def __init__(self, ledger: Mapping[str, Any]) -> None:
        (account,) = [each for each in ledger["accounts"] if each["account_id"] == "member"]
        self.now_ns = int(ledger["exchange_time_ns"])
        self.fills = tuple(_fill(each) for each in account["fill_history"])
        self.orders = tuple(_order(each) for each in account["order_history"])
        self.paid_out = {
            each["ticker"]: PaidOut(int(each["value"]), int(each["fee"]), int(each["settled_at_ns"]))
            for each in account["settlement_history"]
        }
        self.positions = {
            each["ticker"]: hundredths(each["position_fp"])
            for each in account["positions"]
            if hundredths(each["position_fp"])
        }
        self.active = {each["ticker"] for each in account["positions"] if each["status"] == "active"}
        self.lots: dict[str, deque[OpenLot]] = defaultdict(deque)
        self.closings: list[Closing] = []
        self._book_all()

    @cached_property
    def fills_by_id(self) -> Mapping[str, BookFill]:
        """By trade id."""
        return {fill.trade_id: fill for fill in self.fills}

    @cached_property
    def resting(self) -> Mapping[str, BookOrder]:
        """What rests now, by client order id."""
        return {order.client_order_id: order for order in self.orders if order.ended_ns is None}

    def vwap(self, ticker: str) -> Fraction:
        """Average price of what is open."""
        lots = self.lots[ticker]
        return Fraction(sum(lot.price * lot.size for lot in lots), sum(lot.size for lot in lots))

    def realized_since(self, ticker: str, since_ns: int) -> int:
        """Net of fees."""
        return sum(each.pnl for each in self.closings if each.ticker == ticker and each.at_ns >= since_ns)

    def times(self, since_ns: int, within_ns: int) -> list[int]:
        """This time, and the moments right after each result that came within so long of it."""
        return [since_ns, *(each.at_ns + 1 for each in self.closings if 0 <= each.at_ns - since_ns <= within_ns)]

    def held_around(self, ticker: str, since_ns: int, until_ns: int) -> set[int]:
        """Every position it had between two times, both included."""
        net, held = 0, set[int]()
        for at_ns, change in self._changes(ticker):
            if at_ns > since_ns:
                held.add(net)
            if at_ns > until_ns:
                return held
            net = 0 if change is None else net + change
        return held | {net}

    def _changes(self, ticker: str) -> list[tuple[int, int | None]]:
        changes: list[tuple[int, int | None]] = [
            (fill.at_ns, fill.sign * fill.size) for fill in self.fills if fill.ticker == ticker
        ]
        if ticker in self.paid_out:
            changes.append((self.paid_out[ticker].at_ns, None))
        return sorted(changes, key=lambda each: each[0])

    def _book_all(self) -> None:
        events: list[tuple[int, str, BookFill | PaidOut]] = [(fill.at_ns, fill.ticker, fill) for fill in self.fills]
        events += [(paid.at_ns, ticker, paid) for ticker, paid in self.paid_out.items()]
        for _, ticker, event in sorted(events, key=lambda each: each[0]):
            if isinstance(event, BookFill):
                self._book(self.lots[ticker], event)
            else:
                self._pay_out(ticker, event)

    def _book(self, lots: deque[OpenLot], fill: BookFill) -> None:
        """First in, first out."""
        held = sum(lot.size for lot in lots)
        closing = min(fill.size, held) if lots and lots[0].sign == -fill.sign else 0
        closing_fee = fill.fee * closing // fill.size
        if closing:
            opened_ns, pnl, left = lots[0].opened_ns, -closing_fee, closing
            while left:
                lot = lots[0]
                taken = min(left, lot.size)
                lot_fee = lot.fee * taken // lot.size
                pnl += lot.sign * (fill.price - lot.price) * taken - lot_fee
                lot.size, lot.fee, left = lot.size - taken, lot.fee - lot_fee, left - taken
                if not lot.size:
                    lots.popleft()
            self.closings.append(Closing(fill.ticker, fill.at_ns, opened_ns, pnl))
        opening = fill.size - closing
        if opening:
            lots.append(OpenLot(fill.sign, fill.price, opening, fill.fee - closing_fee, fill.at_ns))

    def _pay_out(self, ticker: str, paid: PaidOut) -> None:
        lots = self.lots[ticker]
        if lots:
            pnl = sum(lot.sign * (paid.value - lot.price) * lot.size - lot.fee for lot in lots) - paid.fee
            self.closings.append(Closing(ticker, paid.at_ns, lots[0].opened_ns, pnl))
            lots.clear()


def hundredths(count: object) -> int:
    """A count of contracts in hundredths of a contract."""
    return _whole(count, 100)


def basis_points(dollars: object) -> int:
    """A price in hundredths of a cent."""
    return _whole(dollars, 10_000)


def millionths(dollars: object) -> int:
    """An amount in millionths of a dollar."""
    return _whole(dollars, 1_000_000)


def _fill(each: Mapping[str, Any]) -> BookFill:
    return BookFill(
        each["trade_id"], each["client_order_id"], each["ticker"], _sign(each), int(each["yes_price"]),
        hundredths(each["count_fp"]), int(each["fee"]), bool(each["is_taker"]), int(each["at_ns"]),
    )  # fmt: skip


def _order(each: Mapping[str, Any]) -> BookOrder:
    return BookOrder(
        each["client_order_id"], each["ticker"], _sign(each), int(each["yes_price"]), hundredths(each["filled_fp"]),
        hundredths(each["count_fp"]), each["time_in_force"] == RESTS, int(each["created_at_ns"]), each["ended_at_ns"],
        each["expires_at_ns"],
    )  # fmt: skip


def _sign(each: Mapping[str, Any]) -> int:
    return 1 if each["book_side"] == "bid" else -1


def _whole(text: object, parts: int) -> int:
    scaled = Decimal(str(text)) * parts
    if scaled != int(scaled):
        raise ValueError(f"{text} is not a whole number of 1/{parts}")
    return int(scaled)
