"""A position says what works for it, and what keeps it."""

import pytest

from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus
from tests.core.builders import HALTED, a_market, a_position, a_state, after, an_exit
from tests.core.explained import explained


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "goes out now: take_profit 0.5500 x 10.00"),
        ({"orders": (an_exit(),)}, "take_profit 0.5500 x 10.00 resting"),
        ({"permit": HALTED}, "no exit: halted HALTED stopping (allowed: REDUCE_ONLY or OPEN)"),
        ({"market": a_market(status=MarketStatus.INACTIVE)}, "no exit: market_status inactive (allowed: active)"),
        ({"exit_hold_until": after(1)},
         "no exit: hold_after_refusal a refusal just now (allowed: none, or waited out)"),
        ({"orders": (an_exit(), ), "now": after(2400), "feed": FeedStatus.STALE},
         "take_profit 0.5500 x 10.00 resting; held back: book feed stale, 0.4600 / 0.4800 "
         "(allowed: live, two-sided, not crossed)"),
    ],
)  # fmt: skip
def test_the_exits_say_what_works_for_the_position_and_what_holds_them_back(changes, answer):
    assert explained(a_state(position=a_position(10, 48), **changes)).exits.answer == answer


def test_a_flat_market_has_nothing_to_leave():
    assert explained(a_state()).exits.answer == "flat, nothing to leave"
