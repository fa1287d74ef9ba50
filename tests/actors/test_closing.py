"""The end at the door: everything is cancelled, the venue's own list is the judge, and what is left is told truly."""

import pytest

from edgelock.actors.closing import CLOSE_RETRY_NS
from edgelock.actors.order_gateway import OpenOrder, OpenOrdersSeen, RenewOrder, ResendOrder
from edgelock.core.order import CancelReason
from edgelock.core.permit import Mode, Permit
from tests.actors.door import GIVE_UP_NS, REDUCE, A, B, a_cancel, an_entry, an_exit, doors
from tests.core.builders import BID, cents, contracts

STOPPING = Permit(mode=Mode.HALTED, reason="stopping")


@pytest.fixture
def build(tmp_path):
    yield from doors(tmp_path)


def looks_until(door, ends_ns: int) -> None:
    """Let time pass in steps of one look."""
    for _ in range(ends_ns // CLOSE_RETRY_NS):
        door.wait(CLOSE_RETRY_NS)


def test_what_the_venue_confirms_is_confirmed(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    reports = door.close()

    door.venue.canceled("a")

    assert [(report.is_confirmed, report.open_orders) for report in reports] == [(True, ())]


def test_the_fuse_is_tripped_so_that_an_entry_on_its_way_is_refused_by_the_venue(build):
    door = build()

    door.close()

    assert door.gateway.fuse == ["trip"]


def test_a_verdict_that_comes_after_the_end_began_does_not_mend_the_fuse(build):
    door = build()
    door.permit(REDUCE)
    door.close()

    door.permit(STOPPING)
    door.permit(Permit(mode=Mode.OPEN))

    assert "mend" not in door.gateway.fuse


def test_a_list_that_cannot_be_read_is_asked_for_again_after_a_pause_and_not_before(build):
    door = build()
    door.gateway.is_list_readable = False
    reports = door.close()
    assert door.gateway.looks == 1

    door.wait(CLOSE_RETRY_NS - 1)
    assert door.gateway.looks == 1
    door.wait(1)
    assert (door.gateway.looks, reports) == (2, [])
    door.gateway.is_list_readable = True
    door.wait(CLOSE_RETRY_NS)

    assert [report.is_confirmed for report in reports] == [True]


def test_without_the_venues_word_everything_that_may_be_live_is_told_as_open(build):
    door = build()
    door.gateway.is_list_readable = False
    door.submit(an_entry("a"))
    door.submit(an_entry("b"), ticker=B)
    door.venue.ack("a")
    door.venue.silent("b")
    reports = door.close()
    door.venue.silent("a")
    door.venue.not_found("b")

    looks_until(door, GIVE_UP_NS - CLOSE_RETRY_NS)
    assert reports == []
    door.wait(CLOSE_RETRY_NS)

    assert [(report.is_confirmed, set(report.open_orders)) for report in reports] == [(False, {"a", "b"})]


def test_it_gives_up_even_when_a_request_never_ends(build):
    door = build()
    door.submit(an_entry("a"))
    reports = door.close()

    door.wait(GIVE_UP_NS)

    assert [(report.is_confirmed, report.open_orders) for report in reports] == [(False, ("a",))]


def test_it_reports_once_whatever_comes_afterwards(build):
    door = build()
    door.gateway.is_list_readable = False
    door.submit(an_entry("a"))
    reports = door.close()
    door.wait(GIVE_UP_NS)

    door.venue.ack("a")
    door.venue.canceled("a")
    door.venue.say(OpenOrdersSeen(()))
    door.wait(GIVE_UP_NS)

    assert len(reports) == 1


def test_what_was_proven_over_after_the_last_list_is_not_told_as_open(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    reports = door.close()
    door.venue.silent("a")  # the list that is read now still shows it
    door.gateway.is_list_readable = False
    door.wait(CLOSE_RETRY_NS)
    door.venue.canceled("a")

    looks_until(door, GIVE_UP_NS)

    assert [(report.is_confirmed, report.open_orders) for report in reports] == [(False, ())]


def test_an_order_on_the_list_that_nobody_here_placed_is_told_as_open(build):
    door = build()
    door.gateway.resting["z"] = OpenOrder(
        ticker=A, client_order_id="z", venue_order_id="v-z", side=BID, price=cents(40), remaining=contracts(5)
    )
    reports = door.close()

    looks_until(door, GIVE_UP_NS)

    assert [(report.is_confirmed, report.open_orders) for report in reports] == [(False, ("z",))]
    assert "cancel z" not in door.gateway.sent()


def test_an_order_that_comes_to_light_late_is_cancelled_too(build):
    """Its creation was in doubt, its cancellation too; then a list shows it."""
    door = build()
    door.submit(an_entry("a"))
    reports = door.close()
    door.gateway.is_list_readable = False
    door.venue.silent("a")
    door.venue.not_found("a")
    assert reports == []

    door.gateway.is_list_readable = True
    door.venue.ack("a")
    assert door.gateway.sent() == ["place a", "cancel a", "cancel a"]
    door.venue.canceled("a")
    door.wait(CLOSE_RETRY_NS)

    assert [report.is_confirmed for report in reports] == [True]


def test_what_a_kill_was_withdrawing_is_still_withdrawn(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.gateway.max_in_flight = 0
    door.permit(REDUCE)
    assert door.gateway.sent() == ["place a"]

    door.close()
    door.gateway.max_in_flight = 4
    door.look_again()

    assert door.gateway.sent() == ["place a", "cancel a"]


def test_nothing_is_prolonged_or_sent_again_once_everything_is_being_cancelled(build):
    door = build()
    door.hold(2, name="h1")
    door.submit(an_exit("x", size=1))
    door.venue.ack("x")
    door.hold(1, ticker=B, name="h2")
    door.submit(an_exit("y", size=1), ticker=B)
    door.venue.silent("y")
    already = len(door.gateway.requests)
    door.gateway.max_in_flight = 0
    door.gateway.wanted = [(A, RenewOrder(client_order_id="x")), (B, ResendOrder(client_order_id="y"))]
    door.look_again()

    door.close()
    door.gateway.max_in_flight = 4
    door.look_again()

    assert door.gateway.sent()[already:] == ["cancel x", "cancel y"]


def test_what_the_market_still_wanted_is_refused_and_counted_and_what_it_cancels_is_cancelled_once(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.gateway.max_in_flight = 0
    door.submit(a_cancel("a", CancelReason.QUOTE), an_entry("b", price=44))

    door.close()
    door.gateway.max_in_flight = 4
    door.look_again()

    assert (door.gateway.sent(), door.board.fenced(A)) == (["place a", "cancel a"], 2)
