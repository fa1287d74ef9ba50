"""Stories of what happens to the risk side, for properties: each is played on a state, and gives the next one."""

from hypothesis import strategies as st

from edgelock.core import risk, venue_trust
from edgelock.core.breakers import Conditions
from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.risk_state import DAY, RiskState
from edgelock.core.settings import RiskSettings
from edgelock.core.units import SECOND, Money, Timestamp
from tests.core.builders import NOON, TICKER

OTHER = "KXNHLGAME-26NOV22BOSNYR-NYR"
MARKETS = (TICKER, OTHER)
SHORT_FUSES = RiskSettings.model_validate(
    {
        "breaker_soft": {"cancels_30s": 2, "cancels_60s": 3, "lasts_s": 12},
        "breaker_hard": {"cancels_30s": 4, "cancels_60s": 6, "lasts_s": 30},
        "portfolio_breaker_multiplier": 2,
        "reject_streak": 2,
    }
)
"""Settings with which a short story trips everything."""

SHARDS = (
    {},
    {0: ShardStanding(standing=Standing.PAUSING_SOON, is_scheduled=True, until=Timestamp(NOON + 900 * SECOND))},
    {0: ShardStanding(standing=Standing.TRADING_PAUSED)},
    {0: ShardStanding(standing=Standing.UNKNOWN)},
)

Step = tuple[str, int, str]

HAPPENINGS = """
    cancel cancel cancel reject reject accept loss gain found kill resume stop
    group drift agree private status clock time
    journal written unread storm
"""
steps = st.tuples(st.sampled_from(HAPPENINGS.split()), st.integers(0, 40), st.sampled_from(MARKETS))
stories = st.lists(steps, max_size=40)
waits = st.one_of(st.integers(0, 100), st.integers(0, 3 * DAY // SECOND)).map(lambda s: s * SECOND)


def told(story: list[Step], settings: RiskSettings = SHORT_FUSES) -> tuple[RiskState, Timestamp]:
    """The state at the end of a story that began at noon, and when that is."""
    state, now = risk.time_passed(RiskState(settings=settings), NOON).state, NOON
    for what, wait, ticker in story:
        now = Timestamp(now + wait * SECOND)
        state = after_step(state, what, wait, ticker, now)
    return state, now


def after_step(state: RiskState, what: str, number: int, ticker: str, now: Timestamp) -> RiskState:
    """The state after one thing happened."""
    trust = state.venue
    match what:
        case "cancel":
            return risk.cancel_sent(state, ticker, now, Conditions()).state
        case "reject":
            return risk.order_rejected(state, ticker, now).state
        case "accept":
            return risk.order_accepted(state, ticker).state
        case "loss" | "gain":
            pnl = Money(20_000_000 if what == "gain" else -20_000_000)
            return risk.realized(state, ticker, pnl, at=now, now=now).state
        case "found":
            pnl = Money(-number * 1_000_000)
            return risk.results_recovered(state, ticker, ((NOON, pnl), (now, pnl)), now).state
        case "kill" | "resume":
            return risk.kill_switched(state, now, on=what == "kill", who="x").state
        case "group":
            return risk.venue_told(state, venue_trust.order_group(trust, now, shard=number, is_triggered=True)).state
        case "drift" | "agree":
            return risk.venue_told(state, venue_trust.drift(trust, now, ticker, is_drifting=what == "drift")).state
        case "private":
            return risk.venue_told(state, venue_trust.private_feed(trust, now, is_live=number % 2 == 0)).state
        case "status":
            return risk.venue_told(state, venue_trust.exchange_status(trust, now, SHARDS[number % len(SHARDS)])).state
        case "stop":
            return risk.stopping(state, now).state if number == 0 else state
        case "journal" | "written":
            return risk.journal_told(state, now, "the disk is full" if what == "journal" else "").state
        case "storm":
            return risk.storm(state, now, is_on=number % 2 == 0).state
        case "storm" | "calm":
            return risk.storm(state, now, is_on=what == "storm").state
        case "unread":
            return risk.memory_unread(state, now, "odd").state if number == 0 else state
        case "clock":
            return risk.clock_compared(state, now, least_ms=number * 100, most_ms=number * 200).state
        case _:
            return risk.time_passed(state, now).state
