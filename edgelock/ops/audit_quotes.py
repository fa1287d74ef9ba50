"""What one market's quotes and orders must keep: gates, sides, sizes, take-profit prices, ids used once."""

from collections.abc import Callable
from fractions import Fraction

from edgelock.ops.audit_findings import Check, Findings
from edgelock.ops.audit_line import Line
from edgelock.ops.audit_orders import OrderLedger
from edgelock.ops.audit_rules import MarketRules, gate_breach, skew_leak, tp_field_drift, tp_price_drift

_FINISHED = frozenset({"filled", "canceled", "rejected"})


class Accuser:
    """Writes findings about one market."""

    def __init__(self, ticker: str, findings: Findings) -> None:
        self._ticker = ticker
        self._findings = findings

    def examine(self, check: Check) -> None:
        """Count one try of a rule."""
        self._findings.examined[check] += 1

    def accuse(self, check: Check, line: Line, reason: str) -> None:
        """A rule was broken."""
        self._findings.add(check, where=line.where, reason=f"{self._ticker}: {reason}", line=line.text)

    def accuse_if(self, check: Check, line: Line, reason: str | None) -> None:
        """A rule was broken, if there is a reason to say so."""
        if reason is not None:
            self.accuse(check, line, reason)

    def note(self, text: str) -> None:
        """Something could not be judged."""
        self._findings.note(text)


class QuoteAudit:
    """Orders of one market. `net` is the signed position before the line, `vwap` the exact one where it is known.

    `is_legacy` lifts the promises that only the edge-locked strategy makes; `rules` are known after `startup_check`.
    """

    def __init__(self, accuser: Accuser, *, is_legacy: bool) -> None:
        self.rules: MarketRules | None = None
        self.orders = OrderLedger()
        self.is_legacy = is_legacy
        self._accuser = accuser
        self._net = 0
        self._vwap: Fraction | None = None

    def take(self, line: Line, *, net: int, vwap: Fraction | None) -> None:
        """Judge a line of the life of an order, other than a fill."""
        self._net, self._vwap = net, vwap
        _HANDLERS[line.action](self, line)

    def fill(self, line: Line, *, side: str, role: str, size: int, price: int) -> None:
        """Judge the order, the side and the zone of a fill."""
        self._accuser.examine(Check.ORDERS)
        order_id, trade_id = line.word("client_order_id"), line.word("trade_id")
        problem = self.orders.fill(order_id, trade_id=trade_id, side=side, role=role, size=size)
        self._accuser.accuse_if(Check.ORDERS, line, problem)
        self._judge_side(line, side, role)
        self._judge_zone(line, side, role, price)

    def judge_tp_field(self, line: Line, *, net: int, vwap: Fraction | None) -> None:
        """The printed `tp` of a market with a position."""
        if self.rules is None:
            return
        self._accuser.examine(Check.TP_DRIFT)
        average = Fraction(line.price("vwap")) if vwap is None else vwap
        drift = tp_field_drift(self.rules, net=net, vwap=average, is_exact=vwap is not None, tp=line.price("tp"))
        self._accuser.accuse_if(Check.TP_DRIFT, line, drift)

    def _place(self, line: Line) -> None:
        side, role, price, size = line.word("side"), line.word("role"), line.price("price"), line.size("qty")
        self._judge_side(line, side, role)
        if role == "entry" and self.rules is not None and not self.is_legacy:
            self._accuser.examine(Check.GATES)
            self._accuser.accuse_if(Check.GATES, line, gate_breach(self.rules, side=side, price=price))
        if line.action == "shadow_quote":
            return
        self._accuser.examine(Check.ORDERS)
        order_id = line.word("client_order_id")
        self._accuser.accuse_if(Check.ORDERS, line, self.orders.place(order_id, side=side, role=role, size=size))
        if role == "exit":
            self._judge_exit_size(line, side)
            self._accuser.examine(Check.EXITS_PROMPT)
            if line.integer("cooldown_ms") > 0:
                self._accuser.accuse(Check.EXITS_PROMPT, line, "an exit waited for a cooldown")
        if line.word("kind") == "take_profit":
            self._judge_take_profit(line, price)

    def _amend(self, line: Line) -> None:
        self._accuser.examine(Check.ORDERS)
        to = line.part("to")
        self._accuser.accuse_if(
            Check.ORDERS, line, self.orders.amend(line.word("client_order_id"), size=to.size("qty"))
        )
        if line.word("kind") == "take_profit":
            self._judge_exit_size(line, line.word("order_side"))
            self._judge_take_profit(line, to.price("price"))

    def _acknowledge(self, line: Line) -> None:
        self._accuser.accuse_if(Check.ORDERS, line, self.orders.acknowledge(line.word("client_order_id")))

    def _reject(self, line: Line) -> None:
        self._accuser.accuse_if(Check.ORDERS, line, self.orders.reject(line.word("client_order_id")))

    def _gone(self, line: Line) -> None:
        self._accuser.accuse_if(Check.ORDERS, line, self.orders.gone(line.word("client_order_id")))

    def _resolved(self, line: Line) -> None:
        order_id, became = line.word("client_order_id"), line.word("became")
        resolve = self.orders.gone if became in _FINISHED else self.orders.acknowledge
        self._accuser.accuse_if(Check.ORDERS, line, resolve(order_id))

    def _judge_side(self, line: Line, side: str, role: str) -> None:
        if self.is_legacy:
            return
        self._accuser.examine(Check.SKEW)
        self._accuser.accuse_if(Check.SKEW, line, skew_leak(state=line.word("state"), side=side, role=role))

    def _judge_zone(self, line: Line, side: str, role: str, price: int) -> None:
        if self.rules is None:
            return
        self._accuser.examine(Check.GATES)
        breach = gate_breach(self.rules, side=side, price=price) if role == "entry" else None
        if line.data.get("in_zone") is not (breach is None):
            self._accuser.accuse(Check.GATES, line, f"in_zone is {line.data.get('in_zone')}")
        if not self.is_legacy:
            self._accuser.accuse_if(Check.GATES, line, breach)

    def _judge_exit_size(self, line: Line, side: str) -> None:
        live, held = self.orders.live_size("exit", side), abs(self._net)
        if live > held:
            self._accuser.accuse(
                Check.ORDERS, line, f"live exits of {live / 100:g} exceed the position of {held / 100:g}"
            )

    def _judge_take_profit(self, line: Line, price: int) -> None:
        net = self._net
        if self.rules is None or net == 0:
            return
        exact = self._vwap
        vwap = Fraction(line.price("vwap")) if exact is None else exact
        self._accuser.accuse_if(
            Check.TP_DRIFT,
            line,
            tp_price_drift(
                self.rules, net=net, vwap=vwap, is_exact=exact is not None, tp=line.price("tp"), price=price
            ),
        )


_HANDLERS: dict[str, Callable[[QuoteAudit, Line], None]] = {
    "quote_place": QuoteAudit._place,
    "shadow_quote": QuoteAudit._place,
    "quote_amend": QuoteAudit._amend,
    "order_ack": QuoteAudit._acknowledge,
    "order_reject": QuoteAudit._reject,
    "inventory_limit": QuoteAudit._reject,
    "order_gone": QuoteAudit._gone,
    "order_resolved": QuoteAudit._resolved,
}
