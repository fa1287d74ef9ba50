"""The runbook's five core checks, computed by the code that trades.

Each is judged by the runbook's own figures under the default settings, so that a changed rule is noticed; what is
shown are the figures under the operator's settings.
"""

from fractions import Fraction

from edgelock.core.book import BookView, Level
from edgelock.core.breakers import Conditions, thresholds
from edgelock.core.facts import FeedStatus
from edgelock.core.fees import MAKER_RATE, TAKER_RATE, FeeSchedule
from edgelock.core.mae_trim import trim_for
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.permit import Mode, Permit
from edgelock.core.position import Lot, Position
from edgelock.core.price_grid import CENT_GRID
from edgelock.core.reference import Reference
from edgelock.core.settings import StrategySettings, TradingSettings
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.core.take_profit import take_profit_offset, take_profit_price
from edgelock.core.units import CENT, CONTRACT, SECOND, Money, Price, Size, Timestamp, price_text
from edgelock.ops.check_result import CheckResult, failed, passed

VWAP = Price(6000)
EXCURSION = Price(1100)
HELD = Size(32 * CONTRACT)
CONDITIONS = (Conditions(), Conditions(is_skewed=True), Conditions(is_one_tick_spread=True))
NOW = Timestamp(1_000_000 * SECOND)
_MARKET = Market(
    ticker="CHECK",
    event_ticker="CHECK",
    series_ticker="CHECK",
    family="check",
    title="a market that exists for this check alone",
    grid=CENT_GRID,
    fees=FeeSchedule(taker_rate=TAKER_RATE, maker_rate=MAKER_RATE),
    status=MarketStatus.ACTIVE,
    close_time=Timestamp(2_000_000 * SECOND),
)
REMEDY = "the rules differ from the runbook's: do not trade with this build; run the test suite"


def core_checks(settings: TradingSettings) -> tuple[CheckResult, ...]:
    """Take-profit, state table, gates, MAE trim and breaker, in the runbook's order."""
    defaults = TradingSettings()
    return tuple(
        _judged(name, found(settings), found(defaults), expected)
        for name, found, expected in (
            ("TP math", _take_profit, "7¢ offset (VWAP $0.60 → TP $0.67 long, $0.53 short)"),
            ("State machine", _state_table, "FLAT: bid ≤ low, ask ≥ high; SKEW_LONG: ask only; SKEW_SHORT: bid only"),
            ("Price gates", _gates, "NHL 0.48/0.65, NFL 0.44/0.72, CFB 0.42/0.75"),
            ("MAE trim", _mae_trim, "28.125% at 11¢ MAE (32 contracts → 9)"),
            ("Circuit breaker", _breaker, "soft 12 → 15 skewed → 9 at a one-tick spread; hard 16 → 20 → 12 (in 30 s)"),
        )
    )


def _judged(name: str, found: str, with_defaults: str, expected: str) -> CheckResult:
    if with_defaults != expected:
        return failed(name, f"{with_defaults}; the runbook says {expected}", REMEDY)
    return passed(name, found)


def _take_profit(settings: TradingSettings) -> str:
    offset = take_profit_offset(settings.strategy, CENT)
    long, short = (take_profit_price(Fraction(VWAP), sign, offset, CENT_GRID) for sign in (1, -1))
    return f"{_cents(offset)} offset (VWAP ${_dollars(VWAP)} → TP ${_dollars(long)} long, ${_dollars(short)} short)"


def _gates(settings: TradingSettings) -> str:
    families = {name: family.strategy for name, family in settings.families.items()}
    return ", ".join(f"{name} {_dollars(own.low)}/{_dollars(own.high)}" for name, own in families.items())


def _mae_trim(settings: TradingSettings) -> str:
    trim = trim_for(Fraction(EXCURSION), HELD, settings.strategy)
    if trim is None:
        return f"none at {_cents(EXCURSION)} MAE"
    percent = f"{float(trim.fraction * 100):g}"
    return f"{percent}% at {_cents(EXCURSION)} MAE ({HELD // CONTRACT} contracts → {trim.size // CONTRACT})"


def _breaker(settings: TradingSettings) -> str:
    risk = settings.risk
    soft, hard = (
        [thresholds(tier, risk, conditions).in_30s for conditions in CONDITIONS]
        for tier in (risk.breaker_soft, risk.breaker_hard)
    )
    return (
        f"soft {soft[0]} → {soft[1]} skewed → {soft[2]} at a one-tick spread; "
        f"hard {hard[0]} → {hard[1]} → {hard[2]} (in 30 s)"
    )


def _state_table(settings: TradingSettings) -> str:
    own = settings.strategy
    below, between, above = Price(own.low - CENT), Price((own.low + own.high) // 2), Price(own.high + CENT)
    flat = [f"{_named(_sides(own, 0, at))} {where}" for at, where in ((below, "≤ low"), (above, "≥ high"))]
    flat += [f"{_named(_sides(own, 0, between))} between"] if _sides(own, 0, between) else []
    skewed = {
        name: frozenset(side for at in (below, between, above) for side in _sides(own, sign, at))
        for name, sign in (("SKEW_LONG", 1), ("SKEW_SHORT", -1))
    }
    rows = [f"FLAT: {', '.join(flat)}"] + [f"{name}: {_named(sides)} only" for name, sides in skewed.items()]
    return "; ".join(rows)


def _sides(settings: StrategySettings, sign: int, mid: Price) -> frozenset[Side]:
    """Sides on which the strategy wants an order, entry or exit, with two cents of spread around `mid`."""
    plan = EDGE_LOCKED.plan(example_state(settings, sign, mid))
    quotes = [entry.quote for entry in (plan.bid, plan.ask)]
    return frozenset(quote.side for quote in (*quotes, *plan.exits) if quote is not None)


def example_state(settings: StrategySettings, sign: int, mid: Price) -> MarketState:
    """A market with two cents of spread around `mid`, flat (sign 0), long (1) or short (-1), free to trade."""
    bid, ask = Level(CENT_GRID.floor(mid - CENT), HELD), Level(CENT_GRID.ceil(mid + CENT), HELD)
    view = BookView((bid,), (ask,))
    lots = (Lot(size=HELD, price=mid, opened_at=NOW, fee=Money(0)),) if sign else ()
    return MarketState(
        market=_MARKET,
        settings=settings,
        run_mode=RunMode.PAPER,
        order_prefix="check",
        now=NOW,
        is_recovered=True,
        raw_view=view,
        view=view,
        feed=FeedStatus.LIVE,
        reference=Reference().seeded(bid.price + ask.price),
        position=Position(sign=sign, lots=lots),
        permit=Permit(mode=Mode.OPEN),
    )


def _named(sides: frozenset[Side]) -> str:
    return " and ".join(sorted(side.value for side in sides)) or "nothing"


def _dollars(price: Price) -> str:
    text = price_text(price)
    return text[:-2] if text.endswith("00") else text


def _cents(price: Price) -> str:
    return f"{price // CENT}¢" if price % CENT == 0 else f"{price // CENT}.{price % CENT:02}¢"
