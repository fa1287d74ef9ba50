"""What the running bot answers through its control socket, and when."""

import pytest

from edgelock.ops.control_client import ask
from edgelock.ops.control_handlers import control_handlers
from edgelock.ops.control_server import ControlServer
from edgelock.ops.user_error import UserError
from tests.ops.trading_house import MARKET as A
from tests.ops.trading_house import a_run


@pytest.fixture
def served(tmp_path):
    with a_run(tmp_path) as run:
        handlers = control_handlers(run.loop, run.loop.gate_history)
        with ControlServer(tmp_path, handlers, failed=lambda _error: None):
            yield run, lambda command, **fields: ask(tmp_path, command, **fields)


def test_kill_and_resume_are_confirmed_when_they_are_true(served):
    run, command = served

    assert command("kill")["kill"] is True
    assert run.system.boards.risk.state().is_killed
    assert command("status")["kill"] == "operator"
    assert command("resume")["kill"] is False
    assert not run.system.boards.risk.state().is_killed


def test_status_shows_the_market_and_the_actors(served):
    run, command = served
    command("resume")

    status = command("status")

    (market,) = status["markets"]
    assert (status["mode"], status["kill"], status["strategy"]) == ("paper", None, "edge_locked")
    assert (market["ticker"], market["state"], market["net"], market["actor"]) == (A, "FLAT", "0.00", "running")
    assert {"telemetry", "exchange", "risk", "feed", f"market:{A}"} == {actor["name"] for actor in status["actors"]}
    assert run.loop.uptime_ns > 0


def test_status_counts_what_a_market_s_earlier_lives_were_refused(served):
    run, command = served
    run.system.boards.gate.count_fenced(A, 3)

    (market,) = command("status")["markets"]

    assert market["fenced"] == 3


def test_status_has_every_figure_of_the_supervision_tree(served):
    run, command = served

    status = command("status")

    tree = run.system.supervisor.supervision_status()
    assert [actor["name"] for actor in status["actors"]] == [child.name for child in tree.children]
    assert status["supervision"] == {"escalated": None, "is_stopping": False, "is_storm": False, "zombies": 0}
    for actor, child in zip(status["actors"], tree.children, strict=True):
        assert (actor["state"], actor["incarnation"]) == (child.state.value, child.incarnation)
        assert (actor["restarts"], actor["restarts_max"]) == (child.restarts_in_window, child.restarts_max)
        assert actor["window_s"] * 1_000_000_000 == child.window_ns
        assert (actor["back_ms"], actor["last_crash"], actor["zombies"]) == (0, None, 0)
    assert [actor["kind"] for actor in status["actors"]] == ["infrastructure"] * 4 + ["market"]


def test_a_market_is_restarted_by_name_and_a_wrong_name_is_answered_with_the_right_ones(served):
    run, command = served

    command("restart", ticker=A)
    assert run.house.ledger.wait_for("actor_restart", market=A).incarnation == 2

    with pytest.raises(UserError, match=f"no market 'X' is traded; traded now: {A}"):
        command("restart", ticker="X")


def test_stop_ends_the_run(served):
    run, command = served

    command("stop")

    assert run.loop.run() == 0
    assert run.told("shutdown_begin").who == "command"
