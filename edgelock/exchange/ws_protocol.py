"""The words of the WebSocket protocol: channels, commands and errors (venue reference §10)."""

from enum import Enum

import msgspec


class Channel(Enum):
    """The channels served, by the name in a subscribe command."""

    BOOK = "orderbook_delta"
    TICKER = "ticker"
    TRADE = "trade"
    FILL = "fill"
    USER_ORDERS = "user_orders"
    POSITIONS = "market_positions"
    LIFECYCLE = "market_lifecycle_v2"
    ORDER_GROUPS = "order_group_updates"


SEQUENCED = frozenset({Channel.BOOK, Channel.TRADE, Channel.LIFECYCLE, Channel.ORDER_GROUPS})
"""Channels whose frames carry `seq`."""

UNFILTERED = frozenset({Channel.LIFECYCLE, Channel.ORDER_GROUPS})
"""Channels that ignore a list of markets."""


class Complaint(Enum):
    """Error codes and their texts."""

    UNPROCESSABLE = (1, "Unable to process message")
    PARAMS_REQUIRED = (2, "Params required")
    CHANNELS_REQUIRED = (3, "Channels required")
    SIDS_REQUIRED = (4, "Subscription IDs required")
    UNKNOWN_COMMAND = (5, "Unknown command")
    UNKNOWN_SID = (7, "Unknown subscription ID")
    UNKNOWN_CHANNEL = (8, "Unknown channel name")
    INVALID_PARAMETER = (11, "Invalid parameter")
    ONE_SID_REQUIRED = (12, "Exactly one subscription ID is required")
    UNSUPPORTED_ACTION = (13, "Unsupported action")
    TICKER_REQUIRED = (14, "Market Ticker required")
    ACTION_REQUIRED = (15, "Action required")
    OVERFLOW = (25, "Subscription buffer overflow")


class Params(msgspec.Struct):
    """Parameters of every command; a command uses its own."""

    channels: list[str] | None = None
    market_ticker: str | None = None
    market_tickers: list[str] | None = None
    sid: int | None = None
    sids: list[int] | None = None
    action: str | None = None
    use_yes_price: bool | None = None
    send_initial_snapshot: bool | None = None
    skip_ticker_ack: bool | None = None

    def tickers(self) -> list[str]:
        """The markets named, however they were named."""
        named = [self.market_ticker] if self.market_ticker else []
        return named + [ticker for ticker in self.market_tickers or [] if ticker not in named]

    def subscription_ids(self) -> list[int]:
        """The subscriptions named, however they were named."""
        return ([self.sid] if self.sid is not None else []) + (self.sids or [])


class Command(msgspec.Struct):
    """One frame from a client."""

    cmd: str
    id: int = 0
    params: Params | None = None
