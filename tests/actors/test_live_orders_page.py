"""The page about live orders shows the very table that the code follows."""

from pathlib import Path

from edgelock.actors import live_bounds, live_sweeper
from edgelock.core.order import NEXT, OrderMessage, OrderState
from edgelock.core.units import SECOND

PAGE = Path(__file__).parents[2] / "docs" / "live-orders.md"


def the_table() -> str:
    states = tuple(OrderState)
    lines = ["| | " + " | ".join(f"`{state.value}`" for state in states) + " |", "|---|" + "---|" * len(states)]
    for message in OrderMessage:
        cells = (NEXT.get((state, message)) for state in states)
        lines.append(f"| {message.value} | " + " | ".join("" if cell is None else cell.value for cell in cells) + " |")
    return "\n".join(lines)


def test_the_page_shows_the_life_of_an_order_as_the_code_has_it():
    assert the_table() in PAGE.read_text(), f"the table on the page should be\n{the_table()}"


def test_the_page_states_the_bounds_that_the_code_has():
    text = PAGE.read_text()
    for name, seconds in (
        ("CLOCK_MARGIN", live_bounds.CLOCK_MARGIN // SECOND),
        ("EXPIRY_MARGIN", live_bounds.EXPIRY_MARGIN // SECOND),
        ("IN_TRANSIT_MAX", live_bounds.IN_TRANSIT_MAX // SECOND),
        ("FIRST_PAUSE_S", live_sweeper.FIRST_PAUSE_S),
        ("LONGEST_PAUSE_S", live_sweeper.LONGEST_PAUSE_S),
    ):
        assert f"| `{name}` | {seconds} s |" in text, f"{name} is {seconds} s"
