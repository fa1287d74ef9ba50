"""The `msg` part of each WebSocket frame, as encoded JSON (venue reference §10.6, §10.7)."""

import uuid
from functools import lru_cache

import msgspec

from edgelock.core.units import Price, Size, Timestamp, money_text, price_text, size_text
from edgelock.exchange.facts import (
    FeesOverridden,
    GroupChange,
    GroupChanged,
    LevelChanged,
    MarketPaused,
    PositionChanged,
    Traded,
)
from edgelock.exchange.flow import BookSide
from edgelock.exchange.market import Market, Touch
from edgelock.exchange.wire_market import event_object, price_ranges
from edgelock.exchange.wire_text import OUTCOME_SIDE, json_number, no_price, result_text, rfc3339, unix_ms, unix_s

WireObject = dict[str, object]

encode = msgspec.json.Encoder().encode
_MARKET_IDS = uuid.UUID("5d1f3f0a-6c1e-5f5e-9f57-0d9b1a5f0c11")


@lru_cache(maxsize=4096)
def market_id(ticker: str) -> str:
    """The UUID that the socket gives a market; it has no REST counterpart."""
    return str(uuid.uuid5(_MARKET_IDS, ticker))


def snapshot(market: Market, *, use_yes_price: bool) -> bytes:
    """All levels of a book. A side without orders has no key."""
    ticker = market.listing.ticker
    msg: WireObject = {"market_ticker": ticker, "market_id": market_id(ticker), "clock": market.change_count}
    bids, asks = market.book.levels(BookSide.BID), market.book.levels(BookSide.ASK)
    if bids:
        msg["yes_dollars_fp"] = [[price_text(price), size_text(size)] for price, size in bids]
    if asks:
        msg["no_dollars_fp"] = [
            [price_text(price if use_yes_price else no_price(price)), size_text(size)] for price, size in asks
        ]
    return encode(msg)


def empty_snapshot(name: str) -> bytes:
    """The book of a market at the instant of its listing."""
    return encode({"market_ticker": name, "market_id": market_id(name), "clock": 0})


def delta(fact: LevelChanged, *, use_yes_price: bool, is_own: bool) -> bytes:
    """One level's change. Only the copy of the member whose action caused it is tagged."""
    is_yes = fact.side is BookSide.BID
    msg: WireObject = {
        "market_ticker": fact.ticker,
        "market_id": market_id(fact.ticker),
        "clock": fact.change_count,
        "price_dollars": price_text(fact.price if is_yes or use_yes_price else no_price(fact.price)),
        "delta_fp": size_text(fact.delta),
        "side": "yes" if is_yes else "no",
        "ts": rfc3339(fact.at),
        "ts_ms": unix_ms(fact.at),
    }
    if is_own:
        msg["client_order_id"] = fact.client_order_id
        msg["subaccount"] = 0
    return encode(msg)


def ticker(market: Market, touch: Touch, now: Timestamp) -> bytes:
    """Touch, last price and volume."""
    name = market.listing.ticker
    return encode(
        {
            "market_id": market_id(name),
            "market_ticker": name,
            "price_dollars": price_text(market.last_price),
            "yes_bid_dollars": price_text(touch.bid),
            "yes_ask_dollars": price_text(touch.ask),
            "volume_fp": size_text(market.volume),
            "open_interest_fp": size_text(market.open_interest),
            "dollar_volume": market.volume // 100,
            "dollar_open_interest": market.open_interest // 100,
            "yes_bid_size_fp": size_text(touch.bid_size),
            "yes_ask_size_fp": size_text(touch.ask_size),
            "last_trade_size_fp": size_text(market.last_size),
            "ts": unix_s(now),
            "ts_ms": unix_ms(now),
            "time": rfc3339(now),
        }
    )


def trade(fact: Traded) -> bytes:
    """A public trade."""
    return encode(
        {
            "trade_id": fact.trade_id,
            "market_ticker": fact.ticker,
            "yes_price_dollars": price_text(fact.price),
            "no_price_dollars": price_text(no_price(fact.price)),
            "count_fp": size_text(fact.size),
            "taker_side": OUTCOME_SIDE[fact.taker_side],
            "taker_outcome_side": OUTCOME_SIDE[fact.taker_side],
            "taker_book_side": fact.taker_side.value,
            "is_block_trade": False,
            "ts": unix_s(fact.at),
            "ts_ms": unix_ms(fact.at),
        }
    )


def position(fact: PositionChanged, *, user_id: str) -> bytes:
    """A member's position."""
    return encode(
        {
            "user_id": user_id,
            "market_ticker": fact.ticker,
            "position_fp": size_text(fact.size),
            "position_cost_dollars": money_text(fact.cost),
            "realized_pnl_dollars": money_text(fact.realized),
            "fees_paid_dollars": money_text(fact.fees),
            "position_fee_cost_dollars": money_text(fact.fees),
            "volume_fp": size_text(fact.traded_size),
            "subaccount": 0,
        }
    )


def order_group(fact: GroupChanged) -> bytes:
    """What happened to an order group."""
    msg: WireObject = {
        "event_type": fact.change.value,
        "order_group_id": fact.group_id,
        "ts_ms": unix_ms(fact.at),
    }
    if fact.change in (GroupChange.CREATED, GroupChange.LIMIT_UPDATED):
        msg["contracts_limit_fp"] = size_text(fact.contracts_limit)
    return encode(msg)


def market_created(market: Market) -> bytes:
    """A market became visible."""
    listing = market.listing
    metadata = {
        "name": listing.yes_sub_title,
        "title": listing.title,
        "yes_sub_title": listing.yes_sub_title,
        "no_sub_title": listing.yes_sub_title,
        "rules_primary": "",
        "rules_secondary": "",
        "can_close_early": True,
        "event_ticker": listing.event_ticker,
        "expected_expiration_ts": unix_s(listing.expected_expiration_time),
        "strike_type": "structured",
    }
    return _lifecycle(
        listing.ticker,
        "created",
        exchange_index=listing.exchange_index,
        open_ts=unix_s(listing.open_time),
        close_ts=unix_s(listing.close_time),
        price_level_structure=listing.price_level_structure,
        price_ranges=price_ranges(listing.grid),
        additional_metadata=metadata,
    )


def event_created(market: Market) -> bytes:
    """The first market of an event became visible."""
    event = event_object(market.listing, market.created_at)
    return encode(
        {
            "event_ticker": event["event_ticker"],
            "exchange_index": event["exchange_index"],
            "title": event["title"],
            "subtitle": event["sub_title"],
            "collateral_return_type": event["collateral_return_type"],
            "series_ticker": event["series_ticker"],
        }
    )


def market_paused(fact: MarketPaused) -> bytes:
    """A market stopped trading or resumed."""
    event_type = "deactivated" if fact.is_paused else "activated"
    return _lifecycle(fact.ticker, event_type, is_deactivated=fact.is_paused)


def close_moved(name: str, close_time: Timestamp) -> bytes:
    """A market closes at another time."""
    return _lifecycle(name, "close_date_updated", close_ts=unix_s(close_time))


def determined(name: str, value: Price, at: Timestamp) -> bytes:
    """The outcome is known."""
    return _lifecycle(
        name,
        "determined",
        result=result_text(value),
        settlement_value=price_text(value),
        determination_ts=unix_s(at),
    )


def settled(name: str, at: Timestamp) -> bytes:
    """Positions have been paid."""
    return _lifecycle(name, "settled", settled_ts=unix_s(at))


def grid_changed(market: Market) -> bytes:
    """A market's prices have other steps."""
    listing = market.listing
    return _lifecycle(
        listing.ticker,
        "price_level_structure_updated",
        price_level_structure=listing.price_level_structure,
        price_ranges=price_ranges(listing.grid),
    )


def fees_overridden(fact: FeesOverridden) -> bytes:
    """An event charges other fees than its series; null where it does not."""
    return encode(
        {
            "event_ticker": fact.event_ticker,
            "fee_type_override": fact.fee_type,
            "fee_multiplier_override": None if fact.multiplier is None else json_number(fact.multiplier),
        }
    )


def _lifecycle(name: str, event_type: str, **fields: object) -> bytes:
    return encode({"market_ticker": name, "event_type": event_type, **fields})


def ticker_state(market: Market, touch: Touch) -> tuple[Touch, Price, Size, Size]:
    """What a ticker frame reports; a new frame is due when this has changed."""
    return touch, market.last_price, market.volume, market.open_interest
