"""Every gate of an entry is named, with what it found and what it allows."""

import pytest

from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus
from edgelock.core.order import OrderState
from edgelock.core.units import Timestamp
from tests.core.builders import (
    KILLED,
    NOON,
    a_book,
    a_market,
    a_position,
    a_reference,
    a_state,
    after,
    an_exit,
    an_order,
)
from tests.core.explained import explained


@pytest.mark.parametrize(
    ("name", "changes", "found", "allowed"),
    [
        ("position", {"position": a_position(10, 48)}, "10.00", "flat"),
        ("permit", {"permit": KILLED}, "REDUCE_ONLY kill", "OPEN"),
        ("feed", {"feed": FeedStatus.STALE}, "stale", "live"),
        ("book", {"view": a_book(None, 48)}, "none / 0.4800", "two-sided, not crossed"),
        ("market_status", {"market": a_market(status=MarketStatus.INACTIVE)}, "inactive", "active"),
        ("close", {"market": a_market(close_time=after(200))}, "closes in 3 min", "more than 5 min"),
        ("retired", {"is_retired": True}, "retired", "traded"),
        ("price_bounds", {"is_out_of_bounds": True}, "mid 0.4700", "0.1000 to 0.9000"),
        ("reference_gate", {"reference": a_reference(4_801)}, "0.4801", "at most 0.4800"),
        ("mid_gate", {"view": a_book(48, 49)}, "0.4850", "at most 0.4800"),
        ("live_exits", {"orders": (an_exit("t-1"),)}, "1 live", "none"),
        ("one_entry_per_side", {"orders": (an_order(state=OrderState.CANCELING),)},
         "canceling 0.4600 x 10.00", "1, its state known"),
        ("replacement", {"orders": (an_order(price=40),)}, "0.4000 x 10.00 rests", "wanted 0.4600 x 10.00"),
        ("cooldown", {"bid_placed_at": Timestamp(NOON - 100_000_000)}, "placed 0.1 s ago", "again after 0.3 s"),
        ("hold_after_refusal", {"entry_hold_until": after(1)}, "a refusal just now", "none, or waited out"),
    ],
)  # fmt: skip
def test_each_gate_of_the_bid_is_named_with_what_it_found(name, changes, found, allowed):
    part = explained(a_state(**changes)).bid

    (held,) = [each for each in part.checks if each.is_holding and each.name == name and each.where == "market"]
    assert (held.found, held.allowed) == (found, allowed)
    assert not part.may_trade
    assert part.answer.startswith("no quote: ")
