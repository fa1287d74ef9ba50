"""One market of one run, line by line: position, profit, states, orders and the rules that hold for each line.

Where a log begins in the middle of a life the state is unknown, and what depends on it is not judged until the
market is flat: an audit must never accuse on half the evidence.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from edgelock.ops.audit_exits import ORDER_KIND_OF_EXIT, ExitWatch, ExitWindows
from edgelock.ops.audit_findings import Check, Findings
from edgelock.ops.audit_line import Line
from edgelock.ops.audit_orders import OrderLedger
from edgelock.ops.audit_position import Closing, FifoLedger, sign_of, state_of
from edgelock.ops.audit_quotes import Accuser, QuoteAudit
from edgelock.ops.audit_rules import dollars

SIGN_OF_SIDE = {"bid": 1, "ask": -1}
_BETWEEN_FILL_AND_STATE_CHANGE = frozenset({"REALIZE", "take_profit_exit", "settlement", "state_change"})


class MarketAudit:
    """The audit of one market. `is_legacy` lifts the promises that only the edge-locked strategy makes."""

    def __init__(self, ticker: str, findings: Findings, *, is_legacy: bool, windows: ExitWindows) -> None:
        self.ticker = ticker
        self._accuser = Accuser(ticker, findings)
        self.quotes = QuoteAudit(self._accuser, is_legacy=is_legacy)
        self._windows = windows
        self._ledger: FifoLedger | None = None
        self._net: int | None = None
        self._opened: deque[tuple[int, Decimal]] = deque()
        self._exits = ExitWatch()
        self._is_active = True
        self._expected_exit: Line | None = None
        self._expected_realize: deque[Closing] = deque()
        self._expected_change: tuple[str, str] | None = None
        self._may_jump = True
        self._is_settling_in = True
        self._is_next_realize_unprovable = False

    @property
    def net(self) -> int | None:
        """The signed position as far as it is known."""
        return self._net

    def lose_track(self) -> None:
        """Lines are missing: nothing before them is known any more."""
        self.quotes.orders = OrderLedger()
        self.hand_over()
        self._ledger = self._net = None
        self._opened.clear()

    def hand_over(self) -> None:
        """Another incarnation took over: if the next line says another net, it is believed."""
        self._may_jump = self._is_settling_in = True
        self.quotes.orders.adopts = True
        self._expected_exit = self._expected_change = None
        self._expected_realize.clear()

    def begin_run(self, *, is_legacy: bool, windows: ExitWindows) -> None:
        """Another run takes this market over, with its position or without it."""
        self.quotes.is_legacy, self._windows = is_legacy, windows
        self._is_active = True
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nothing of before rests any more, and somebody else goes on with the position."""
        self.quotes.orders = OrderLedger()
        self.hand_over()

    def take(self, line: Line) -> None:
        """Judge one line about this market that carries its context. Raises LineProblem for an unreadable field."""
        action = line.action
        if action not in _BETWEEN_FILL_AND_STATE_CHANGE:
            self._is_settling_in = False
        self._judge_what_was_due(line, action)
        if self._may_jump and action != "FILL":
            self._believe(line, line.size("net"))
        handle = _HANDLERS.get(action)
        if handle is not None:
            handle(self, line)
        self._judge_context(line, action)

    def end(self, where: str) -> None:
        """The log ends here."""
        if self._expected_exit is not None:
            self._accuser.note(f"{where}: the log ends right after {self._expected_exit.action} of {self.ticker}")

    # --- what the lines before this one promised ---

    def _judge_what_was_due(self, line: Line, action: str) -> None:
        announced, self._expected_exit = self._expected_exit, None
        if announced is not None:
            kind = ORDER_KIND_OF_EXIT[announced.action]
            if action != "quote_place" or (line.word("kind"), line.word("role")) != (kind, "exit"):
                self._accuser.accuse(Check.EXITS_FOLLOWED, announced, f"the next line is {action}, not its quote_place")
        if self._expected_realize and action != "REALIZE":
            closing = self._expected_realize.popleft()
            self._accuser.accuse(Check.PNL, line, f"a fill closed {closing.size / 100:g} and no REALIZE followed")
        if self._expected_change is not None and action not in _BETWEEN_FILL_AND_STATE_CHANGE:
            old, new = self._expected_change
            self._expected_change = None
            self._accuser.accuse(Check.STATES, line, f"{old} became {new} and no state_change followed")

    def _judge_context(self, line: Line, action: str) -> None:
        net = line.size("net")
        self._accuser.examine(Check.POSITION)
        if net != self._net:
            self._accuser.accuse(
                Check.POSITION, line, f"net is {net / 100:g}, the fills add up to {(self._net or 0) / 100:g}"
            )
            self._believe(line, net)
        if action != "FILL":
            self._accuser.examine(Check.STATES)
            if line.word("state") != state_of(net):
                self._accuser.accuse(Check.STATES, line, f"state is {line.word('state')} with net {net / 100:g}")
        self._judge_averages(line, net)
        if not self.quotes.is_legacy and self._is_active and self._opened:
            self._accuser.examine(Check.EXITS_PROMPT)
            late = self._exits.overdue(opened_at=self._opened[0][1], now=line.seconds("ts"), windows=self._windows)
            if late is not None:
                self._accuser.accuse(Check.EXITS_PROMPT, line, late)

    def _judge_averages(self, line: Line, net: int) -> None:
        if net == 0:
            if line.has("vwap") or line.has("tp"):
                self._accuser.accuse(Check.TP_DRIFT, line, "vwap or tp of a flat market")
            return
        printed, exact = Fraction(line.price("vwap")), self._exact_vwap()
        if exact is not None and abs(printed - exact) > Fraction(1, 2):
            self._accuser.accuse(
                Check.POSITION, line, f"vwap {dollars(printed)} is not that of the fills, {dollars(exact)}"
            )
        self.quotes.judge_tp_field(line, net=net, vwap=exact)

    # --- fills and results ---

    def _fill(self, line: Line) -> None:
        side, role, size, price = line.word("side"), line.word("role"), line.size("qty"), line.price("price")
        if side not in SIGN_OF_SIDE or size <= 0:
            self._accuser.accuse(Check.LINES, line, f"a fill of {size / 100:g} on side {side}")
            return
        signed = SIGN_OF_SIDE[side] * size
        if self._may_jump:
            self._believe(line, line.size("net") - signed)
        self.quotes.fill(line, side=side, role=role, size=size, price=price)
        self._book(line, signed, price)
        state = state_of(self._net or 0)
        if line.word("state_after") != state:
            self._accuser.accuse(
                Check.STATES, line, f"state_after is {line.word('state_after')}, the fills make it {state}"
            )

    def _book(self, line: Line, signed: int, price: int) -> None:
        before = self._net or 0
        self._net = before + signed
        self._age(signed, line.seconds("ts"))
        if self._ledger is not None:
            closing = self._ledger.fill(signed_size=signed, price=price, fee=line.money("fee"))
            if closing is not None:
                self._expected_realize.append(closing)
        else:
            self._is_next_realize_unprovable = sign_of(before) == -sign_of(signed)
            self._ledger = FifoLedger() if self._net == 0 else None
        if sign_of(before) != sign_of(self._net):
            self._expected_change = (state_of(before), state_of(self._net))
            self._exits.new_position()

    def _age(self, signed: int, at: Decimal) -> None:
        while signed and self._opened and sign_of(self._opened[0][0]) == -sign_of(signed):
            size, opened_at = self._opened.popleft()
            if abs(size) > abs(signed):
                self._opened.appendleft((size + signed, opened_at))
                return
            signed += size
        # Lots from before this log have no known age, so neither have those that queue behind them.
        if signed and (self._opened or self._net == signed):
            self._opened.append((signed, at))

    def _realize(self, line: Line) -> None:
        if line.word("exit_reason") == "settlement":
            self._settle(line)
        if not self._expected_realize:
            is_provable = not (self._is_settling_in or self._is_next_realize_unprovable or self._ledger is None)
            self._is_next_realize_unprovable = False
            if is_provable:
                self._accuser.accuse(Check.PNL, line, "a REALIZE without a fill that closed anything")
            return
        closing = self._expected_realize.popleft()
        self._accuser.examine(Check.PNL)
        found = (line.size("qty"), line.price("exit_price"), line.money("pnl"), line.money("fees"))
        if found != (closing.size, closing.exit_price, closing.pnl, closing.fees):
            self._accuser.accuse(
                Check.PNL,
                line,
                f"fills give qty {closing.size / 100:g} at {dollars(closing.exit_price)}, pnl {closing.pnl / 1e6:.6f}, "
                f"fees {closing.fees / 1e6:.6f}",
            )
        average = Fraction(closing.entry_cost, closing.size)
        if abs(line.price("entry_vwap") - average) > Fraction(1, 2):
            self._accuser.accuse(Check.PNL, line, f"entry_vwap is not {dollars(average)}")

    def _settle(self, line: Line) -> None:
        before = self._net or 0
        closing = self._ledger.settle(line.price("exit_price")) if self._ledger is not None else None
        if closing is not None:
            self._expected_realize.append(closing)
        self._become_flat(before)

    def _settlement(self, line: Line) -> None:
        # The REALIZE line before this one closed the position; without one there was nothing to close.
        if line.size("qty") == 0 and line.money("pnl") != 0:
            self._accuser.accuse(Check.PNL, line, "a settlement of nothing with a profit")

    def _become_flat(self, before: int) -> None:
        self._net, self._ledger = 0, FifoLedger()
        self._opened.clear()
        self._exits.new_position()
        if before:
            self._expected_change = (state_of(before), state_of(0))

    def _state_change(self, line: Line) -> None:
        self._accuser.examine(Check.STATES)
        found = (line.word("old_state"), line.word("new_state"))
        expected, self._expected_change = self._expected_change, None
        if expected is None and not self._is_settling_in:
            self._accuser.accuse(
                Check.STATES, line, "a state_change without a fill or settlement that changed the state"
            )
        elif expected is not None and found != expected:
            self._accuser.accuse(Check.STATES, line, f"the position went from {expected[0]} to {expected[1]}")

    # --- orders ---

    def _quote(self, line: Line) -> None:
        self.quotes.take(line, net=self._net or 0, vwap=self._exact_vwap())

    def _announce(self, line: Line) -> None:
        self._accuser.examine(Check.EXITS_FOLLOWED)
        self._expected_exit = line
        self._exits.announced(line.action)

    def _blocked(self, line: Line) -> None:
        self._exits.blocked(line.seconds("ts"))

    def _status(self, line: Line) -> None:
        self._is_active = line.word("status") == "active"

    def _exact_vwap(self) -> Fraction | None:
        return None if self._ledger is None else self._ledger.vwap

    def _believe(self, line: Line, net: int) -> None:
        if net != self._net or self._ledger is None:
            if self._net is not None and net != self._net:
                self._accuser.note(f"{line.where}: {self.ticker} goes on with net {net / 100:g} after lines not seen")
            self._ledger = FifoLedger() if net == 0 else None
            self._opened.clear()
        self._net, self._may_jump = net, False


_HANDLERS: dict[str, Callable[[MarketAudit, Line], None]] = {
    "FILL": MarketAudit._fill,
    "REALIZE": MarketAudit._realize,
    "settlement": MarketAudit._settlement,
    "state_change": MarketAudit._state_change,
    "quote_place": MarketAudit._quote,
    "shadow_quote": MarketAudit._quote,
    "quote_amend": MarketAudit._quote,
    "order_ack": MarketAudit._quote,
    "order_reject": MarketAudit._quote,
    "inventory_limit": MarketAudit._quote,
    "order_gone": MarketAudit._quote,
    "order_resolved": MarketAudit._quote,
    "exit_blocked": MarketAudit._blocked,
    "market_status": MarketAudit._status,
    "sweet_spot_exit": MarketAudit._announce,
    "hard_cap_exit": MarketAudit._announce,
    "legacy_exit": MarketAudit._announce,
    "mae_trim": MarketAudit._announce,
}
