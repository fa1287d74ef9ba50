"""One line of a log as the audit reads it: numbers exactly as printed, in integer units of the audit's own.

Prices are counted in 1e-4 dollars, sizes in 1e-2 contracts, money in 1e-6 dollars. Decimals go straight to integers.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

PRICE_DECIMALS = 4
SIZE_DECIMALS = 2
MONEY_DECIMALS = 6

_EVERY_LINE = ("ts", "seq", "run", "level")
_CONTEXT = ("market", "state", "net", "vwap", "tp", "best_bid", "best_ask", "mid_ema")
_PLACEMENT = ("side", "price", "qty", "role", "kind", "client_order_id", "post_only", "tif")
_EXIT = ("age_s", "qty", "exit_price")
_BREAKER = ("scope", "cb_tier", "cancels_30", "cancels_60", "threshold_30", "threshold_60", "until")

MARKET_FIELDS: dict[str, tuple[str, ...]] = {
    "quote_place": (*_PLACEMENT, "cooldown_ms"),
    "shadow_quote": (*_PLACEMENT, "would_cross", "cancels_30_projected"),
    "order_ack": ("client_order_id",),
    "order_reject": ("client_order_id", "code", "text"),
    "quote_cancel": ("order_side", "reason", "client_order_id"),
    "order_gone": ("order_side", "reason", "client_order_id", "unfilled"),
    "quote_amend": ("order_side", "kind", "client_order_id", "from", "to", "reason"),
    "order_unknown": ("client_order_id", "reason"),
    "order_resolved": ("client_order_id", "became"),
    "FILL": ("side", "price", "qty", "role", "in_zone", "fee", "is_taker", "trade_id", "client_order_id", "kind",
             "state_after"),
    "REALIZE": ("qty", "entry_vwap", "exit_price", "pnl", "fees", "age_s", "exit_reason"),
    "state_change": ("old_state", "new_state"),
    "take_profit_exit": _EXIT,
    "sweet_spot_exit": _EXIT,
    "hard_cap_exit": _EXIT,
    "legacy_exit": _EXIT,
    "mae_trim": ("mae_c", "severity", "trim_pct", "trim_qty", "age_s"),
    "exit_blocked": ("age_s", "exit_kind", "reason"),
    "settlement": ("value", "qty", "pnl"),
}  # fmt: skip
"""What each line about a market's trading must carry beside its context."""

OTHER_FIELDS: dict[str, tuple[str, ...]] = {
    "startup_check": ("market", "gate_low", "gate_high", "tp_offset", "tick", "message"),
    "cb_soft": _BREAKER,
    "cb_hard": _BREAKER,
    "config": ("mode", "strategy", "speed", "settings"),
}

_decoder = msgspec.json.Decoder(float_hook=Decimal)


class LineProblem(ValueError):
    """A field is missing, or is not what its name promises."""


class NotJson(ValueError):
    """The line is no JSON at all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is a JSON object. `where` is file:line for people, `text` the line as it stands in the file."""

    where: str
    text: str
    data: dict[str, Any]

    @property
    def action(self) -> str:
        """The line's action; raises LineProblem when it is not text."""
        return self.word("action")

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.data.get(key) is not None

    def word(self, key: str) -> str:
        """A text field."""
        value = self.data.get(key)
        if not isinstance(value, str):
            raise LineProblem(f"{key} is {value!r}, not text")
        return value

    def integer(self, key: str) -> int:
        """A whole-number field."""
        return self._units(key, 0)

    def price(self, key: str) -> int:
        """Dollars with at most four decimals, in 1e-4 dollars."""
        return self._units(key, PRICE_DECIMALS)

    def size(self, key: str) -> int:
        """Contracts with at most two decimals, in hundredths."""
        return self._units(key, SIZE_DECIMALS)

    def money(self, key: str) -> int:
        """Dollars with at most six decimals, in millionths."""
        return self._units(key, MONEY_DECIMALS)

    def seconds(self, key: str) -> Decimal:
        """A time or a duration, as printed."""
        return self._number(key)

    def ratio(self, key: str) -> Decimal:
        """A text such as "60" or "1/2"."""
        over, _, under = self.word(key).partition("/")
        try:
            return Decimal(over) / Decimal(under or 1)
        except ArithmeticError:
            raise LineProblem(f"{key} is {self.data[key]!r}, not a ratio") from None

    def words(self, key: str) -> frozenset[str]:
        """A list of texts, such as the orders that were recovered."""
        value = self.data.get(key)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise LineProblem(f"{key} is {value!r}, not a list of texts")
        return frozenset(value)

    def part(self, key: str) -> "Line":
        """An object inside the line, such as the "from" of an amendment."""
        value = self.data.get(key)
        if not isinstance(value, dict):
            raise LineProblem(f"{key} is {value!r}, not an object")
        return Line(self.where, self.text, value)

    def _number(self, key: str) -> Decimal:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise LineProblem(f"{key} is {value!r}, not a number")
        return Decimal(value)

    def _units(self, key: str, decimals: int) -> int:
        scaled = self._number(key).scaleb(decimals)
        if scaled != scaled.to_integral_value():
            raise LineProblem(f"{key} is {self.data[key]}, finer than {decimals} decimals")
        return int(scaled)


def read_line(raw: bytes, where: str) -> Line:
    """The line as an object. Raises NotJson, or LineProblem for JSON that is no object with a text `action`."""
    try:
        data = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(f"{where}: not JSON: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("action"), str):
        raise LineProblem("not an object with a text action")
    return Line(where, raw.decode().rstrip("\n"), data)


def missing_fields(line: Line) -> tuple[str, ...]:
    """Names that the line's action promises and that are not there."""
    own = MARKET_FIELDS.get(line.action)
    wanted = (*_CONTEXT, *own) if own is not None else OTHER_FIELDS.get(line.action, ())
    return tuple(name for name in (*_EVERY_LINE, *wanted) if name not in line.data)
