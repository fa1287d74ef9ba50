"""All actors of a run, wired: what is told at the top arrives where it belongs, and everything ends."""

import pytest

from edgelock.actors.journal import Journal
from edgelock.core.facts import FeedStatus, FeedStatusChanged, MarketStatusChanged
from edgelock.core.market import MarketStatus
from edgelock.core.permit import Mode
from edgelock.ops.settings import Settings
from edgelock.ops.trading_system import MARKET_PREFIX
from tests.core.builders import NOON, a_market
from tests.ops.trading_house import a_paper_house

A, B = "KXNHLGAME-A", "KXNHLGAME-B"


@pytest.fixture
def house(tmp_path):
    with a_paper_house(tmp_path) as house:
        yield house


def test_a_market_that_is_added_is_recovered_and_permitted(house):
    house.system.add_market(a_market(ticker=A))

    state = house.board.wait_for(A, lambda state: state.permit.mode is Mode.OPEN and state.is_recovered)

    assert (state.order_prefix, house.system.tickers()) == (f"r1-{A}-1", (A,))
    house.ledger.wait_for("actor_start", where=lambda record: record.actor == MARKET_PREFIX + A)


def test_the_latch_reaches_every_market(house):
    for ticker in (A, B):
        house.system.add_market(a_market(ticker=ticker))

    house.system.switch_kill(on=True, who="command")

    for ticker in (A, B):
        house.board.wait_for(ticker, lambda state: state.permit.reason == "kill")
    assert house.ledger.wait_for("kill_on").who == "command"
    house.system.switch_kill(on=False, who="command")
    house.board.wait_for(A, lambda state: state.permit.mode is Mode.OPEN)


def test_a_market_that_is_crashed_comes_back_alone(house):
    for ticker in (A, B):
        house.system.add_market(a_market(ticker=ticker))
        house.wait_for_market(ticker)

    assert house.system.crash_market(A, "for a test")
    restart = house.ledger.wait_for("actor_restart", market=A)

    assert (restart.incarnation, restart.recovered_net, restart.recovered_vwap) == (2, 0, None)
    house.board.wait_for(A, lambda state: state.order_prefix == f"r1-{A}-2")
    assert house.system.supervisor.supervision_status().child(MARKET_PREFIX + B).incarnation == 1
    assert house.notices


def test_a_market_is_restarted_on_a_persons_wish_and_one_that_is_not_traded_is_not(house):
    house.system.add_market(a_market(ticker=A))
    house.wait_for_market(A)

    assert house.system.restart_market(A)
    assert not house.system.restart_market(B)
    assert not house.system.crash_market(B, "for a test")

    assert house.ledger.wait_for("actor_restart", market=A).incarnation == 2


def test_a_restarted_market_knows_the_status_its_predecessor_was_told(house):
    house.system.add_market(a_market(ticker=A))
    state = house.wait_for_market(A)
    paused = MarketStatusChanged(at=NOON, status=MarketStatus.INACTIVE, close_time=state.market.close_time)
    house.system.tell_market(A, paused)
    house.board.wait_for(A, lambda state: state.market.status is MarketStatus.INACTIVE)

    house.system.restart_market(A)

    heir = house.board.wait_for(A, lambda state: state.order_prefix == f"r1-{A}-2")
    assert heir.market.status is MarketStatus.INACTIVE


def test_a_dropped_market_is_gone_and_a_late_word_of_its_actor_does_not_bring_it_back(house):
    house.system.add_market(a_market(ticker=A))
    state = house.wait_for_market(A)

    house.system.drop_market(A)
    house.board.publish(state, 1)

    assert (house.board.states(), house.system.tickers()) == ((), ())


def test_new_settings_reach_the_markets(house):
    house.system.add_market(a_market(ticker=A))
    house.wait_for_market(A)

    house.system.apply_settings(Settings.model_validate({"markets": {A: {"dwell_s": 3}}}))

    house.board.wait_for(A, lambda state: state.settings.dwell == 3_000_000_000)


def test_closing_with_nothing_open_is_confirmed(house):
    house.system.add_market(a_market(ticker=A))
    house.wait_for_market(A)

    left = house.system.close_orders()

    assert (left.open_orders, left.positions, left.realized) == ((), (), 0)


def test_disable_new_quotes_starts_killed(tmp_path):
    with a_paper_house(tmp_path, trading={"disable_new_quotes": True}) as house:
        house.system.add_market(a_market(ticker=A))

        house.board.wait_for(A, lambda state: state.permit.reason == "kill")
        assert house.ledger.wait_for("kill_on").who == "setting"


def test_a_feed_status_told_to_a_market_arrives(house):
    house.system.add_market(a_market(ticker=A))
    house.wait_for_market(A)

    house.system.tell_market(A, FeedStatusChanged(at=NOON, status=FeedStatus.LIVE, reason=""))
    house.system.tell_market(B, FeedStatusChanged(at=NOON, status=FeedStatus.LIVE, reason=""))

    house.board.wait_for(A, lambda state: state.feed is FeedStatus.LIVE)


def test_a_quarantined_market_is_withdrawn_at_the_door(house):
    """Its actor is gone; what it left on the book is the door's to take off."""
    house.system.add_market(a_market(ticker=A))
    house.wait_for_market(A)

    for life in range(1, 4):
        house.board.wait_for(A, lambda state, life=life: state.order_prefix == f"r1-{A}-{life}" and state.is_recovered)
        assert house.system.crash_market(A, "the same defect again")
        house.ledger.wait_for("actor_crash", market=A, where=lambda record, life=life: record.incarnation == life)

    assert house.ledger.wait_for("actor_quarantine", market=A).incarnation == 3
    assert house.system.restart_market(A)
    house.board.wait_for(A, lambda state: state.order_prefix == f"r1-{A}-4")


def test_a_market_counts_its_lives_on_from_those_of_earlier_processes(tmp_path):
    with a_paper_house(tmp_path) as house:
        house.journal.record_incarnation(A, 41)
        house.system.add_market(a_market(ticker=A))

        house.board.wait_for(A, lambda state: state.order_prefix == f"r1-{A}-42")
        assert house.system.supervisor.supervision_status().child(MARKET_PREFIX + A).restarts == 0

    journal = Journal(tmp_path)
    assert journal.last_incarnation(A) == 42
    journal.close()
