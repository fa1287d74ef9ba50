"""Why the exchange said no. A refusal is a value: the engine returns it, the wire turns it into an answer."""

from dataclasses import dataclass
from enum import Enum, auto


class Reason(Enum):
    """The kinds of refusal; `rest_errors` gives each its HTTP status and code."""

    MARKET_NOT_FOUND = auto()
    MARKET_INACTIVE = auto()
    TRADING_PAUSED = auto()
    EXCHANGE_PAUSED = auto()
    DUPLICATE_CLIENT_ORDER_ID = auto()
    INVALID_PRICE = auto()
    INVALID_SIZE = auto()
    INVALID_ORDER = auto()
    INVALID_PARAMETERS = auto()
    INSUFFICIENT_BALANCE = auto()
    FILL_OR_KILL = auto()
    NOT_FOUND = auto()
    CLIENT_ORDER_ID_MISMATCH = auto()
    SIDE_MISMATCH = auto()
    TICKER_MISMATCH = auto()
    GROUP_NOT_FOUND = auto()
    GROUP_TRIPPED = auto()
    RISK_LIMIT = auto()


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that changed nothing (a killed fill-or-kill still uses up its client order id)."""

    reason: Reason
    details: str = ""
