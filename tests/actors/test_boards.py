"""What the door and the risk side let others see: counts and the last state, from any thread."""

from concurrent.futures import ThreadPoolExecutor

from edgelock.actors.gate_board import GateBoard
from edgelock.actors.risk_board import RiskBoard
from edgelock.core.risk import RiskState
from edgelock.core.settings import RiskSettings


def test_the_gate_counts_what_it_refused_by_market_and_what_was_filled_in_all():
    board = GateBoard()
    board.count_fenced("A", 2)
    board.count_fenced("A", 1)
    board.count_fill("A")
    board.count_fill("B")

    assert (board.fenced("A"), board.fenced("B"), board.fills()) == (3, 0, 2)


def test_no_count_is_lost_between_threads():
    board = GateBoard()
    with ThreadPoolExecutor(4) as threads:
        for _ in range(400):
            threads.submit(board.count_fill, "A")

    assert board.fills() == 400


def test_the_risk_board_shows_the_last_state_and_none_before_the_first():
    board = RiskBoard()
    assert board.state() is None
    state = RiskState(settings=RiskSettings(), is_killed=True)

    board.publish(RiskState(settings=RiskSettings()))
    board.publish(state)

    assert board.state() is state
