"""The last gate before the wire: each intent is allowed, or refused with the limit that said no.

Limits count what might be live: the position and every order not proven dead, worst case. Exits and cancels always
pass, except an exit that could flip the position. Every row is listed in docs/guards.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from edgelock.core.intents import AmendOrder, Intent, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Order, Role
from edgelock.core.permit import Mode
from edgelock.core.settings import RiskSettings, StrategySettings
from edgelock.core.units import ONE_DOLLAR, Money, Price, Size, cost


@dataclass(frozen=True, slots=True)
class Refused:
    """Which limit said no; found and allowed are in the limit's own unit."""

    intent: Intent
    limit: str
    found: int
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What one market may come to hold: its position and its live orders."""

    net: Size
    orders: tuple[Order, ...]

    @property
    def worst_case(self) -> Size:
        """The largest holding, on either side, that the live orders could still bring about."""
        return Size(max(self.if_filled(Side.BID), self.if_filled(Side.ASK), abs(self.net)))

    def if_filled(self, side: Side) -> int:
        """The holding on this side if every live order of this side filled and none of the other."""
        resting = sum(order.remaining for order in self.orders if order.side is side)
        return side.sign * self.net + resting


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate knows when an order arrives.

    mode             the verdict in force; an outdated one is REDUCE_ONLY by then
    is_feed_live     the market's book can be relied on
    is_active        the venue takes orders in this market
    is_fuse_whole    the venue's own brake on our entries has not been pulled
    others_worst     worst case of all other markets together
    unarmed          markets that still wait for the exit of a position that was found at the start, or to be known
    enforce_gates    whether entries must respect the price gates (the edge-locked strategy's do)
    """

    mode: Mode
    is_feed_live: bool
    is_active: bool
    is_fuse_whole: bool
    exposure: Exposure
    others_worst: Size
    strategy: StrategySettings
    risk: RiskSettings
    enforce_gates: bool
    unarmed: int = 0


def check(intent: Intent, gate: Gate) -> Refused | None:
    """None when the intent may be sent. The first limit that is exceeded refuses it."""
    if isinstance(intent, AmendOrder):
        return _check_amendment(intent, gate)
    if not isinstance(intent, PlaceOrder):
        return None
    if gate.mode is Mode.HALTED:
        return Refused(intent, "halted", gate.mode, Mode.REDUCE_ONLY)
    return _check_exit(intent, gate) if intent.role is Role.EXIT else _check_entry(intent, gate)


def worst_case_of(exposures: Iterable[Exposure]) -> Size:
    """Worst case of several markets together."""
    return Size(sum(exposure.worst_case for exposure in exposures))


def _check_exit(intent: PlaceOrder, gate: Gate) -> Refused | None:
    net = gate.exposure.net
    live = sum(order.remaining for order in gate.exposure.orders if order.side is intent.side)
    held = max(-intent.side.sign * net, 0)
    if live + intent.size > held:
        return Refused(intent, "exit_exceeds_position", live + intent.size, held)
    return None


def _check_amendment(intent: AmendOrder, gate: Gate) -> Refused | None:
    """An exit may not be amended to more than the position leaves to the other exits; one that shrinks always may."""
    exposure = gate.exposure
    order = next((o for o in exposure.orders if o.client_order_id == intent.client_order_id), None)
    if order is None or intent.size <= order.size:
        return None
    if order.role is Role.ENTRY:
        return Refused(intent, "entry_grows", intent.size, order.size)
    others = sum(o.remaining for o in exposure.orders if o.side is order.side and o.role is Role.EXIT and o != order)
    wanted, held = others + intent.size - order.filled, max(-order.side.sign * exposure.net, 0)
    return None if wanted <= held else Refused(intent, "exit_exceeds_position", wanted, held)


def _check_entry(intent: PlaceOrder, gate: Gate) -> Refused | None:
    if gate.mode is not Mode.OPEN:
        return Refused(intent, "permit", gate.mode, Mode.OPEN)
    if not gate.is_feed_live:
        return Refused(intent, "feed", 0, 1)
    if not gate.is_active:
        return Refused(intent, "market_status", 0, 1)
    if not gate.is_fuse_whole:
        return Refused(intent, "order_group", 0, 1)
    if gate.unarmed:
        return Refused(intent, "exits_not_armed", gate.unarmed, 0)
    strategy, risk = gate.strategy, gate.risk
    if gate.enforce_gates:
        is_bid = intent.side is Side.BID
        if intent.price > strategy.low if is_bid else intent.price < strategy.high:
            return Refused(intent, "price_gate", intent.price, strategy.low if is_bid else strategy.high)
    if any(order.side is intent.side and order.role is Role.ENTRY for order in gate.exposure.orders):
        return Refused(intent, "one_entry_per_side", 2, 1)
    if notional(intent) > risk.max_order_notional:
        return Refused(intent, "order_notional", notional(intent), risk.max_order_notional)
    in_market = gate.exposure.if_filled(intent.side) + intent.size
    if in_market > strategy.max_inventory:
        return Refused(intent, "inventory_market", in_market, strategy.max_inventory)
    overall = gate.others_worst + max(gate.exposure.worst_case, in_market)
    if overall > risk.max_global_inventory:
        return Refused(intent, "inventory_global", overall, risk.max_global_inventory)
    if gate.enforce_gates and gate.exposure.net:
        # The fill is known at the door, and its news is still on its way to the market.
        return Refused(intent, "not_flat", abs(gate.exposure.net), 0)
    return None


def notional(intent: PlaceOrder) -> Money:
    """What an order puts at risk if it opens a position: price × size for a bid, (1 − price) × size for an ask."""
    at_risk = intent.price if intent.side is Side.BID else Price(ONE_DOLLAR - intent.price)
    return cost(at_risk, intent.size)
