"""The fuse: made, tripped and mended in a thread of its own until the venue has confirmed it, whatever fails."""

import json
import random
import threading
import time
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from edgelock.actors.order_fuse import OrderFuse
from edgelock.core.units import Size
from edgelock.kalshi.private_events import GroupSeen
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.kalshi.signing import Credentials
from tests.actors.runtime_doubles import PATIENCE_S
from tests.kalshi.loopback_venue import LoopbackVenue, Reply

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
LIMIT = Size(10_000)
DONE = Reply(200, {})
REFUSED = Reply(503, {"error": {"code": "service_unavailable"}})
CUT = Reply(200, {}, cut_after=0)
ODD = Reply(200, b"<html>")


def made(group_id="g-1", shard=0) -> Reply:
    return Reply(200, {"order_group_id": group_id, "exchange_index": shard})


class Fused:
    """A fuse at a venue on loopback, what it said, and what it told of the venue's own acts."""

    def __init__(self, venue: LoopbackVenue) -> None:
        self.venue = venue
        self.said: list[str] = []
        self.triggered: list[tuple[int, bool]] = []
        self._pause = threading.Event()
        self.fuse = OrderFuse(
            lambda: TradingRest(
                venue.url,
                Credentials("key", KEY),
                rng=random.Random(1),
                limits=CallLimits(connect_s=2, read_s=2, deadline_s=2, attempts_max=1),
            ),
            LIMIT,
            on_triggered=lambda shard, is_out: self.triggered.append((shard, is_out)),
            say=self.said.append,
        )

    def asked(self) -> list[str]:
        """Method and last words of each path."""
        return [f"{asked.method} {asked.path.split('order_groups/')[1].split('?')[0]}" for asked in self.venue.asked]

    def wait_until(self, condition) -> None:
        for _ in range(PATIENCE_S * 100):
            if condition():
                return
            self._pause.wait(0.01)
        raise AssertionError(f"it did not come to that: {self.asked()}, {self.said}")


@contextmanager
def a_fuse(*replies: Reply, shards=(0,)):
    with LoopbackVenue(*replies) as venue:
        fused = Fused(venue)
        for shard in shards:
            fused.fuse.need(shard)
        fused.fuse.start()
        try:
            yield fused
        finally:
            fused.fuse.end()
            fused.fuse.join(time.monotonic() + PATIENCE_S)


def test_a_group_is_made_with_its_limit_and_entries_name_it():
    with a_fuse(made(), DONE) as fused:
        assert fused.fuse.group_id(0) in (None, "g-1")
        fused.wait_until(lambda: fused.fuse.is_whole)

        assert fused.fuse.group_id(0) == "g-1"
        assert json.loads(fused.venue.asked[0].body) == {"contracts_limit_fp": "100.00", "exchange_index": 0}


def test_until_the_group_is_there_no_entry_is_taken():
    with a_fuse(REFUSED) as fused:
        fused.wait_until(lambda: len(fused.venue.asked) > 1)

        assert (fused.fuse.is_whole, fused.fuse.group_id(0)) == (False, None)


@pytest.mark.parametrize("failure", [REFUSED, CUT, ODD], ids=["503", "cut", "odd"])
def test_what_fails_is_asked_again_until_the_venue_has_confirmed(failure):
    with a_fuse(failure, failure, made(), failure, DONE, failure, DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)
        fused.fuse.trip()
        assert fused.fuse.group_id(0) is None  # at once, whatever the venue says
        fused.wait_until(lambda: fused.asked().count("PUT g-1/trigger") == 2)
        fused.fuse.mend()
        fused.wait_until(lambda: fused.fuse.is_whole)

        assert fused.asked() == [
            *("POST create",) * 3,
            *("PUT g-1/trigger",) * 2,
            *("PUT g-1/reset",) * 2,
        ]
        assert [words.split(": ")[1] for words in fused.said] == [
            "create failed",
            "create failed",
            "trigger failed",
            "reset failed",
        ]


def test_a_tripped_fuse_is_not_whole_before_it_is_mended():
    with a_fuse(made(), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

        fused.fuse.trip()
        fused.fuse.trip()
        assert not fused.fuse.is_whole
        fused.wait_until(lambda: "PUT g-1/trigger" in fused.asked())
        assert not fused.fuse.is_whole
        fused.fuse.mend()
        fused.wait_until(lambda: fused.fuse.is_whole)

        assert fused.asked()[1:] == ["PUT g-1/trigger", "PUT g-1/reset"]


def test_a_trigger_of_which_nothing_was_heard_is_reset_when_it_is_not_wanted_any_more():
    """It may have been carried out: taken for whole, the group would refuse every entry for ever."""
    with a_fuse(made(), CUT, CUT, DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

        fused.fuse.trip()
        fused.wait_until(lambda: fused.said)
        fused.fuse.mend()
        assert (fused.fuse.is_whole, fused.fuse.group_id(0)) == (False, None)
        fused.wait_until(lambda: fused.fuse.is_whole)

        assert fused.asked()[1:] == ["PUT g-1/trigger", "PUT g-1/reset", "PUT g-1/reset"]


def test_a_group_that_is_gone_is_replaced_and_tripped_like_the_old_one():
    missing = Reply(404, {"error": {"code": "not_found"}})
    with a_fuse(made(), missing, made("g-2"), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

        fused.fuse.trip()
        fused.wait_until(lambda: "PUT g-2/trigger" in fused.asked())

        assert fused.asked()[:4] == ["POST create", "PUT g-1/trigger", "POST create", "PUT g-2/trigger"]
        assert fused.fuse.group_id(0) is None


def test_every_shard_has_a_group_of_its_own_and_all_are_tripped():
    with a_fuse(made("g-0"), made("g-1", 1), DONE, shards=(0, 1)) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)
        assert (fused.fuse.group_id(0), fused.fuse.group_id(1)) == ("g-0", "g-1")

        fused.fuse.trip()
        fused.wait_until(lambda: len(fused.asked()) == 4)

        assert set(fused.asked()[2:]) == {"PUT g-0/trigger", "PUT g-1/trigger"}


def test_a_shard_that_comes_after_the_kill_begins_tripped():
    with a_fuse(made("g-0"), DONE, made("g-1", 1), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)
        fused.fuse.trip()
        fused.wait_until(lambda: len(fused.asked()) == 2)

        fused.fuse.need(1)
        fused.fuse.need(1)
        fused.wait_until(lambda: "PUT g-1/trigger" in fused.asked())

        assert (fused.fuse.is_whole, fused.fuse.group_id(1)) == (False, None)


def test_a_group_that_the_venue_triggered_takes_no_entries_and_is_told_once():
    with a_fuse(made(), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

        fused.fuse.heard(GroupSeen("g-1", "triggered"))
        fused.fuse.heard(GroupSeen("g-1", "triggered"))

        assert (fused.triggered, fused.fuse.is_whole, fused.fuse.group_id(0)) == ([(0, True)], False, None)
        fused.fuse.mend()
        fused.wait_until(lambda: fused.fuse.is_whole)
        assert fused.asked() == ["POST create", "PUT g-1/reset"]


def test_our_own_trigger_is_no_news_and_neither_is_somebody_elses_group():
    with a_fuse(made(), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

        fused.fuse.heard(GroupSeen("g-9", "triggered"))
        assert fused.fuse.is_whole
        fused.fuse.trip()
        fused.fuse.heard(GroupSeen("g-1", "triggered"))

        assert fused.triggered == []


def test_a_group_that_the_venue_deleted_is_made_anew():
    with a_fuse(made(), made("g-2"), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

        fused.fuse.heard(GroupSeen("g-1", "deleted"))
        fused.wait_until(lambda: fused.fuse.group_id(0) == "g-2")

        assert fused.fuse.is_whole


def test_the_end_deletes_its_groups():
    with a_fuse(made(), DONE) as fused:
        fused.wait_until(lambda: fused.fuse.is_whole)

    assert fused.asked() == ["POST create", "DELETE g-1"]


def test_a_fuse_that_never_started_stops():
    with LoopbackVenue(DONE) as venue:
        fuse = Fused(venue).fuse
        fuse.end()
        fuse.join(time.monotonic() + PATIENCE_S)

        assert venue.asked == []
