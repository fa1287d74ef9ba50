"""One run of a log, in the order of its `seq`: nothing lost, nothing twice, every line to its market."""

from collections import deque
from decimal import Decimal

from edgelock.ops.audit_exits import ExitWindows, exit_windows
from edgelock.ops.audit_findings import Check, Findings
from edgelock.ops.audit_line import MARKET_FIELDS, Line, LineProblem, missing_fields
from edgelock.ops.audit_market import MarketAudit
from edgelock.ops.audit_rules import MarketRules

CANCEL_REASONS_COUNTED = frozenset({"quote", "replace"})
_WINDOWS_S = (30, 60)
_CONTEXT_FIELD = "net"
_DOOR = "exchange"
"""The actor that keeps the orders. Each of its lives withdraws what the one before had resting, without a line each."""


class LogAudit:
    """All runs of a log. Positions may go on from one run to the next, so the markets are kept between them."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._markets: dict[str, MarketAudit] = {}
        self._run: str | None = None
        self._last_seq = 0
        self._is_legacy = False
        self._speed = Decimal(1)
        self._windows = ExitWindows()
        self._adopts = False
        self._rules: dict[str, MarketRules] = {}
        self._cancels: dict[str, deque[Decimal]] = {}
        self._is_whole = True

    def take(self, line: Line) -> None:
        """Judge the next line."""
        self._findings.examined[Check.LINES] += 1
        missing = missing_fields(line)
        try:
            if missing:
                raise LineProblem(f"{line.action} without {', '.join(missing)}")
            self._order(line)
            self._route(line)
        except LineProblem as problem:
            self._findings.add(Check.LINES, where=line.where, reason=str(problem), line=line.text)

    def end(self, where: str) -> None:
        """The log ends here."""
        for market in self._markets.values():
            market.end(where)

    def _order(self, line: Line) -> None:
        run, seq = line.word("run"), line.integer("seq")
        self._findings.examined[Check.SEQUENCE] += 1
        if run != self._run:
            self._begin(line, run, seq)
        elif seq <= self._last_seq:
            reason = f"seq {seq} after {self._last_seq}: a line twice, or out of order"
            self._findings.add(Check.SEQUENCE, where=line.where, reason=reason, line=line.text)
        elif seq != self._last_seq + 1:
            reason = f"seq {seq} after {self._last_seq}: {seq - self._last_seq - 1} lines are missing"
            self._findings.add(Check.SEQUENCE, where=line.where, reason=reason, line=line.text)
            self._lose_track()
        self._last_seq = max(seq, self._last_seq)

    def _begin(self, line: Line, run: str, seq: int) -> None:
        is_first, self._run, self._last_seq = self._run is None, run, 0
        self._is_legacy, self._windows, self._speed = False, ExitWindows(), Decimal(1)
        self._cancels.clear()
        self._adopts = not is_first
        self._is_whole = seq == 1
        for market in self._markets.values():
            market.begin_run(is_legacy=self._is_legacy, windows=self._windows)
        if seq != 1:
            self._findings.note(f"{line.where}: run {run} begins at seq {seq}; what was before it is unknown")
            self._adopts = True
            self._lose_track()

    def _lose_track(self) -> None:
        self._is_whole = False
        self._cancels.clear()
        for market in self._markets.values():
            market.lose_track()

    def _route(self, line: Line) -> None:
        action = line.action
        if action == "config":
            self._configure(line)
        elif action == "startup_check":
            self._read_rules(line)
        elif action == "reconcile":
            self._adopts = self._adopts or line.integer("adopted") > 0
        elif action in ("cb_soft", "cb_hard"):
            self._judge_breaker(line)
        elif action == "actor_restart" and line.has("market"):
            market = self._market(line.word("market"))
            market.hand_over()
            if line.has("recovered_orders"):
                market.quotes.orders.keep_only(line.words("recovered_orders"))
        elif action == "actor_restart" and line.word("actor") == _DOOR:
            for each in self._markets.values():
                each.begin_anew()
        elif action == "config_reload":
            self._findings.note(f"{line.where}: settings were reloaded; gates and offsets are those of startup_check")
        if line.has("market") and (action in MARKET_FIELDS or _CONTEXT_FIELD in line.data):
            self._count_cancel(line)
            self._market(line.word("market")).take(line)

    def _market(self, ticker: str) -> MarketAudit:
        market = self._markets.get(ticker)
        if market is None:
            market = MarketAudit(ticker, self._findings, is_legacy=self._is_legacy, windows=self._windows)
            market.quotes.rules = self._rules.get(ticker)
            market.quotes.orders.adopts = self._adopts
            self._markets[ticker] = market
        return market

    def _configure(self, line: Line) -> None:
        self._is_legacy = line.word("strategy") == "legacy"
        self._speed = line.ratio("speed")
        self._windows = exit_windows(settings=line.word("settings"), speed=self._speed)
        for market in self._markets.values():
            market.begin_run(is_legacy=self._is_legacy, windows=self._windows)

    def _read_rules(self, line: Line) -> None:
        rules = MarketRules(
            gate_low=line.price("gate_low"),
            gate_high=line.price("gate_high"),
            tp_offset=line.price("tp_offset"),
            tick=line.price("tick"),
        )
        ticker = line.word("market")
        self._rules[ticker] = rules
        if ticker in self._markets:
            self._markets[ticker].quotes.rules = rules

    def _count_cancel(self, line: Line) -> None:
        if line.action in ("quote_cancel", "quote_amend") and line.word("reason") in CANCEL_REASONS_COUNTED:
            self._cancels.setdefault(line.word("market"), deque()).append(line.seconds("ts"))

    def _judge_breaker(self, line: Line) -> None:
        self._findings.examined[Check.BREAKER] += 1
        counts = tuple(line.integer(f"cancels_{window}") for window in _WINDOWS_S)
        thresholds = tuple(line.integer(f"threshold_{window}") for window in _WINDOWS_S)
        if all(count < threshold for count, threshold in zip(counts, thresholds, strict=True)):
            reason = f"tripped with {counts[0]} and {counts[1]} cancels, below {thresholds[0]} and {thresholds[1]}"
            self._findings.add(Check.BREAKER, where=line.where, reason=reason, line=line.text)
        elif self._is_whole and line.has("market"):
            self._recount_cancels(line, thresholds)

    def _recount_cancels(self, line: Line, thresholds: tuple[int, ...]) -> None:
        """The cancels themselves are lines, too. Those of another actor may be told a moment before or after."""
        now, slack = line.seconds("ts"), max(self._speed, Decimal(1))
        cancels = self._cancels.setdefault(line.word("market"), deque())
        while cancels and now - cancels[0] > _WINDOWS_S[-1] + slack:
            cancels.popleft()
        seen = tuple(sum(now - at <= window + slack for at in cancels) for window in _WINDOWS_S)
        if all(count < threshold for count, threshold in zip(seen, thresholds, strict=True)):
            reason = f"the log shows {seen[0]} and {seen[1]} cancels caused by quoting, below {thresholds}"
            self._findings.add(Check.BREAKER, where=line.where, reason=reason, line=line.text)
