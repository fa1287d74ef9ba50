"""Markets that are asked why they quote or do not, and what must agree with the answer."""

from edgelock.core.decide import decide
from edgelock.core.explain import Explanation, explain
from edgelock.core.explain_check import Check, Look
from edgelock.core.explain_exits import WORKING, due_by_age
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.limits import Exposure, Gate
from edgelock.core.market_state import MarketState
from edgelock.core.order import OrderState, Role
from edgelock.core.permit import Mode
from edgelock.core.settings import RiskSettings, StrategySettings
from edgelock.core.strategy import EDGE_LOCKED, LEGACY, Strategy
from edgelock.core.units import Size, Timestamp
from tests.core.builders import ASK, BID, after


def a_gate(**changes) -> Gate:
    usual = {
        "mode": Mode.OPEN,
        "is_feed_live": True,
        "is_active": True,
        "is_fuse_whole": True,
        "exposure": Exposure(net=Size(0), orders=()),
        "others_worst": Size(0),
        "strategy": StrategySettings(),
        "risk": RiskSettings(),
        "enforce_gates": True,
    }
    return Gate(**(usual | changes))


def nobody_knows(_part: str, _name: str) -> None:
    return None


def seen_at_seven(_part: str, _name: str) -> Timestamp:
    return after(7)


def explained(state: MarketState, strategy: Strategy = EDGE_LOCKED, **changes) -> Explanation:
    exposure = Exposure(net=state.position.net, orders=state.orders)
    known = {"gate": a_gate(exposure=exposure), "actors": (), "risk": (), "since": nobody_knows}
    return explain(state, strategy, **(known | changes))


def holds_of(checks: tuple[Check, ...], where: str = "market") -> list[str]:
    return [each.name for each in checks if each.is_holding and each.where == where]


def agrees_about_entries(state: MarketState, strategy: Strategy) -> None:
    decision, why = decide(state, strategy), explained(state, strategy)
    cancelled = {intent.client_order_id for intent in decision.intents if isinstance(intent, CancelOrder)}
    for side, part in ((BID, why.bid), (ASK, why.ask)):
        holds = holds_of(part.checks)
        live = state.live_orders(Role.ENTRY, side)
        placed = any(isinstance(i, PlaceOrder) and i.role is Role.ENTRY and i.side is side for i in decision.intents)
        if not live:
            assert placed is (not holds), (side, holds)
        elif live[0].state is OrderState.RESTING:
            assert (live[0].client_order_id not in cancelled) is (not holds), (side, holds)
        elif live[0].state is OrderState.PLACING:
            assert (strategy.plan(state).entry(side).quote is not None) is (not holds), (side, holds)
        else:
            assert "one_entry_per_side" in holds


def agrees_about_exits(state: MarketState, strategy: Strategy) -> None:
    decision = decide(state, strategy)
    holds = holds_of(explained(state, strategy).exits.checks)
    if not state.position.sign:
        assert "recovery" in holds or not holds or state.live_orders(Role.EXIT)
        return
    working = [order for order in decision.state.live_orders(Role.EXIT) if order.state in WORKING]
    if not working:
        assert holds, "a position without a working exit, and nothing that holds it back"
    sent = [i for i in decision.intents if isinstance(i, PlaceOrder) and i.role is Role.EXIT]
    due = due_by_age(Look(state, strategy))
    if sent and (due is None or sent[0].kind.value == due or strategy is LEGACY):
        assert set(holds) <= {"trim_cooldown"}
    if any(isinstance(intent, AmendOrder) for intent in decision.intents):
        assert not {"recovery", "halted", "market_status", "hold_after_refusal"} & set(holds)
