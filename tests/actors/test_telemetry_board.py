from dataclasses import replace

from edgelock.actors.telemetry_board import RECENT_EVENTS_KEPT, BoardSnapshot, TelemetryBoard
from edgelock.core import telemetry as t
from edgelock.core.units import Price, Size
from tests.actors.telemetry_samples import LONG, NOON, SAMPLES


def sample(record_class):
    return next(record for record in SAMPLES if isinstance(record, record_class))


def seen(*records) -> BoardSnapshot:
    board = TelemetryBoard()
    for record in records:
        board.note(record)
    return board.snapshot(NOON)


def test_every_record_can_be_noted():
    snapshot = seen(*SAMPLES)

    assert snapshot.config is not None
    assert snapshot.heartbeat is not None


def test_the_best_of_several_orders_is_shown():
    first, better = (
        replace(sample(t.QuotePlace), client_order_id=name, price=Price(price))
        for name, price in (("a", 4_400), ("b", 4_500))
    )

    (market,) = seen(first, better).markets

    assert market.bid is not None
    assert market.bid.price == 4_500


def test_an_amended_order_shows_its_new_price_and_size():
    place = replace(sample(t.QuotePlace), client_order_id="el7-4", side="ask")

    (market,) = seen(place, sample(t.QuoteAmend)).markets

    assert (market.ask.price, market.ask.size) == (5_400, 1_000)


def test_only_cancels_caused_by_quoting_are_counted():
    cancel = sample(t.QuoteCancel)

    (market,) = seen(cancel, replace(cancel, reason="kill"), replace(cancel, reason="quote")).markets

    assert market.cancels_30 == 2


def test_a_fill_through_zero_opens_a_new_lot():
    bought = replace(sample(t.Fill), qty=Size(1_000), context=LONG)
    sold = replace(bought, side="ask", qty=Size(1_500), at=NOON + 1, context=replace(LONG, net=Size(-500)))

    (market,) = seen(bought, sold).markets

    assert market.opened_at == NOON + 1


def test_the_newest_events_are_kept_and_quotes_are_not_among_them():
    kills = [t.KillOn(at=NOON, who=str(number)) for number in range(RECENT_EVENTS_KEPT + 5)]

    recent = seen(sample(t.QuotePlace), *kills).recent

    assert recent == tuple(kills[5:])
