"""Values for tests of the core, with a dull default in every field, so that a test shows only what matters to it."""

from dataclasses import replace
from fractions import Fraction

from edgelock.core.book import BookView, Level
from edgelock.core.facts import FeedStatus
from edgelock.core.fees import GAME_FEES
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.order import Kind, Order, OrderState, Role, TimeInForce
from edgelock.core.permit import Brake, Mode, Permit
from edgelock.core.position import Lot, Position
from edgelock.core.price_grid import CENT_GRID, PriceBand, PriceGrid
from edgelock.core.reference import STEPS_PER_PRICE_UNIT, Reference
from edgelock.core.settings import StrategySettings
from edgelock.core.units import SECOND, Duration, Money, Price, Size, Timestamp, parse_price

BID, ASK = Side.BID, Side.ASK
NOON = Timestamp(1_795_000_000 * SECOND)
TICKER = "KXNHLGAME-26NOV22BOSNYR-BOS"
OPEN = Permit(mode=Mode.OPEN)
SOFT = Permit(mode=Mode.OPEN, brake=Brake.SOFT, reason="cb_soft")
HARD = Permit(mode=Mode.REDUCE_ONLY, brake=Brake.HARD, reason="cb_hard")
KILLED = Permit(mode=Mode.REDUCE_ONLY, reason="kill")
HALTED = Permit(mode=Mode.HALTED, reason="stopping")
FINE_ENDS = PriceGrid(
    (
        PriceBand(Price(0), Price(1000), Price(10)),
        PriceBand(Price(1000), Price(9000), Price(100)),
        PriceBand(Price(9000), Price(10_000), Price(10)),
    )
)
"""A tick of 0.1 ¢ near 0 and 1, of 1 ¢ between: the venue's tapered price structure."""


def contracts(number: int) -> Size:
    return Size(number * 100)


def cents(number: int) -> Price:
    return Price(number * 100)


def dollars(text: str) -> Price:
    return parse_price(text)


def seconds(number: int) -> Duration:
    return Duration(number * SECOND)


def after(number: int) -> Timestamp:
    """So many seconds after noon."""
    return Timestamp(NOON + number * SECOND)


def a_book(bid: int | None = 46, ask: int | None = 48, bid_size: int = 500, ask_size: int = 500) -> BookView:
    """One level a side, prices in cents, sizes in contracts; None leaves a side empty."""
    bids = () if bid is None else (Level(cents(bid), contracts(bid_size)),)
    asks = () if ask is None else (Level(cents(ask), contracts(ask_size)),)
    return BookView(bids, asks)


def a_deep_book(bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...]) -> BookView:
    """(price in cents, size in contracts), best first."""
    return BookView(
        tuple(Level(cents(price), contracts(size)) for price, size in bids),
        tuple(Level(cents(price), contracts(size)) for price, size in asks),
    )


def a_market(**changes) -> Market:
    market = Market(
        ticker=TICKER,
        event_ticker="KXNHLGAME-26NOV22BOSNYR",
        series_ticker="KXNHLGAME",
        family="NHL",
        title="Boston at New York",
        grid=CENT_GRID,
        fees=GAME_FEES,
        status=MarketStatus.ACTIVE,
        close_time=after(24 * 3600),
    )
    return replace(market, **changes)


def a_reference(price: int | None) -> Reference:
    """Whole price units (not cents); None is a reference that was never seeded."""
    return Reference(None if price is None else price * STEPS_PER_PRICE_UNIT)


def a_position(net: int = 10, price: int = 48, opened_at: Timestamp = NOON, fee: int = 0) -> Position:
    """One lot; `net` in signed contracts, `price` in cents."""
    if net == 0:
        return Position()
    lot = Lot(contracts(abs(net)), cents(price), opened_at, Money(fee))
    return Position(sign=1 if net > 0 else -1, lots=(lot,))


def a_state(**changes) -> MarketState:
    """A recovered, permitted, flat market at noon with a live two-sided book and its reference at the mid."""
    view = changes.pop("view", a_book())
    double_mid = view.double_mid
    state = MarketState(
        market=a_market(),
        settings=StrategySettings(),
        run_mode=RunMode.PAPER,
        order_prefix="t",
        now=NOON,
        is_recovered=True,
        raw_view=view,
        view=view,
        feed=FeedStatus.LIVE,
        reference=Reference() if double_mid is None else Reference().seeded(double_mid),
        permit=OPEN,
    )
    return replace(state, **changes)


def some_settings(**changes) -> StrategySettings:
    """Settings by the keys and words of `settings.yaml`."""
    return StrategySettings.model_validate(changes)


def an_order(name: str = "t-1", side: Side = BID, price: int = 46, size: int = 10, **changes) -> Order:
    """A resting post-only entry; `price` in cents, `size` in contracts."""
    order = Order(
        client_order_id=name,
        side=side,
        price=cents(price),
        size=contracts(size),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        placed_at=NOON,
        skew="FLAT",
        state=OrderState.RESTING,
    )
    return replace(order, **changes)


def an_exit(name: str = "t-1", side: Side = ASK, price: int = 55, size: int = 10, **changes) -> Order:
    """A resting take-profit."""
    exit_order = an_order(name, side, price, size, role=Role.EXIT, kind=Kind.TAKE_PROFIT, skew="SKEW_LONG")
    return replace(exit_order, **changes)


def in_cents(number: str) -> Fraction:
    """Text in cents as an exact number of price units."""
    return Fraction(number) * 100
