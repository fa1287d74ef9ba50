"""What counts as alive and as ready, one reason at a time."""

from dataclasses import replace

import pytest

from edgelock.actors.address import LostMessages
from edgelock.actors.cell import ChildState
from edgelock.actors.child_spec import ChildKind
from edgelock.actors.supervision_status import ChildStatus, SupervisionStatus
from edgelock.core.units import SECOND
from edgelock.ops.health import (
    BUSY_NS,
    MAIN_SILENT_NS,
    PATIENCE_NS,
    SUPERVISOR_SILENT_NS,
    RunPhase,
    Vitals,
    health,
)

NOTHING_LOST = LostMessages(dead_letters=0, latest_dropped=0, control_dropped=0, malformed=0, last_types=())


def a_child(name, kind=ChildKind.INFRASTRUCTURE, state=ChildState.RUNNING, busy_with=None, busy_ns=0):
    fields = {
        "name": name, "kind": kind, "state": state, "incarnation": 1, "restarts_in_window": 0, "restarts_max": 5,
        "last_signature": None, "busy_with": busy_with, "busy_ns": busy_ns, "handled_count": 1, "zombies": 0,
        "inbox": None, "lost": NOTHING_LOST,
    }  # fmt: skip
    known = ChildStatus.__dataclass_fields__
    return ChildStatus(**fields, **{name: _dull(known[name]) for name in known if name not in fields})


def _dull(field):
    """For what the status tells beyond what these tests are about."""
    return field.default if "None" not in str(field.type) else None


def a_market(number, state=ChildState.RUNNING):
    return a_child(f"market:{number}", ChildKind.ONE_FOR_ONE, state)


def a_tree(*children, escalated=None, is_storm=False):
    return SupervisionStatus(
        children=children, is_stopping=False, is_storm=is_storm, escalated=escalated, zombies=0, notices_failed=0
    )


GOOD = Vitals(
    phase=RunPhase.TRADING,
    phase_ns=3600 * SECOND,
    main_silent_ns=SECOND,
    supervisor_silent_ns=SECOND,
    is_supervisor_gone=False,
    supervision=a_tree(a_child("exchange"), a_child("risk"), *(a_market(n) for n in range(10))),
    markets=10,
    feeds_live=10,
    journal_trouble=None,
)


def test_a_run_that_trades_is_alive_and_ready():
    assert health(GOOD) == health(replace(GOOD))
    assert (health(GOOD).is_alive, health(GOOD).is_ready, health(GOOD).why) == (True, True, "trading 10 markets")


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"main_silent_ns": MAIN_SILENT_NS + 1}, "the main thread has not come round for 10 s"),
        ({"is_supervisor_gone": True}, "the supervisor is gone"),
        ({"supervision": a_tree(escalated="risk: hung")}, "given up, and not stopping: risk: hung"),
        ({"supervisor_silent_ns": SUPERVISOR_SILENT_NS + 1}, "the supervisor or its timer has been silent for 10 s"),
        (
            {"supervision": a_tree(a_child("exchange", busy_with="Submit", busy_ns=BUSY_NS + 1))},
            "exchange has been busy with Submit for 10 s",
        ),
        (
            {"phase": RunPhase.STARTING, "phase_ns": PATIENCE_NS[RunPhase.STARTING] + 1},
            "starting for 120 s",
        ),
        (
            {"phase": RunPhase.STOPPING, "phase_ns": PATIENCE_NS[RunPhase.STOPPING] + 1},
            "stopping for 40 s",
        ),
    ],
)
def test_silence_of_what_everything_depends_on_is_death(seen, why):
    found = health(replace(GOOD, **seen))

    assert (found.is_alive, found.is_ready, found.why) == (False, False, why)


@pytest.mark.parametrize(
    "seen",
    [
        {"main_silent_ns": MAIN_SILENT_NS},
        {"supervisor_silent_ns": SUPERVISOR_SILENT_NS},
        {"supervision": a_tree(a_child("exchange", busy_with="Submit", busy_ns=BUSY_NS))},
    ],
)
def test_what_is_slow_but_within_its_time_is_alive(seen):
    assert health(replace(GOOD, **seen)).is_alive


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"phase": RunPhase.STARTING, "phase_ns": SECOND}, "starting"),
        ({"supervision": a_tree(a_child("risk", state=ChildState.BACKOFF))}, "risk is backoff"),
        ({"supervision": a_tree(is_storm=True)}, "too many markets crashed together"),
        (
            {"supervision": a_tree(*(a_market(n, ChildState.QUARANTINED) for n in range(2)), a_market(3))},
            "1 of 3 markets are running",
        ),
        ({"feeds_live": 0}, "no book is live"),
        ({"journal_trouble": "the disk is full"}, "journal: the disk is full"),
    ],
)
def test_what_a_new_start_would_not_mend_is_no_death_but_not_ready(seen, why):
    found = health(replace(GOOD, **seen))

    assert (found.is_alive, found.is_ready, found.why) == (True, False, why)


def test_all_reasons_against_readiness_are_told_in_one_line():
    seen = replace(GOOD, feeds_live=0, journal_trouble="the disk is full")

    assert health(seen).why == "no book is live; journal: the disk is full"


def test_nine_markets_of_ten_are_enough_to_be_ready():
    nine = a_tree(*(a_market(n) for n in range(9)), a_market(10, ChildState.QUARANTINED))

    assert health(replace(GOOD, supervision=nine)).is_ready


def test_a_run_without_markets_is_ready():
    assert health(replace(GOOD, supervision=a_tree(a_child("risk")), markets=0, feeds_live=0)).is_ready


def test_while_it_stops_only_the_length_of_the_stop_is_judged():
    """The actors are being stopped, and the main thread waits for the venue's word."""
    seen = replace(
        GOOD, phase=RunPhase.STOPPING, phase_ns=15 * SECOND, main_silent_ns=15 * SECOND, is_supervisor_gone=True
    )

    assert (health(seen).is_alive, health(seen).is_ready) == (True, False)
