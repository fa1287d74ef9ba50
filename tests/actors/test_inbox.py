"""The laned inbox: order of the lanes, conflation, gathering, and what becomes of the mail of the dead."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pykka import ActorDeadError, ThreadingFuture
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from edgelock.actors.inbox import Lane, LanedInbox, lane_of
from tests.actors.runtime_doubles import PATIENCE_S, Book, Halt, ManualClock, Note, Prints


def an_inbox(*messages: object, clock: ManualClock | None = None) -> LanedInbox:
    inbox = LanedInbox(clock or ManualClock())
    for message in messages:
        inbox.put(Envelope(message))
    return inbox


def drained(inbox: LanedInbox) -> list[object]:
    messages = []
    while not inbox.empty():
        messages.append(inbox.get().message)
    return messages


def test_control_overtakes_fifo_and_fifo_overtakes_latest():
    inbox = an_inbox(Book("a", 1), Note("fill"), Halt())

    assert [Halt(), Note("fill"), Book("a", 1)] == drained(inbox)


def test_a_stop_does_not_wait_behind_a_backlog():
    inbox = an_inbox(*[Note(str(n)) for n in range(500)], _ActorStop())

    assert isinstance(inbox.get().message, _ActorStop)


def test_a_message_without_a_lane_loses_nothing():
    assert Lane.FIFO is lane_of("plain text")
    assert drained(an_inbox("x", "x", "x")) == ["x", "x", "x"]


def test_the_newest_of_a_key_keeps_the_place_of_the_oldest():
    inbox = an_inbox(Book("a", 1), Book("b", 1), Book("a", 2))

    assert inbox.counters().conflated == 1
    assert [Book("a", 2), Book("b", 1)] == drained(inbox)


def test_equal_keys_of_different_classes_do_not_replace_each_other():
    inbox = an_inbox(Book("prints", 1), Prints((1,)))

    assert [Book("prints", 1), Prints((1,))] == drained(inbox)


def test_an_ask_is_answered_even_when_a_newer_message_of_its_key_arrives():
    inbox = an_inbox()
    asked = ThreadingFuture()
    inbox.put(Envelope(Book("a", 1), reply_to=asked))
    inbox.put(Envelope(Book("a", 2)))

    assert asked is inbox.get().reply_to
    assert Book("a", 2) == inbox.get().message


@given(st.lists(st.one_of(st.integers(), st.none()), max_size=60))
def test_gathered_prints_lose_nothing_and_keep_their_order(steps):
    """A number is a print that arrives, None is the actor taking one message."""
    inbox, taken = an_inbox(), []
    for step in steps:
        if step is not None:
            inbox.put(Envelope(Prints((step,))))
        elif not inbox.empty():
            taken.extend(inbox.get().message.values)
    for rest in drained(inbox):
        taken.extend(rest.values)

    assert [step for step in steps if step is not None] == taken


@given(st.lists(st.sampled_from([Halt(), Note("a"), Note("b"), Book("x", 1), Book("x", 2), Book("y", 3)])))
def test_only_latest_messages_are_ever_conflated(messages):
    inbox = an_inbox(*messages)
    counters = inbox.counters()

    out = drained(inbox)

    for lane in (Lane.CONTROL, Lane.FIFO):
        assert [m for m in messages if lane_of(m) is lane] == [m for m in out if lane_of(m) is lane]
    latest = [m for m in messages if lane_of(m) is Lane.LATEST]
    assert {m.key: m for m in latest} == {m.key: m for m in out if lane_of(m) is Lane.LATEST}
    assert len(latest) == counters.latest + counters.conflated
    assert len(out) == counters.depth


def test_depths_and_ages_are_visible():
    clock = ManualClock()
    inbox = an_inbox(Book("a", 1), clock=clock)
    clock.advance(5)
    for message in (Note("1"), Note("2"), Halt(), Book("a", 2)):
        inbox.put(Envelope(message))
    clock.advance(2)

    counters = inbox.counters()

    assert (counters.control, counters.fifo, counters.latest, counters.conflated, counters.depth) == (1, 2, 1, 1, 4)
    assert counters.oldest_waiting_ns == 7
    drained(inbox)
    assert inbox.counters().oldest_waiting_ns == 0
    assert inbox.counters().max_depth == 4


def test_an_inbox_that_is_served_is_not_unserved_however_old_its_mail():
    clock = ManualClock()
    inbox = an_inbox(Note("1"), Note("2"), Book("starved", 1), clock=clock)
    assert an_inbox(clock=clock).unserved_ns() == 0
    clock.advance(10)
    assert inbox.unserved_ns() == 10

    inbox.get()
    clock.advance(3)

    assert inbox.unserved_ns() == 3
    assert inbox.counters().oldest_waiting_ns == 13


def test_what_the_dead_left_unread_goes_on_in_order_but_stops_and_asks_do_not():
    asked = ThreadingFuture()
    inbox = an_inbox(Book("a", 1), Note("1"), _ActorStop(), Halt(), Note("2"))
    inbox.put(Envelope("question", reply_to=asked))

    left_over = [envelope.message for envelope in inbox.detach()]

    assert [Halt(), Note("1"), Note("2"), Book("a", 1)] == left_over
    with pytest.raises(ActorDeadError):
        asked.get(timeout=PATIENCE_S)


def test_a_zombie_that_comes_back_to_its_inbox_is_told_to_stop():
    inbox = an_inbox()
    got = []
    thread = threading.Thread(target=lambda: got.append(inbox.get().message))
    thread.start()

    inbox.detach()

    thread.join(PATIENCE_S)
    assert [_ActorStop()] == got
    assert _ActorStop() == inbox.get().message


def test_a_closed_inbox_takes_no_mail_and_leaves_no_asker_waiting():
    asked = ThreadingFuture()
    inbox = an_inbox()
    inbox.detach()

    inbox.put(Envelope(Note("late")))
    inbox.put(Envelope("late question", reply_to=asked))

    assert inbox.empty()
    with pytest.raises(ActorDeadError):
        asked.get(timeout=PATIENCE_S)
