"""`why` of a real system: what it says is what was published, and nobody is asked for it."""

import json
import threading

import pytest

from edgelock.core.decide import decide
from edgelock.core.intents import PlaceOrder
from edgelock.core.order import Role
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.ops.control_client import ask
from edgelock.ops.control_handlers import control_handlers
from edgelock.ops.control_server import ControlServer
from edgelock.ops.gate_history import gate_history
from edgelock.ops.why import near
from edgelock.ops.why_text import why_text
from tests.ops.trading_house import MARKET as A
from tests.ops.trading_house import a_run

EQUAL_CRASHES = 3
"""So many crashes alike put a market in quarantine."""


@pytest.fixture
def served(tmp_path):
    with a_run(tmp_path) as run:
        history = gate_history(run.system)
        history.look()
        handlers = control_handlers(run.loop, history)
        with ControlServer(tmp_path, handlers, failed=lambda _error: None):
            yield run, lambda command, **fields: ask(tmp_path, command, **fields)


def parts_of(answer) -> dict[str, dict]:
    return {part["part"]: part for part in answer["parts"]}


def check_of(answer, part: str, name: str, where: str | None = None) -> dict:
    checks = parts_of(answer)[part]["checks"]
    (found,) = [each for each in checks if each["name"] == name and where in (None, each["where"])]
    return found


def test_a_market_without_a_book_says_so_on_both_sides(served):
    run, command = served
    command("resume")

    answer = command("why", ticker=A)

    state = run.system.boards.markets.state(A)
    placed = [i for i in decide(state, EDGE_LOCKED).intents if isinstance(i, PlaceOrder) and i.role is Role.ENTRY]
    assert (answer["ticker"], answer["state"]) == (A, state.position.skew)
    assert [parts_of(answer)[part]["may_trade"] for part in ("bid", "ask")] == [False, False]
    assert placed == []
    assert check_of(answer, "bid", "feed", "market") | {"since": None} == {
        "where": "market", "name": "feed", "is_holding": True, "found": state.feed.value, "allowed": "live",
        "since": None, "until": None,
    }  # fmt: skip
    assert check_of(answer, "bid", "feed", "market")["since"] is not None
    assert parts_of(answer)["exits"]["answer"] == "flat, nothing to leave"


def test_the_kill_switch_is_the_first_answer_while_it_is_on(served):
    _, command = served
    command("kill")

    answer = command("why", ticker=A)

    assert parts_of(answer)["bid"]["answer"].startswith("no quote: kill on")
    assert check_of(answer, "ask", "kill")["is_holding"]
    assert max(map(len, why_text(answer).splitlines())) <= 80


def test_every_actor_that_a_market_needs_is_looked_at(served):
    _, command = served

    answer = command("why", ticker=A)

    for name in ("telemetry actor", "exchange actor", "risk actor", "feed actor", "market actor"):
        check = check_of(answer, "exits", name)
        assert (check["is_holding"], check["found"]) == (False, "running, life 1")
        assert check["since"] <= answer["at"]


def test_an_unknown_ticker_is_answered_with_those_near_it(served):
    _, command = served

    assert command("why", ticker="GAME-A") == {"unknown": "GAME-A", "near": [A]}
    assert command("restarts", name="nobody-at-all")["unknown"] == "nobody-at-all"


def test_the_restart_log_of_a_quiet_run_is_empty(served):
    run, command = served

    assert command("restarts")["lives"] == []
    assert command("restarts", name=A)["run"] == run.system.run
    assert command("restarts", name="risk")["lives"] == []


def test_near_is_what_contains_the_text_else_what_looks_like_it():
    known = ("KXNHLGAME-26NOV22BOSTOR-BOS", "KXNHLGAME-26NOV22BOSTOR-TOR", "KXNFLGAME-26NOV22GBCHI-GB")

    assert near("bostor", known) == list(known[:2])
    assert near("KXNHLGAME-26NOV22BOSTOR-BOZ", known)[0] == known[0]
    assert near("", known) == []


def test_a_market_in_quarantine_says_so_first_and_its_lives_can_be_read(served):
    run, command = served
    told = run.house.ledger
    for life in range(1, EQUAL_CRASHES + 1):
        run.system.crash_market(A, "again")
        told.wait_for("actor_crash", market=A, count=life)
        if life < EQUAL_CRASHES:
            told.wait_for("actor_restart", market=A, count=life)
    told.wait_for("actor_quarantine", market=A)

    answer, (row,) = command("why", ticker=A), command("status")["markets"]

    for part in answer["parts"]:
        found = check_of(answer, part["part"], "market actor")["found"]
        assert found.startswith(f"quarantined, life {EQUAL_CRASHES}: ")
    assert parts_of(answer)["bid"]["answer"].startswith("no quote: market actor quarantined")
    assert row["actor"] == "quarantined"
    lives = lives_when(command, lambda lives: lives[0]["event"] == "quarantine")
    assert [life["event"] for life in lives[:3]] == ["quarantine", "crash", "restart"]
    assert "CrashedOnPurpose" in lives[1]["traceback"]

    command("restart", ticker=A)
    told.wait_for("actor_restart", market=A, count=EQUAL_CRASHES)
    assert not check_of(command("why", ticker=A), "bid", "market actor")["is_holding"]


def test_no_secret_leaves_through_an_answer(served):
    run, command = served
    run.loop.telemetry.redactor.register_secret("a-very-secret-value")
    run.system.crash_market(A, "a-very-secret-value")
    run.house.ledger.wait_for("actor_restart", market=A)

    lives = lives_when(command, lambda lives: len(lives) == 2)
    said = json.dumps([lives, command("status"), command("why", ticker=A)])

    assert "a-very-secret-value" not in said
    assert "[redacted]" in said


def lives_when(command, is_there) -> list[dict]:
    """The restart log, once it says that; it is written behind the supervisor's back."""
    pause = threading.Event()
    for _ in range(500):
        lives = command("restarts", name=A)["lives"]
        if lives and is_there(lives):
            return lives
        pause.wait(0.02)
    pytest.fail(f"the restart log says {lives}")
