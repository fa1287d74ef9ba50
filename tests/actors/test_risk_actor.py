"""The risk side's actor: the latch is on disk before it is announced, and permits are told and renewed on time."""

import pytest

from edgelock.actors.inbox import LanedInbox
from edgelock.actors.journal import JournalError
from edgelock.actors.messages import (
    AddMarket,
    CancelSent,
    ClockCompared,
    DriftNews,
    DropMarket,
    ExchangeStatusNews,
    GroupNews,
    KillSwitch,
    OrderOutcome,
    PermitNews,
    PrivateFeedNews,
    ResultRealized,
    ResultsRecovered,
    SettingsNews,
    StopTrading,
    Tick,
)
from edgelock.actors.risk_actor import KILL_LATCH, RiskActor
from edgelock.actors.risk_board import RiskBoard
from edgelock.actors.risk_memory_store import JournaledRiskMemory
from edgelock.core.breakers import Conditions
from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.facts import TimePassed
from edgelock.core.permit import Brake, Mode
from edgelock.core.risk_state import DAY
from edgelock.core.settings import RiskSettings, TradingSettings
from edgelock.core.units import SECOND, Money, Timestamp
from tests.actors.runtime_doubles import PATIENCE_S, a_life
from tests.actors.trading_doubles import HandClock, Letterbox, WatchedJournal, two_markets
from tests.core.builders import NOON, after

A, B = (market.ticker for market in two_markets())


class ListeningBox(Letterbox):
    """A letterbox that notes in a shared log when it is told something."""

    def __init__(self, name: str, log: list[str]) -> None:
        super().__init__(name)
        self._inbox.put = self._noting(self._inbox, log)

    @staticmethod
    def _noting(inbox: LanedInbox, log: list[str]):
        put = type(inbox).put

        def noting(envelope):
            log.append(type(envelope.message).__name__)
            put(inbox, envelope)

        return noting


class WatchedMemory(JournaledRiskMemory):
    """A memory in a real journal that notes when it is written, and whose disk can be taken away or forged."""

    def __init__(self, journal, scope, clock, log) -> None:
        super().__init__(journal, scope, clock)
        self._log = log
        self.found: str | None = None
        self.is_full = False

    def save(self, text: str) -> None:
        self._log.append("save")
        if self.is_full:
            raise JournalError("the disk is full")
        super().save(text)

    def trouble(self) -> str | None:
        return self.found or super().trouble()


class RiskSide:
    """A RiskActor without its thread, with two markets, and everybody around it."""

    def __init__(
        self,
        directory,
        *,
        starts_killed_by=None,
        settings=None,
        clock=None,
        needs_private_feed=False,
        scope="account",
        board=None,
    ) -> None:
        self.log: list[str] = []
        self.clock = clock or HandClock()
        self.journal = WatchedJournal(directory, self.log)
        self.memory = WatchedMemory(self.journal, scope, self.clock, self.log)
        self.board = board or RiskBoard()
        self.exchange = ListeningBox("exchange", self.log)
        self.telemetry = ListeningBox("telemetry", self.log)
        self.markets = {A: ListeningBox("a", self.log), B: ListeningBox("b", self.log)}
        self.life = a_life("risk")
        self._terms = {
            "settings": settings or RiskSettings(),
            "starts_killed_by": starts_killed_by,
            "needs_private_feed": needs_private_feed,
        }
        self.actor = self.an_actor(self.life)
        self.tell = self.actor.handle
        self.actor.on_start()
        for market in two_markets():
            self.tell(AddMarket(market, self.markets[market.ticker].address))

    def an_actor(self, life) -> RiskActor:
        return RiskActor(
            life,
            journal=self.journal,
            memory=self.memory,
            exchange=self.exchange.address,
            telemetry=self.telemetry.address,
            board=self.board,
            timer=self.clock.timer,
            clock=self.clock,
            **self._terms,
        )

    def permits(self, ticker=A) -> list:
        """Verdicts told to the door since the last look."""
        return [m.permit for m in self.exchange.taken() if isinstance(m, PermitNews) and m.ticker == ticker]

    def permit(self, ticker=A):
        """The last verdict that was told to the door."""
        return self.permits(ticker)[-1]

    def cancels(self, number, ticker=A) -> None:
        for _ in range(number):
            self.tell(CancelSent(ticker, self.clock.now(), Conditions()))

    def rejects(self, number) -> None:
        for _ in range(number):
            self.tell(OrderOutcome(A, self.clock.now(), is_accepted=False))

    def wait(self, nanoseconds: int) -> None:
        self.clock.timer.advance(nanoseconds)
        while not self.life.inbox.empty():
            self.tell(self.life.inbox.get().message)

    def told(self) -> list[str]:
        return [record.action for record in self.telemetry.records()]


@pytest.fixture
def build(tmp_path):
    sides = []

    def built(**arguments) -> RiskSide:
        sides.append(RiskSide(tmp_path, **arguments))
        return sides[-1]

    yield built
    for side in sides:
        side.journal.close()


def test_a_market_gets_its_verdict_at_the_door_and_at_its_own_address_when_it_is_added(build):
    side = build()

    assert side.permit(B).mode is Mode.OPEN
    assert [fact.permit.mode for fact in side.markets[B].facts()] == [Mode.OPEN]


# --- the latch --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [True, False])
def test_the_latch_is_durable_before_anybody_hears_of_it(build, on):
    side = build()
    if not on:
        side.tell(KillSwitch(True, "command"))
    side.log.clear()

    side.tell(KillSwitch(on, "command"))

    assert side.log[0] == f"latch {KILL_LATCH} {on}"
    assert {"Records", "PermitNews", "UrgentFact"} == set(side.log[1:])
    latch = side.journal.read_latch(KILL_LATCH)
    assert (latch.is_on, latch.who, latch.at) == (on, "command", NOON)


def test_kill_withdraws_the_permission_to_enter_everywhere_and_resume_gives_it_back(build):
    side = build()
    side.tell(KillSwitch(True, "SIGUSR1"))
    assert [(p.mode, p.reason) for p in (side.permit(A),)] == [(Mode.REDUCE_ONLY, "kill")]
    assert side.markets[B].facts()[-1].permit.reason == "kill"
    assert side.board.state().is_killed

    side.tell(KillSwitch(False, "SIGUSR2"))

    assert side.permit(A).mode is Mode.OPEN
    assert side.told() == ["kill_on", "kill_off"]


def test_a_bot_that_was_killed_and_started_again_is_still_killed(build):
    first = build()
    first.tell(KillSwitch(True, "command"))

    heir = build()

    assert heir.permit().reason == "kill"
    (record,) = heir.telemetry.records()
    assert (record.action, record.who) == ("kill_on", "latch set by command")


def test_a_bot_that_was_resumed_and_started_again_trades(build):
    first = build()
    first.tell(KillSwitch(True, "command"))
    first.tell(KillSwitch(False, "command"))

    assert build().permit().mode is Mode.OPEN


def test_disable_new_quotes_starts_killed_for_this_run_only(build):
    side = build(starts_killed_by="setting")
    assert side.permit().reason == "kill"
    assert [record.who for record in side.telemetry.records()] == ["setting"]
    assert side.journal.read_latch(KILL_LATCH) is None

    side.tell(KillSwitch(False, "command"))

    assert side.permit().mode is Mode.OPEN
    assert build().permit().mode is Mode.OPEN


def test_a_disk_that_fails_keeps_nobody_from_killing(build):
    side = build()
    side.journal.is_broken = True

    side.tell(KillSwitch(True, "command"))

    assert side.permit().reason == "kill"
    assert side.told() == ["log", "kill_on"]


def test_a_disk_that_fails_keeps_the_latch_on(build):
    side = build()
    side.tell(KillSwitch(True, "command"))
    side.journal.is_broken = True

    side.tell(KillSwitch(False, "command"))

    assert side.permit().reason == "kill"
    assert side.board.state().is_killed


# --- permits ----------------------------------------------------------------------------------------------------


def test_permits_are_renewed_every_second_at_the_door_and_at_the_market(build):
    side = build()
    side.exchange.taken()
    side.markets[A].taken()

    side.wait(SECOND)
    first = [m.issued_ns for m in side.exchange.taken() if isinstance(m, PermitNews)]
    side.wait(SECOND)
    second = [m.issued_ns for m in side.exchange.taken() if isinstance(m, PermitNews)]

    assert (len(first), len(second)) == (2, 2)
    assert second[0] - first[0] == SECOND
    assert len(side.markets[A].facts()) == 2


def test_traffic_does_not_put_the_renewal_off(build):
    side = build()
    side.exchange.taken()

    for _ in range(3):
        side.wait(SECOND * 4 // 10)
        side.tell(OrderOutcome(A, side.clock.now(), is_accepted=True))

    assert side.permits()


def test_a_verdict_that_did_not_change_is_not_told_between_renewals(build):
    side = build()
    side.exchange.taken()

    side.tell(OrderOutcome(A, side.clock.now(), is_accepted=True))

    assert side.permits() == []


def test_a_dropped_market_is_told_nothing_any_more(build):
    side = build()
    side.tell(DropMarket(A))
    side.markets[A].taken()

    side.tell(KillSwitch(True, "command"))

    assert side.markets[A].taken() == []


# --- breakers, rejects, losses ----------------------------------------------------------------------------------


def test_the_breaker_of_one_market_brakes_that_market_and_is_told(build):
    side = build()

    side.cancels(12)
    soft = side.permit()
    side.cancels(4)

    assert (soft.mode, soft.brake, soft.cancels_30) == (Mode.OPEN, Brake.SOFT, 12)
    hard = side.permit()
    assert (hard.mode, hard.reason, hard.until) == (Mode.REDUCE_ONLY, "cb_hard", after(30))
    assert side.told() == ["cb_soft", "cb_hard"]
    side.wait(0)
    assert all(fact.permit.mode is Mode.OPEN for fact in side.markets[B].facts())


def test_a_tier_ends_at_its_moment_and_not_at_the_next_renewal(build):
    side = build(settings=RiskSettings.model_validate(
        {"breaker_soft": {"cancels_30s": 2, "cancels_60s": 2, "lasts_s": "0.2"}}))  # fmt: skip
    side.cancels(2)
    side.exchange.taken()

    side.wait(SECOND // 5)

    assert side.permit().brake is Brake.NONE
    assert side.told() == ["cb_soft", "cb_clear"]


def test_the_portfolios_breaker_holds_every_market(build):
    side = build(settings=RiskSettings.model_validate({"portfolio_breaker_multiplier": 1}))

    side.cancels(8, A)
    side.cancels(8, B)

    assert {box.facts()[-1].permit.reason for box in side.markets.values()} == {"cb_hard"}


def test_five_rejects_in_a_row_turn_entries_off_for_that_market_alone_and_the_pause_doubles(build):
    side = build()
    side.rejects(5)
    assert (side.permit().reason, side.markets[B].facts()[-1].permit.mode) == ("rejects", Mode.OPEN)

    side.wait(60 * SECOND)
    assert side.permit().mode is Mode.OPEN
    side.rejects(5)

    pauses = [record for record in side.telemetry.records() if record.action == "reject_pause"]
    assert [pause.until for pause in pauses] == [after(60), after(180)]


def test_the_daily_loss_stops_entries_until_an_operators_resume(build):
    side = build()
    side.tell(ResultRealized(A, side.clock.now(), Money(-50_000_000)))
    assert (side.permit(A).reason, side.told()) == ("loss_limit", ["loss_limit"])
    assert side.markets[B].facts()[-1].permit.reason == "loss_limit"

    side.tell(KillSwitch(False, "command"))

    assert side.permit().mode is Mode.OPEN


def test_the_daily_loss_ends_with_the_utc_day(build):
    side = build()
    side.tell(ResultRealized(A, side.clock.now(), Money(-50_000_000)))
    until = side.permit().until

    side.wait(until - side.clock.now())

    assert side.permit().mode is Mode.OPEN


def test_new_limits_hold_from_the_moment_they_are_told(build):
    side = build()

    side.tell(SettingsNews(TradingSettings.model_validate({"risk": {"max_daily_loss_usd": 1}})))
    side.tell(ResultRealized(A, side.clock.now(), Money(-1_000_000)))

    assert side.permit().reason == "loss_limit"


def test_a_clock_that_is_certainly_off_stops_entries_until_it_is_right_again(build):
    side = build()
    side.tell(ClockCompared(least_ms=900, most_ms=1200))
    assert side.told() == []

    side.tell(ClockCompared(least_ms=1001, most_ms=1200))
    assert side.permit().reason == "clock_skew"
    side.tell(ClockCompared(least_ms=-3000, most_ms=-1001))
    side.tell(ClockCompared(least_ms=-100, most_ms=100))

    assert side.permit().mode is Mode.OPEN
    assert side.told() == ["clock_skew", "clock_skew"]


def test_a_run_that_needs_private_news_enters_only_while_it_has_them(build):
    side = build(needs_private_feed=True)
    before, lost_since = side.permit(), side.board.state().venue.private_feed_lost_since

    side.tell(PrivateFeedNews(is_live=True))
    live = side.permit()
    side.tell(PrivateFeedNews(is_live=False))

    assert (before.mode, before.reason) == (Mode.REDUCE_ONLY, "private_feed")
    assert lost_since == NOON
    assert live.mode is Mode.OPEN
    assert side.permit().reason == "private_feed"


def test_a_pause_of_the_markets_shard_reaches_the_door_and_ends_with_the_next_news(build):
    side = build()

    side.tell(ExchangeStatusNews({0: ShardStanding(standing=Standing.TRADING_PAUSED)}))
    paused = side.permit()
    side.tell(ExchangeStatusNews({0: ShardStanding()}))

    assert (paused.mode, paused.reason) == (Mode.HALTED, "trading_paused")
    assert side.permit().mode is Mode.OPEN
    assert side.told() == ["exchange_status", "exchange_status"]


def test_a_drift_holds_one_market_and_a_group_that_fired_all_until_the_resume(build):
    side = build()

    side.tell(DriftNews(A, is_drifting=True))
    drifting = [side.permit(), side.markets[B].facts()[-1].permit]
    side.tell(DriftNews(A, is_drifting=False))
    side.tell(GroupNews(0, is_triggered=True))
    fired = [side.permit(), side.markets[B].facts()[-1].permit]
    side.tell(KillSwitch(False, "command"))

    assert [permit.reason for permit in drifting] == ["drift", ""]
    assert [permit.reason for permit in fired] == ["order_group", "order_group"]
    assert side.permit().mode is Mode.OPEN


# --- what the next life knows -----------------------------------------------------------------------------------


def test_what_was_counted_is_on_disk_before_anybody_is_told_what_follows_from_it(build):
    side = build()
    side.cancels(11)
    side.log.clear()

    side.cancels(1)

    assert side.log[0] == "save"
    assert {"Records", "PermitNews", "UrgentFact"} == set(side.log[1:])


def test_what_changes_nothing_durable_is_not_written(build):
    side = build()
    side.log.clear()

    side.tell(PrivateFeedNews(is_live=False))
    side.tell(OrderOutcome(A, side.clock.now(), is_accepted=True))
    side.wait(3 * SECOND)

    assert "save" not in side.log


def test_cancels_of_before_a_death_trip_the_breaker_after_it(build):
    first = build()
    first.cancels(15)

    heir = build(clock=first.clock)
    before = heir.permit()
    heir.cancels(1)

    assert (before.brake, before.cancels_30) == (Brake.SOFT, 15)
    assert heir.permit().reason == "cb_hard"
    assert heir.told() == ["cb_hard"]


def test_on_a_thread_of_its_own_a_death_behind_a_burst_of_cancels_loses_none_of_them(build):
    side, lives = build(), (a_life("risk", 1), a_life("risk", 2))
    first, second = (side.an_actor(life) for life in lives)

    first.launch()
    for _ in range(15):
        lives[0].address.tell(CancelSent(A, side.clock.now(), Conditions()))
    lives[0].address.tell(Tick(TimePassed(at=NOON)))
    assert first.ended.wait(PATIENCE_S)
    second.launch()
    lives[1].address.tell(CancelSent(A, side.clock.now(), Conditions()))
    lives[1].address.tell(Tick(TimePassed(at=NOON)))
    assert second.ended.wait(PATIENCE_S)

    assert "does not handle Tick" in first.obituary.reason_text
    assert side.told() == ["cb_soft", "cb_hard"]


def test_the_first_verdict_of_a_new_life_is_that_of_the_old_one(build):
    first = build()
    first.tell(ResultRealized(A, first.clock.now(), Money(-50_000_000)))
    first.rejects(5)
    first.tell(GroupNews(2, is_triggered=True))
    last = first.permit()

    heir = build(clock=first.clock)

    assert heir.permits()[0] == last
    assert last.reason == "loss_limit"
    assert heir.board.state().venue.fired_groups == {2: NOON}
    assert heir.board.state().market(A).paused_until == after(60)


def test_a_tier_that_ended_between_two_lives_is_over_and_that_is_told(build):
    first = build()
    first.cancels(16)
    first.clock.timer.advance(31 * SECOND)

    heir = build(clock=first.clock)

    assert heir.permit().mode is Mode.OPEN
    assert heir.told() == ["cb_clear"]


def test_what_happened_in_another_world_does_not_count_here(build):
    first = build(scope="one world")
    first.tell(ResultRealized(A, first.clock.now(), Money(-50_000_000)))

    assert build(scope="another", clock=first.clock).permit().mode is Mode.OPEN
    assert build(scope="one world", clock=first.clock).permit().reason == "loss_limit"


def test_a_result_of_yesterday_that_is_found_today_does_not_count_today(build):
    side = build()
    yesterday = Timestamp(NOON - NOON % DAY - 1)

    side.tell(ResultRealized(A, yesterday, Money(-60_000_000)))
    side.tell(ResultRealized(A, Timestamp(yesterday + 1), Money(-20_000_000)))

    assert side.permit().mode is Mode.OPEN
    assert side.board.state().realized_today == -20_000_000


def test_a_result_that_a_dying_run_wrote_down_and_did_not_count_is_counted_in_the_next(build):
    first = build()
    first.tell(ResultRealized(A, first.clock.now(), Money(-30_000_000)))
    heir = build(clock=first.clock)

    heir.tell(ResultsRecovered(A, ((NOON, Money(-30_000_000)), (NOON, Money(-20_000_000)))))

    assert heir.permit().reason == "loss_limit"
    assert heir.board.state().realized_today == -50_000_000


def test_a_kill_that_could_not_be_written_holds_in_the_next_life_of_the_run(build):
    first = build()
    first.journal.is_broken = True
    first.tell(KillSwitch(True, "SIGUSR1"))

    heir = build(clock=first.clock, board=first.board)

    assert heir.permit().reason == "kill"
    assert heir.board.state().killed_by == "SIGUSR1"


def test_a_life_that_begins_during_the_shutdown_lets_no_order_out(build):
    first = build()
    first.tell(StopTrading())

    heir = build(clock=first.clock, board=first.board)

    assert heir.permit().mode is Mode.HALTED


def test_a_latch_that_cannot_be_read_is_on(build, monkeypatch):
    def unreadable(_journal, _name):
        raise JournalError("the file is damaged")

    monkeypatch.setattr(WatchedJournal, "read_latch", unreadable)

    side = build()

    assert side.permit().reason == "kill"
    assert "damaged" in side.board.state().killed_by


# --- trouble with the disk --------------------------------------------------------------------------------------


def test_while_the_disk_cannot_be_written_nobody_enters_and_that_is_told_once(build):
    side = build()
    side.memory.is_full = True

    side.cancels(1)
    side.cancels(1)
    side.wait(3 * SECOND)

    assert {box.facts()[-1].permit.reason for box in side.markets.values()} == {"journal"}
    assert side.permit().mode is Mode.REDUCE_ONLY
    assert side.told() == ["journal_trouble"]
    assert side.board.state().journal_trouble == "the disk is full"


def test_in_trouble_only_the_tick_tries_again(build):
    side = build()
    side.memory.is_full = True
    side.cancels(1)
    side.log.clear()

    side.cancels(20)
    tried_by_messages = side.log.count("save")
    side.wait(SECOND)

    assert (tried_by_messages, side.log.count("save")) == (0, 1)


def test_entries_return_once_a_probe_is_fine_and_all_that_was_counted_meanwhile_is_written(build):
    side = build()
    side.memory.is_full = True
    side.cancels(5)
    side.tell(ResultRealized(A, side.clock.now(), Money(-1_000_000)))
    side.memory.is_full = False
    still = side.permit()

    side.wait(SECOND)

    assert (still.reason, side.permit().mode) == ("journal", Mode.OPEN)
    assert side.told() == ["journal_trouble", "journal_ok"]
    heir = build(clock=side.clock)
    assert heir.board.state().realized_today == -1_000_000
    assert heir.permit().cancels_30 == 5


def test_a_probe_that_finds_trouble_stops_entries_without_a_write_and_one_that_does_not_lets_them_return(build):
    side = build()

    side.memory.found = "the file was deleted"
    side.wait(SECOND)
    held = side.permit()
    side.memory.found = None
    side.wait(SECOND)

    assert (held.reason, held.mode) == ("journal", Mode.REDUCE_ONLY)
    assert side.permit().mode is Mode.OPEN
    records = side.telemetry.records()
    assert [record.action for record in records] == ["journal_trouble", "journal_ok"]
    assert records[0].message == "the file was deleted"
    assert records[1].held_s == SECOND


def test_a_disk_that_fails_keeps_neither_a_breaker_nor_a_loss_from_holding(build):
    side = build()
    side.memory.is_full = True

    side.cancels(16)
    side.tell(ResultRealized(A, side.clock.now(), Money(-50_000_000)))

    assert side.board.state().loss_limit_until is not None
    assert side.told() == ["journal_trouble", "cb_soft", "cb_hard", "loss_limit"]
    assert side.permit().brake is Brake.HARD


@pytest.mark.parametrize("text", ["not what the risk side writes", '{"scheme":99}'])
def test_what_cannot_be_read_stops_entries_until_a_resume_and_is_not_written_over(build, text):
    first = build()
    first.journal.save_risk(text, scope="account", at=NOON)

    side = build(clock=first.clock)
    side.cancels(3)
    side.wait(2 * SECOND)
    held = side.permit()
    kept = side.journal.load_risk(scope="account")
    side.tell(KillSwitch(False, "command"))

    assert (held.reason, held.mode, kept) == ("journal", Mode.REDUCE_ONLY, text)
    assert side.permit().mode is Mode.OPEN
    assert side.told() == ["journal_trouble", "kill_off", "journal_ok"]
    assert build(clock=side.clock).permit().cancels_30 == 3


def test_a_journal_that_cannot_be_read_at_the_start_stops_entries_until_a_resume(build, monkeypatch):
    def unreadable(_memory):
        raise JournalError("another process holds it locked")

    monkeypatch.setattr(WatchedMemory, "load", unreadable)

    side = build()

    assert side.permit().reason == "journal"
    assert "locked" in side.telemetry.records()[0].message


def test_a_message_it_does_not_know_is_an_error(build):
    with pytest.raises(TypeError, match="does not handle Tick"):
        build().tell(Tick(TimePassed(at=NOON)))
