"""What is kept of an actor's life beyond the run."""

import pytest

from edgelock.actors import notices as notice
from edgelock.ops.life_note import life_note, return_note
from tests.core.builders import NOON, a_position, a_state, an_exit

A = "market:KXNHLGAME-A"
CRASHED = notice.ChildCrashed(
    name=A,
    incarnation=4,
    reason="ValueError:\nno price",
    signature="s",
    phase="handle",
    message="BookNews(A)",
    traceback="Traceback",
)
RESTARTED = notice.ChildRestarted(name=A, incarnation=5, restarts_in_window=1, backoff_ns=5, down_ns=7)


@pytest.mark.parametrize(
    ("news", "event", "detail", "traceback"),
    [
        (CRASHED, "crash", "handle: ValueError: no price (of BookNews(A))", "Traceback"),
        (
            notice.ChildHung(name=A, incarnation=4, busy_with="BookNews", busy_ns=5_200_000_000, stack="line 1"),
            "hung",
            "busy with BookNews for 5 s",
            "line 1",
        ),
        (
            notice.ChildQuarantined(name=A, incarnation=4, reason="too often", restarts_in_window=6, signature="s"),
            "quarantine",
            "too often",
            "",
        ),
    ],
)
def test_a_death_is_kept_on_one_line_with_its_traceback(news, event, detail, traceback):
    note = life_note(news, run="r1", at=NOON)

    assert note is not None
    assert (note.run, note.actor, note.incarnation, note.at) == ("r1", A, 4, NOON)
    assert (note.event, note.detail, note.traceback) == (event, detail, traceback)


def test_a_return_is_kept_with_what_was_recovered_and_how_long_it_took():
    state = a_state(position=a_position(10, 48), orders=(an_exit("t-1"),))

    note = return_note(RESTARTED, state, run="r1", at=NOON)

    assert (note.event, note.incarnation, note.took_ns) == ("restart", 5, 7)
    assert note.detail == "recovered net 10.00 at 0.4800; take_profit ask 0.5500 x 10.00"
    assert return_note(RESTARTED, None, run="r1", at=NOON).detail == ""


@pytest.mark.parametrize(
    "news",
    [
        notice.ChildStarted(name=A, incarnation=1),
        notice.ChildStopped(name=A, incarnation=1, is_abandoned=False),
        notice.StormOver(probe=None),
    ],
)
def test_an_ordinary_turn_is_not_kept(news):
    assert life_note(news, run="r1", at=NOON) is None
