"""The supervision tree in `status`: budgets always, what is wrong in words."""

from edgelock.ops.status import TreeStatus
from edgelock.ops.status_tree import tree_lines
from tests.ops.test_status_text import an_actor

CALM: TreeStatus = {"escalated": None, "is_stopping": False, "is_storm": False, "zombies": 0}


def lines(*actors, in_full: bool = False, **tree) -> list[str]:
    return list(tree_lines(CALM | tree, actors, in_full=in_full))


def market(ticker: str, **changes):
    return an_actor(f"market:{ticker}", kind="market", restarts_max=5, window_s=600, **changes)


def test_each_actor_that_others_lean_on_has_its_budget():
    _, row = lines(an_actor("risk", incarnation=2, restarts=1, inbox=7))

    assert row.split() == ["risk", "running", "2", "1/2", "in", "300", "s", "12:05", "7"]


def test_markets_that_are_fine_are_one_row_with_their_deepest_inbox():
    _, row = lines(market("A", inbox=3), market("B"), market("C"))

    assert row.split() == ["3", "markets", "running", "1", "0/5", "in", "600", "s", "12:05", "3"]
    assert len(lines(market("A"), market("B"), market("C"), in_full=True)) == 4


def test_a_market_that_backs_off_says_when_it_is_back_and_what_killed_it():
    _, _, row, why = lines(
        market("A"),
        market("B", state="backing_off", incarnation=3, restarts=2, back_ms=1_240, last_crash="ValueError: no price"),
    )

    assert row.split()[:4] == ["B", "backing_off", "3", "2/5"]
    assert why == "    back in 1.2 s; last crash: ValueError: no price"


def test_a_market_that_came_back_is_shown_until_its_crash_is_out_of_the_window():
    assert any("last crash: X" in line for line in lines(market("A", restarts=1, last_crash="X")))
    assert not any("last crash: X" in line for line in lines(market("A", last_crash="X")))


def test_an_actor_that_is_busy_for_long_says_with_what():
    assert lines(an_actor("feed", busy_with="BookNews", busy_s=4))[-1] == "    busy with BookNews for 0:04"


def test_a_market_with_much_mail_has_a_row_of_its_own():
    assert len(lines(market("A"), market("B", inbox=100))) == 3


def test_what_is_wrong_with_the_tree_comes_first():
    text = lines(an_actor("feed"), escalated="risk died three times", is_storm=True, zombies=2)

    assert text[0] == "ESCALATED: risk died three times"
    assert text[1].startswith("STORM")
    assert text[2] == "2 threads of earlier lives do not end"


def test_every_line_fits_a_terminal_but_for_long_remarks():
    assert max(len(line) for line in lines(market("X" * 60, restarts=5, incarnation=1234, since_s=10**6))) <= 80
