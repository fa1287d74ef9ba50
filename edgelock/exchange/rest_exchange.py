"""Public REST of the exchange as a whole: status, schedule, and how far private reads are (venue reference §4.2)."""

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.flow import Trading
from edgelock.exchange.rest_call import Answer, Call, public
from edgelock.exchange.wire_text import rfc3339

WireObject = dict[str, object]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def exchange_status(call: Call) -> Answer:
    """What is open, alike on all shards."""
    trading = call.engine.venue.trading
    flags: WireObject = {
        "exchange_active": trading is not Trading.HALTED,
        "trading_active": trading is Trading.OPEN,
        "intra_exchange_transfers_active": True,
    }
    shards = sorted({market.listing.exchange_index for market in call.engine.markets.values()} | {0})
    statuses = [{"exchange_index": shard, "description": f"Shard {shard}", **flags} for shard in shards]
    return Answer(200, {**flags, "exchange_index_statuses": statuses})


def exchange_schedule(call: Call) -> Answer:
    """Open around the clock, in New York; where there is a weekly pause, Thursdays come in two parts."""
    around_the_clock = [{"open_time": "00:00", "close_time": "00:00"}]
    hours: WireObject = {
        "start_time": rfc3339(Timestamp(0)),
        "end_time": rfc3339(Timestamp(4_102_444_800 * SECOND)),
        **dict.fromkeys(_DAYS, around_the_clock),
    }
    if call.engine.venue.habits.pauses_weekly:
        hours["thursday"] = [
            {"open_time": "00:00", "close_time": "03:00"},
            {"open_time": "05:00", "close_time": "00:00"},
        ]
    return Answer(200, {"schedule": {"standard_hours": [hours], "maintenance_windows": []}})


def user_data_timestamp(call: Call) -> Answer:
    """The instant that private reads show."""
    return Answer(200, {"as_of_time": rfc3339(call.engine.reads_at())})


ROUTES = (
    public("/exchange/status", exchange_status),
    public("/exchange/schedule", exchange_schedule),
    public("/exchange/user_data_timestamp", user_data_timestamp),
)
