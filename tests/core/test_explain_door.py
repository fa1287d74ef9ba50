"""The door is explained by the limits that it goes by, in their order."""

import inspect
import re

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core import limits
from edgelock.core.explain_check import Look
from edgelock.core.explain_door import entry_at_the_door, exit_at_the_door, the_entry
from edgelock.core.limits import Exposure, check
from edgelock.core.market import Side
from edgelock.core.order import Role
from edgelock.core.permit import Mode
from edgelock.core.settings import RiskSettings
from edgelock.core.strategy import EDGE_LOCKED, LEGACY
from tests.core.builders import ASK, BID, a_book, a_position, a_state, an_exit, an_order, contracts
from tests.core.explained import a_gate, holds_of

ENTRIES = st.lists(st.sampled_from([an_order("t-1"), an_order("t-2", ASK, 66), an_exit("t-3", size=4)]), max_size=3)
STATES = st.builds(
    lambda bid, net, orders: a_state(view=a_book(bid, bid + 2), position=a_position(net, 48), orders=tuple(orders)),
    st.sampled_from([30, 46, 47, 55, 66]),
    st.sampled_from([0, 0, 0, 10, -10, 45]),
    ENTRIES,
)
GATES = st.builds(
    a_gate,
    mode=st.sampled_from([Mode.OPEN, Mode.OPEN, Mode.REDUCE_ONLY, Mode.HALTED]),
    is_feed_live=st.sampled_from([True, True, False]),
    is_active=st.sampled_from([True, True, False]),
    is_fuse_whole=st.sampled_from([True, True, False]),
    unarmed=st.sampled_from([0, 0, 2]),
    others_worst=st.sampled_from([contracts(0), contracts(60), contracts(95)]),
    enforce_gates=st.booleans(),
    exposure=st.builds(
        lambda net, orders: Exposure(net=contracts(net), orders=tuple(orders)),
        st.sampled_from([0, 0, 0, 10, -45]),
        st.lists(st.sampled_from([an_order("t-1"), an_order("t-9", BID, 45), an_order("t-2", ASK, 66)]), max_size=2),
    ),
    risk=st.sampled_from([RiskSettings(), RiskSettings.model_validate({"max_order_notional_usd": "2"})]),
)


@given(STATES, GATES, st.sampled_from(Side), st.sampled_from([EDGE_LOCKED, LEGACY]))
def test_the_door_would_refuse_an_entry_for_the_first_limit_that_is_named(state, gate, side, strategy):
    look = Look(state, strategy)
    named = holds_of(entry_at_the_door(look, side, gate), "door")
    own = [order for order in gate.exposure.orders if order.side is side and order.role is Role.ENTRY][:1]
    rest = tuple(order for order in gate.exposure.orders if order not in own)
    seen = a_gate(
        mode=gate.mode,
        is_feed_live=gate.is_feed_live,
        is_active=gate.is_active,
        is_fuse_whole=gate.is_fuse_whole,
        unarmed=gate.unarmed,
        exposure=Exposure(net=gate.exposure.net, orders=rest),
        others_worst=gate.others_worst,
        risk=gate.risk,
        enforce_gates=gate.enforce_gates,
    )

    refusal = check(the_entry(look, side), seen)

    assert (None if refusal is None else refusal.limit) == next(iter(named), None)


def test_every_limit_of_the_last_gate_is_explained():
    words = set(re.findall(r'Refused\(intent, "([a-z_]+)"', inspect.getsource(limits)))
    look = Look(a_state(), EDGE_LOCKED)
    told = {each.name for each in (*entry_at_the_door(look, BID, a_gate()), *exit_at_the_door((), a_gate()))}

    assert words - told == {"entry_grows"}, "an amendment of an entry is never wished, so no side can wait for it"
    assert told <= words
