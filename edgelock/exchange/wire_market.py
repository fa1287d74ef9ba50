"""Markets, events, series, books and trades as the venue's REST objects (venue reference §4).

Optional fields without a value are left out, as the venue does. Descriptive texts that a listing does not carry are
derived from it or empty.
"""

from collections.abc import Iterable

from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import ONE_DOLLAR, Price, Size, Timestamp, price_text, size_text
from edgelock.exchange.facts import FeesOverridden, Traded
from edgelock.exchange.flow import BookSide, MarketListing
from edgelock.exchange.market import Market, Touch
from edgelock.exchange.wire_text import OUTCOME_SIDE, json_number, no_price, result_text, rfc3339

WireObject = dict[str, object]

COMPETITIONS = {"KXNHLGAME": "Pro Hockey", "KXNFLGAME": "Pro Football", "KXNCAAFGAME": "College Football"}
CATEGORY = "Sports"
_EMPTY_TOUCH = Touch(bid=Price(0), bid_size=Size(0), ask=ONE_DOLLAR, ask_size=Size(0))


def market_object(market: Market) -> WireObject:
    """A market with every field that the venue requires."""
    listing = market.listing
    touch = market.touch
    found: WireObject = {
        "ticker": listing.ticker,
        "event_ticker": listing.event_ticker,
        "market_type": "binary",
        "title": listing.title,
        "yes_sub_title": listing.yes_sub_title,
        "no_sub_title": listing.yes_sub_title,
        "created_time": rfc3339(market.created_at),
        "updated_time": rfc3339(market.updated_at),
        "open_time": rfc3339(listing.open_time),
        "close_time": rfc3339(market.close_time),
        "latest_expiration_time": rfc3339(listing.close_time),
        "expected_expiration_time": rfc3339(listing.expected_expiration_time),
        "settlement_timer_seconds": listing.settlement_timer_s,
        "status": market.status.value,
        "notional_value_dollars": price_text(ONE_DOLLAR),
        **_touch_fields(touch),
        "last_price_dollars": price_text(market.last_price),
        "previous_yes_bid_dollars": price_text(_EMPTY_TOUCH.bid),
        "previous_yes_ask_dollars": price_text(_EMPTY_TOUCH.ask),
        "previous_price_dollars": price_text(Price(0)),
        # The venue's newest schema has dropped this field, but clients in use still demand it.
        "liquidity_dollars": price_text(Price(0)),
        "volume_fp": size_text(market.volume),
        "volume_24h_fp": size_text(market.volume_24h),
        "open_interest_fp": size_text(market.open_interest),
        "result": result_text(market.value),
        "can_close_early": True,
        "expiration_value": "",
        "rules_primary": f"If {listing.yes_sub_title} wins, the market resolves to Yes.",
        "rules_secondary": "",
        "strike_type": "structured",
        "price_level_structure": listing.price_level_structure,
        "price_ranges": price_ranges(listing.grid),
        "settlement_bounds_type": "default",
        "exchange_index": listing.exchange_index,
    }
    if market.value is not None:
        found["settlement_value_dollars"] = price_text(market.value)
    if market.settled_at is not None:
        found["settlement_ts"] = rfc3339(market.settled_at)
    return found


def _touch_fields(touch: Touch) -> WireObject:
    return {
        "yes_bid_dollars": price_text(touch.bid),
        "yes_ask_dollars": price_text(touch.ask),
        "no_bid_dollars": price_text(no_price(touch.ask)),
        "no_ask_dollars": price_text(no_price(touch.bid)),
        "yes_bid_size_fp": size_text(touch.bid_size),
        "yes_ask_size_fp": size_text(touch.ask_size),
    }


def price_ranges(grid: PriceGrid) -> list[WireObject]:
    """The bands of a grid."""
    return [
        {"start": price_text(band.start), "end": price_text(band.end), "step": price_text(band.step)}
        for band in grid.bands
    ]


def event_object(listing: MarketListing, updated_at: Timestamp, override: FeesOverridden | None = None) -> WireObject:
    """The event that a market belongs to, with the fees it has for itself; its markets exclude each other."""
    found: WireObject = {
        "event_ticker": listing.event_ticker,
        "series_ticker": listing.series_ticker,
        "title": listing.title,
        "sub_title": "",
        "collateral_return_type": "MECNET",
        "mutually_exclusive": True,
        "settlement_sources": [],
        "category": CATEGORY,
        "product_metadata": competition_fields(listing),
        "last_updated_ts": rfc3339(updated_at),
        "exchange_index": listing.exchange_index,
    }
    if override is not None and override.fee_type is not None:
        found["fee_type_override"] = override.fee_type
    if override is not None and override.multiplier is not None:
        found["fee_multiplier_override"] = json_number(override.multiplier)
    return found


def competition_fields(listing: MarketListing) -> WireObject:
    """What is played, in the venue's words."""
    return {
        "competition": COMPETITIONS.get(listing.series_ticker, listing.series_ticker),
        "competition_scope": "Game",
    }


def fee_change_object(change: FeesOverridden) -> WireObject:
    """A change of an event's fees; null where the series' own are in force again."""
    return {
        "id": change.change_id,
        "event_ticker": change.event_ticker,
        "series_ticker": change.series_ticker,
        "fee_type_override": change.fee_type,
        "fee_multiplier_override": None if change.multiplier is None else json_number(change.multiplier),
        "scheduled_ts": rfc3339(change.at),
    }


def series_object(listing: MarketListing) -> WireObject:
    """The series that a market belongs to, with its fees."""
    return {
        "ticker": listing.series_ticker,
        "frequency": "custom",
        "title": COMPETITIONS.get(listing.series_ticker, listing.series_ticker),
        "category": CATEGORY,
        "categories": [CATEGORY],
        "tags": [],
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": listing.fee_type,
        "fee_multiplier": json_number(listing.fee_multiplier),
        "additional_prohibitions": [],
        "exchange_index": listing.exchange_index,
    }


def book_object(market: Market, depth: int = 0) -> WireObject:
    """Both legs' bids, each on its own scale, ascending; the best `depth` of each when above 0."""
    yes = _level_texts(market.book.levels(BookSide.BID))
    no = _level_texts((no_price(price), size) for price, size in reversed(market.book.levels(BookSide.ASK)))
    if depth > 0:
        yes, no = yes[-depth:], no[-depth:]
    return {"yes_dollars": yes, "no_dollars": no}


def _level_texts(levels: Iterable[tuple[Price, Size]]) -> list[list[str]]:
    return [[price_text(price), size_text(size)] for price, size in levels]


def trade_object(trade: Traded) -> WireObject:
    """A public trade."""
    return {
        "trade_id": trade.trade_id,
        "ticker": trade.ticker,
        "count_fp": size_text(trade.size),
        "yes_price_dollars": price_text(trade.price),
        "no_price_dollars": price_text(no_price(trade.price)),
        "taker_side": OUTCOME_SIDE[trade.taker_side],
        "taker_outcome_side": OUTCOME_SIDE[trade.taker_side],
        "taker_book_side": trade.taker_side.value,
        "created_time": rfc3339(trade.at),
        "is_block_trade": False,
    }
