"""Why a market quotes, or does not: the answer for each side and for the exits, from everything that can say no.

Pure: what the market knows, what the risk side said, what the door would say and how the actors stand come in; the
answer comes out. The market's own part says "may quote" exactly when `decide` places or keeps an entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from edgelock.core.explain_check import Check, Look
from edgelock.core.explain_door import entry_at_the_door, exit_at_the_door
from edgelock.core.explain_entries import entry_checks, live_entry
from edgelock.core.explain_exits import due_by_age, exit_checks
from edgelock.core.limits import Gate
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import OrderState, Role
from edgelock.core.plan import Quote
from edgelock.core.strategy import Strategy
from edgelock.core.units import Timestamp, price_text, size_text

Since = Callable[[str, str], Timestamp | None]
"""Since when the market's own row of this part ("bid", "ask", "exits") and name holds; None when nobody knows."""

EXITS = "exits"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAnswer:
    """One part of a market: the bid, the ask or the exits.

    answer     one line for a person, which names what holds first
    may_trade  nothing says no: a quote rests, is on its way, or goes out now; for exits, the position may leave
    checks     everything that was asked, the one that stops most first
    """

    part: str
    answer: str
    may_trade: bool
    checks: tuple[Check, ...]

    @property
    def holding(self) -> tuple[Check, ...]:
        """What says no."""
        return tuple(check for check in self.checks if check.is_holding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All parts of one market, at the engine time `at` of its last step."""

    ticker: str
    at: Timestamp
    bid: PartAnswer
    ask: PartAnswer
    exits: PartAnswer

    @property
    def parts(self) -> tuple[PartAnswer, ...]:
        """In the order in which they are read."""
        return (self.bid, self.ask, self.exits)


def explain(
    state: MarketState, strategy: Strategy, *, gate: Gate, actors: tuple[Check, ...], risk: tuple[Check, ...],
    since: Since,
) -> Explanation:  # fmt: skip
    """The answer for one market.

    gate    what the door to the venue goes by
    actors  how the actors stand that this market needs
    risk    every guard of the risk side, the strictest first; they keep entries back, never exits
    """
    look = Look(state, strategy)
    bid, ask = (_side(look, side, gate, (*actors, *risk), since) for side in (Side.BID, Side.ASK))
    return Explanation(
        ticker=state.market.ticker, at=state.now, bid=bid, ask=ask, exits=_exits(look, gate, actors, since)
    )


def _side(look: Look, side: Side, gate: Gate, above: tuple[Check, ...], since: Since) -> PartAnswer:
    own = tuple(_dated(check, side.value, since) for check in entry_checks(look, side))
    checks = (*above, *own, *entry_at_the_door(look, side, gate))
    holding = [check for check in checks if check.is_holding]
    if holding:
        return PartAnswer(
            part=side.value,
            answer=f"no quote: {held_text(holding)}{_leaving(look, side)}",
            may_trade=False,
            checks=checks,
        )
    return PartAnswer(part=side.value, answer=_quoting(look, side), may_trade=True, checks=checks)


def _exits(look: Look, gate: Gate, actors: tuple[Check, ...], since: Since) -> PartAnswer:
    own = tuple(_dated(check, EXITS, since) for check in exit_checks(look))
    wanted = () if look.plan is None else look.plan.exits
    checks = (*actors, *own, *exit_at_the_door(wanted, gate))
    holding = [check for check in checks if check.is_holding]
    return PartAnswer(part=EXITS, answer=_leave_text(look, wanted, holding), may_trade=not holding, checks=checks)


def _leave_text(look: Look, wanted: tuple[Quote, ...], holding: list[Check]) -> str:
    live = look.state.live_orders(Role.EXIT)
    held = f"; held back: {held_text(holding)}" if holding else ""
    if live:
        orders = ", ".join(
            f"{order.kind.value} {price_text(order.price)} x {size_text(order.remaining)} {_word(order.state)}"
            for order in live
        )
        return f"{orders}{held}"
    if not look.state.position.sign:
        return f"flat, nothing to leave{held}"
    if holding:
        return f"no exit: {held_text(holding)}"
    names = ", ".join(f"{quote.kind.value} {price_text(quote.price)} x {size_text(quote.size)}" for quote in wanted)
    due = due_by_age(look)
    return f"goes out now: {names}" if names else f"no exit is wanted now{'' if due is None else f'; {due} is due'}"


def held_text(holding: list[Check]) -> str:
    """What holds first, with its figures, and how many others do."""
    first = holding[0]
    others = len(holding) - 1
    return f"{first.name} {first.found} (allowed: {first.allowed}){f', and {others} more' if others else ''}"


def _quoting(look: Look, side: Side) -> str:
    order = live_entry(look, side)
    quote = None if look.plan is None else look.plan.entry(side).quote
    if order is not None:
        return f"quoting {price_text(order.price)} x {size_text(order.remaining)}, {_word(order.state)}"
    assert quote is not None
    return f"may quote: {price_text(quote.price)} x {size_text(quote.size)} goes out now"


def _leaving(look: Look, side: Side) -> str:
    order = live_entry(look, side)
    if order is None:
        return ""
    return f"; {price_text(order.price)} x {size_text(order.remaining)} is {_word(order.state)}"


def _word(state: OrderState) -> str:
    words = {
        OrderState.PLACING: "on its way",
        OrderState.CANCELING: "being withdrawn",
        OrderState.UNKNOWN: "of unknown fate",
    }
    return words.get(state, state.value)


def _dated(check: Check, part: str, since: Since) -> Check:
    return check if check.since is not None else replace(check, since=since(part, check.name))
