"""What the last gate before the wire would say: each limit of `core/limits.py` by its name, with its figures.

Asked for the order that the side wants now, or, when it wants none, for one of the usual size at the price gate. An
order that rests already passed the gate when it was sent, so it is left out of what may come to be held. A test holds
this list against `limits.check`.
"""

from dataclasses import replace

from edgelock.core.explain_check import Check, Look
from edgelock.core.intents import PlaceOrder
from edgelock.core.limits import Exposure, Gate, notional
from edgelock.core.market import Side
from edgelock.core.order import Kind, Role, TimeInForce
from edgelock.core.permit import Mode
from edgelock.core.plan import Quote
from edgelock.core.quoting import entry_size
from edgelock.core.units import Money, Size, money_text, price_text, size_text


def entry_at_the_door(look: Look, side: Side, gate: Gate) -> tuple[Check, ...]:
    """Every limit on an entry of this side, in the order in which the gate asks."""
    intent = the_entry(look, side)
    exposure = _without_entry(gate.exposure, side)
    strategy, risk = gate.strategy, gate.risk
    is_bid = side is Side.BID
    is_beyond = intent.price > strategy.low if is_bid else intent.price < strategy.high
    price_gate = f"at most {price_text(strategy.low)}" if is_bid else f"at least {price_text(strategy.high)}"
    in_market = Size(exposure.if_filled(side) + intent.size)
    overall = Size(gate.others_worst + max(exposure.worst_case, in_market))
    return (
        _limit("halted", gate.mode is Mode.HALTED, gate.mode.name, "REDUCE_ONLY or OPEN"),
        _limit("permit", gate.mode is not Mode.OPEN, gate.mode.name, "OPEN"),
        _limit("feed", not gate.is_feed_live, "live" if gate.is_feed_live else "not live", "live"),
        _limit("market_status", not gate.is_active, "active" if gate.is_active else "not active", "active"),
        _limit("order_group", not gate.is_fuse_whole, "whole" if gate.is_fuse_whole else "tripped", "whole"),
        _limit("exits_not_armed", bool(gate.unarmed), f"{gate.unarmed} markets wait for an exit", "none"),
        _limit(
            "price_gate",
            gate.enforce_gates and is_beyond,
            price_text(intent.price),
            price_gate if gate.enforce_gates else "any",
        ),
        _limit(
            "one_entry_per_side",
            any(order.side is side and order.role is Role.ENTRY for order in exposure.orders),
            "none other live",
            "1",
        ),
        _limit(
            "order_notional",
            notional(intent) > risk.max_order_notional,
            _usd(notional(intent)),
            f"at most {_usd(risk.max_order_notional)}",
        ),
        _limit(
            "inventory_market",
            in_market > strategy.max_inventory,
            size_text(in_market),
            f"at most {size_text(strategy.max_inventory)}",
        ),
        _limit(
            "inventory_global",
            overall > risk.max_global_inventory,
            size_text(overall),
            f"at most {size_text(risk.max_global_inventory)}",
        ),
        _limit(
            "not_flat",
            gate.enforce_gates and bool(exposure.net),
            size_text(exposure.net),
            "flat" if gate.enforce_gates else "any",
        ),
    )


def exit_at_the_door(quotes: tuple[Quote, ...], gate: Gate) -> tuple[Check, ...]:
    """Every limit on the exits that are wanted. What covers the position now makes room for them."""
    held = Size(abs(gate.exposure.net))
    wanted = Size(sum(quote.size for quote in quotes))
    return (
        _limit("halted", gate.mode is Mode.HALTED, gate.mode.name, "REDUCE_ONLY or OPEN"),
        _limit("exit_exceeds_position", wanted > held, size_text(wanted), f"at most {size_text(held)}"),
    )


def the_entry(look: Look, side: Side) -> PlaceOrder:
    """The entry that is asked about: the one wanted, or one of the usual size at the gate."""
    quote = None if look.plan is None else look.plan.entry(side).quote
    state, settings = look.state, look.state.settings
    grid = state.market.grid
    at_the_gate = grid.floor(settings.low) if side is Side.BID else grid.ceil(settings.high)
    return PlaceOrder(
        client_order_id="",
        side=side,
        price=at_the_gate if quote is None else quote.price,
        size=(entry_size(state, side) or settings.size_per_fill) if quote is None else quote.size,
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        skew=state.position.skew,
    )


def _without_entry(exposure: Exposure, side: Side) -> Exposure:
    """The exposure without our own live entry of this side; a second one stays, because it is one too many."""
    entries = [order for order in exposure.orders if order.side is side and order.role is Role.ENTRY]
    return replace(exposure, orders=tuple(order for order in exposure.orders if order not in entries[:1]))


def _limit(name: str, is_holding: bool, found: str, allowed: str) -> Check:
    return Check(where="door", name=name, is_holding=is_holding, found=found, allowed=allowed)


def _usd(money: Money) -> str:
    return f"${money_text(money)[:-4]}" if money % 10_000 == 0 else f"${money_text(money)}"
