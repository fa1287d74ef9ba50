"""Events of a run come out in the order they were put; waiting for one ends in time."""

from edgelock.ops.run_events import Kill, Reload, RunEvents, Stop


def test_events_come_out_in_their_order():
    events = RunEvents()
    for event in (Kill(on=True, who="a"), Reload(), Stop(who="b")):
        events.put(event)

    assert [events.next(0), events.next(0), events.next(0)] == [Kill(on=True, who="a"), Reload(), Stop(who="b")]


def test_no_event_is_none_also_when_the_time_has_passed_already():
    assert RunEvents().next(0) is None
    assert RunEvents().next(-1) is None
