"""The last state of every market, for those who only look."""

from edgelock.actors.market_board import STEP_TIMES_KEPT, MarketBoard
from tests.core.builders import a_market, a_state

A, B = (a_state(market=a_market(ticker=ticker)) for ticker in ("A", "B"))


def test_it_shows_the_last_state_of_each_market_by_ticker():
    board = MarketBoard()
    newer = a_state(market=a_market(ticker="B"), next_order_number=5)
    for state in (B, A, newer):
        board.publish(state, 1)

    assert board.states() == (A, newer)
    assert (board.state("B"), board.state("C")) == (newer, None)


def test_a_forgotten_market_does_not_come_back():
    board = MarketBoard()
    board.publish(A, 1)

    board.forget("A")
    board.forget("never there")
    board.publish(A, 1)

    assert board.states() == ()


def test_it_counts_steps_and_tells_how_long_they_took():
    board = MarketBoard()
    assert (board.steps(), board.step_percentile_us(99)) == (0, 0)

    for number in range(1, 101):
        board.publish(A, number * 1000)

    assert (board.steps(), board.step_percentile_us(50), board.step_percentile_us(99)) == (100, 51, 100)


def test_only_recent_steps_are_remembered():
    board = MarketBoard()
    board.publish(A, 10**9)
    for _ in range(STEP_TIMES_KEPT):
        board.publish(A, 1000)

    assert board.step_percentile_us(100) == 1
