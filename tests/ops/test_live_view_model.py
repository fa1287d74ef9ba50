from dataclasses import replace

from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.core import telemetry as t
from edgelock.core.settings import StrategySettings
from edgelock.core.units import SECOND, Duration, Money, Price, Size, Timestamp
from edgelock.ops.live_view_model import ViewModel, view_model
from tests.actors.telemetry_samples import LONG, NOON, SAMPLES, TICKER


def sample(record_class):
    return next(record for record in SAMPLES if isinstance(record, record_class))


FILL = replace(sample(t.Fill), qty=Size(1_000), context=LONG)
PLACE = replace(sample(t.QuotePlace), context=LONG)


def seen(*records, seconds: int = 0) -> ViewModel:
    board = TelemetryBoard()
    for record in records:
        board.note(record)
    now = Timestamp(NOON + seconds * SECOND)
    return view_model(
        board.snapshot(now),
        now=now,
        clock_text="19:05:00",
        uptime=Duration(3_723 * SECOND),
        strategy_for=lambda _ticker: StrategySettings(),
    )


def test_a_position_shows_its_average_its_age_and_its_next_exit():
    row = seen(FILL, seconds=130).rows[0]

    assert (row.ticker, row.state, row.net, row.vwap, row.tp) == (TICKER, "SKEW_LONG", "10", "46.67", "53.67")
    assert (row.age, row.next_exit) == ("2:10", "SS5:50")
    assert (row.bid, row.ask, row.open_pnl) == ("45", "46.50", "-0.09")


def test_the_next_exit_follows_the_age():
    assert seen(FILL, seconds=480).rows[0].next_exit == "SS now"
    assert seen(FILL, seconds=720).rows[0].next_exit == "HC28:00"
    assert seen(FILL, seconds=2_400).rows[0].next_exit == "HC now"


def test_a_live_quote_is_shown_until_it_ends():
    gone = replace(sample(t.OrderCancelled), client_order_id=PLACE.client_order_id)

    assert seen(PLACE).rows[0].our_bid == "10@45"
    assert seen(PLACE, gone).rows[0].our_bid == ""


def test_a_fill_shrinks_the_quote_that_it_fills():
    partial = replace(FILL, qty=Size(250), client_order_id=PLACE.client_order_id)

    assert seen(PLACE, partial).rows[0].our_bid == "7.50@45"


def test_results_add_up_and_outlive_their_market():
    realize = replace(sample(t.Realize), pnl=Money(1_230_000))

    assert seen(realize, realize).realized == "+2.46"
    assert seen(realize, t.MarketRetired(at=NOON, market=TICKER, reason="over")).realized == "+1.23"


def test_states_that_a_person_must_notice_are_alerts():
    model = seen(sample(t.KillOn), sample(t.LossLimit), sample(t.BreakerHard), sample(t.BreakerSoft))

    assert model.alerts == ("KILLED by command", "LOSS LIMIT", "portfolio brake hard", "1 braked")


def test_a_kill_that_was_lifted_is_no_alert():
    assert seen(sample(t.KillOn), sample(t.KillOff)).alerts == ()


def test_cancels_leave_the_window_after_thirty_seconds():
    cancel = sample(t.QuoteCancel)

    assert seen(cancel, cancel, seconds=30).rows[0].cancels_30 == 2
    assert seen(cancel, cancel, seconds=31).rows[0].cancels_30 == 0


def test_restarts_are_counted_and_a_quarantine_is_shown():
    row = seen(sample(t.ActorRestart), sample(t.ActorRestart), sample(t.ActorQuarantine)).rows[0]

    assert (row.restarts, row.condition) == (2, "quarantined")


def test_the_age_is_that_of_the_oldest_lot_still_open():
    younger = replace(FILL, at=Timestamp(NOON + 60 * SECOND), context=replace(LONG, net=Size(2_000)))
    sold = replace(FILL, at=Timestamp(NOON + 90 * SECOND), side="ask", price=Price(5_400))

    assert seen(FILL, younger, seconds=100).rows[0].age == "1:40"
    assert seen(FILL, younger, sold, seconds=100).rows[0].age == "0:40"


def test_an_adopted_position_has_no_age_that_is_known():
    assert seen(PLACE, seconds=100).rows[0].age == ""


def test_every_record_can_be_told_in_one_line():
    events = seen(*SAMPLES).events

    assert events
    assert all("\n" not in event for event in events)


def test_a_fill_reads_as_a_trader_would_say_it():
    assert seen(replace(FILL, price=Price(4_650))).events[-1].endswith(f"{TICKER} FILL bid 10 @ 46.50")
