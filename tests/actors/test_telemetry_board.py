from edgelock.actors.telemetry_board import RECENT_EVENTS_KEPT, TelemetryBoard
from edgelock.core import telemetry as t
from tests.actors.telemetry_samples import NOON, SAMPLES


def sample(record_class):
    return next(record for record in SAMPLES if isinstance(record, record_class))


def board_after(*records: t.Record) -> TelemetryBoard:
    board = TelemetryBoard()
    for record in records:
        board.note(record)
    return board


def test_what_a_person_wants_to_see_is_kept_in_order():
    fill, crash = sample(t.Fill), sample(t.ActorCrash)

    assert board_after(fill, crash).recent() == (fill, crash)


def test_quotes_and_the_machinery_of_the_log_are_not_for_people():
    noise = [sample(name) for name in (t.QuotePlace, t.QuoteCancel, t.QuoteAmend, t.OrderAck, t.Heartbeat)]

    assert board_after(*noise, sample(t.ExitAverage)).recent() == ()


def test_the_newest_events_are_kept():
    kills = [t.KillOn(at=NOON, who=str(number)) for number in range(RECENT_EVENTS_KEPT + 5)]

    assert board_after(*kills).recent() == tuple(kills[5:])


def test_who_put_the_latch_on_is_known_until_it_is_off():
    on, off = t.KillOn(at=NOON, who="SIGUSR1"), t.KillOff(at=NOON, who="command")

    assert board_after().killed_by() is None
    assert board_after(on).killed_by() == "SIGUSR1"
    assert board_after(on, off).killed_by() is None
