"""The per-market restart log: every death and return is one line, with what was found on record."""

from dataclasses import replace

import pytest

from edgelock.actors import notices as notice
from edgelock.actors.journal_records import LifeNote
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.settings import StrategySettings
from edgelock.ops.life_notes import LifeNotes
from edgelock.ops.restart_log import RestartLog, ticker_of
from tests.core.builders import NOON, a_market, a_position, an_exit, contracts

A = "market:KXNHLGAME-A"
RESTARTED = notice.ChildRestarted(name=A, incarnation=2, restarts_in_window=1, backoff_ns=500_000_000, down_ns=7)


def a_log() -> tuple[RestartLog, list]:
    records: list = []
    return RestartLog(now=lambda: NOON, record=records.append), records


def a_recovered_state() -> MarketState:
    state = MarketState(
        market=a_market(), settings=StrategySettings(), run_mode=RunMode.PAPER, order_prefix="t", is_recovered=True
    )
    return replace(state, position=a_position(10, 48), orders=(an_exit("t-9"),))


def test_the_ticker_of_a_child_is_known_for_markets_only():
    assert (ticker_of(A), ticker_of("risk")) == ("KXNHLGAME-A", None)


@pytest.mark.parametrize("market_first", [True, False])
def test_a_restart_is_told_once_with_what_was_found_whoever_speaks_first(market_first):
    log, records = a_log()
    halves = [lambda: log.recovered(A, 2, a_recovered_state()), lambda: log.take(RESTARTED)]
    first, second = halves if market_first else reversed(halves)

    first()
    assert records == []
    second()

    (line,) = records
    assert (line.action, line.market, line.incarnation, line.restarts_in_window) == (
        "actor_restart", "KXNHLGAME-A", 2, 1,
    )  # fmt: skip
    assert (line.recovered_net, line.recovered_vwap, line.recovered_orders) == (contracts(10), 4800, ("t-9",))


def test_the_recovery_of_a_first_life_is_no_restart():
    log, records = a_log()

    log.recovered(A, 1, a_recovered_state())
    log.take(notice.ChildStarted(name=A, incarnation=1))

    assert [line.action for line in records] == ["actor_start"]


@pytest.mark.parametrize(
    ("news", "action", "market"),
    [
        (replace(RESTARTED, name="feed"), "actor_restart", None),
        (
            notice.ChildCrashed(
                name=A, incarnation=1, reason="X", signature="s", phase="handle", message="Fill()", traceback="T"
            ),
            "actor_crash",
            "KXNHLGAME-A",
        ),
        (
            notice.ChildQuarantined(name=A, incarnation=6, reason="too often", restarts_in_window=6, signature="s"),
            "actor_quarantine",
            "KXNHLGAME-A",
        ),
        (
            notice.ChildHung(name=A, incarnation=1, busy_with="BookNews", busy_ns=5, stack="line 1"),
            "actor_hung",
            "KXNHLGAME-A",
        ),
        (notice.MailboxDeep(name=A, depth=1_000), "mailbox_deep", "KXNHLGAME-A"),
        (
            notice.InfrastructureRestarting(name="risk", reason="X", stopped=(A, "feed"), backoff_ns=5),
            "infrastructure_restart",
            None,
        ),
        (notice.StormHeld(children=(A, "feed"), hold_ns=60), "restart_storm", None),
        (notice.StormOver(probe=A), "restart_storm_over", None),
        (notice.RequestRefused(name=A, request="restart", reason="it is not there"), "log", None),
        (notice.ChildStopped(name=A, incarnation=1, is_abandoned=True), "log", None),
    ],
)
def test_every_notice_is_a_line(news, action, market):
    log, records = a_log()

    log.take(news)

    (line,) = records
    assert (line.action, getattr(line, "market", None)) == (action, market)


def test_giving_up_is_an_error():
    log, records = a_log()

    log.take(notice.Escalated(name="risk", reason="it died three times"))

    assert [(line.action, line.severity) for line in records] == [("log", "ERROR")]


@pytest.mark.parametrize("market_first", [True, False])
def test_a_first_life_that_is_not_numbered_one_is_no_restart_either(market_first):
    """A market that was left and came back goes on counting its lives."""
    log, records = a_log()
    halves = [
        lambda: log.recovered(A, 4, a_recovered_state()),
        lambda: log.take(notice.ChildStarted(name=A, incarnation=4)),
    ]
    for half in halves if market_first else reversed(halves):
        half()
    log.take(replace(RESTARTED, incarnation=4))

    assert [line.action for line in records] == ["actor_start"], "the recovery was the first life's"


def test_a_life_that_died_before_it_recovered_came_back_nevertheless():
    log, records = a_log()

    log.take(RESTARTED)
    log.take(
        notice.ChildCrashed(
            name=A, incarnation=2, reason="X", signature="s", phase="handle", message="", traceback="Traceback"
        )
    )
    log.recovered(A, 2, a_recovered_state())

    assert [line.action for line in records] == ["actor_restart", "actor_crash"]
    assert records[0].recovered_net is None
    assert records[1].message is None


def test_an_ordinary_end_is_not_a_line():
    log, records = a_log()

    log.take(notice.ChildStopped(name=A, incarnation=1, is_abandoned=False))

    assert records == []


class Notebook:
    """Notes in memory."""

    def __init__(self) -> None:
        self.notes: list[LifeNote] = []

    def record_life(self, note: LifeNote) -> None:
        self.notes.append(note)

    def record_incarnation(self, ticker: str, number: int) -> None:
        pass

    def lives_of(self, actor: str, *, most: int) -> tuple[LifeNote, ...]:
        return tuple(note for note in reversed(self.notes) if note.actor == actor)[:most]


def test_deaths_and_returns_outlive_the_run():
    notes = LifeNotes(Notebook(), failed=pytest.fail)
    log = RestartLog(now=lambda: NOON, record=lambda _record: None, run="r1", notes=notes)

    log.take(notice.ChildStarted(name=A, incarnation=1))
    log.take(
        notice.ChildCrashed(
            name=A, incarnation=1, reason="X", signature="s", phase="handle", message="Tick", traceback="Traceback"
        )
    )
    log.take(RESTARTED)
    log.recovered(A, 2, a_recovered_state())
    log.take(replace(RESTARTED, name="feed"))
    notes.start()
    assert notes.stop(30)

    assert [(note.event, note.incarnation) for note in log.lives_of(A, most=9)] == [("restart", 2), ("crash", 1)]
    assert log.lives_of(A, most=1)[0].detail.startswith("recovered net 10.00 at 0.4800")
    assert [note.took_ns for note in log.lives_of("feed", most=9)] == [7]


def test_a_log_without_notes_has_no_lives():
    log, _ = a_log()

    assert log.lives_of(A, most=9) == ()
