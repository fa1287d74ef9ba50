"""Since when a gate holds: dated at the first look that sees it, and kept while it stays the same."""

from dataclasses import replace

from edgelock.core.facts import FeedStatus
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.core.units import SECOND
from edgelock.ops.gate_history import GateHistory
from tests.core.builders import NOON, TICKER, a_market, a_state, after


class Watched:
    """Markets that the test changes, a real clock that it moves, and a history that looks at both."""

    def __init__(self) -> None:
        self.states = (a_state(),)
        self.now_ns = 0
        self.history = GateHistory(states=lambda: self.states, strategy=EDGE_LOCKED, monotonic_ns=lambda: self.now_ns)
        self.history.look()

    def after_a_second(self, **changes) -> None:
        self.states = (replace(self.states[0], **changes),)
        self.now_ns += SECOND
        self.history.look()

    def since(self, name: str, part: str = "bid"):
        return self.history.since(TICKER)(part, name)


def test_a_gate_is_dated_by_the_look_that_saw_it_change():
    watched = Watched()
    watched.after_a_second(now=after(1))
    watched.after_a_second(now=after(2), feed=FeedStatus.STALE)
    watched.after_a_second(now=after(3))

    assert (watched.since("feed"), watched.since("book")) == (after(2), NOON)
    assert watched.since("feed", "ask") == after(2)


def test_a_gate_that_opens_again_is_dated_anew():
    watched = Watched()
    watched.after_a_second(now=after(1), feed=FeedStatus.STALE)
    watched.after_a_second(now=after(2), feed=FeedStatus.LIVE)

    assert watched.since("feed") == after(2)


def test_exits_are_dated_too():
    watched = Watched()
    watched.after_a_second(now=after(1), exit_hold_until=after(9), position=a_state().position)

    assert watched.since("book", "exits") == NOON


def test_nothing_is_known_of_what_was_never_looked_at():
    watched = Watched()

    assert watched.history.since("OTHER")("bid", "feed") is None
    assert watched.since("kill") is None
    assert watched.since("feed", "no part") is None


def test_it_looks_no_more_than_once_a_second():
    watched = Watched()
    watched.states = (replace(watched.states[0], now=after(1), feed=FeedStatus.STALE),)
    watched.now_ns += SECOND - 1
    watched.history.look()

    assert watched.since("feed") == NOON


def test_a_market_that_was_left_is_forgotten():
    watched = Watched()
    watched.states = (a_state(market=a_market(ticker="B")),)
    watched.now_ns += SECOND
    watched.history.look()

    assert watched.since("feed") is None
    assert watched.history.since("B")("bid", "feed") == NOON
