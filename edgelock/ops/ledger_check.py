"""An independent check of one live run: the exchange's own books against what the bot said and what it sent.

Nothing here is shared with the bot: not its arithmetic, not its order states, not its units. It reads three things
after the run: the exchange's ledger, the exchange's request log and the bot's telemetry, and it counts in millionths
of a dollar and hundredths of a contract. A promise that does not hold is a `Breach` with what was found.
"""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

MILLIONTHS = 1_000_000
UNHEARD_NS = 3_000_000_000
"""Real time before a bot was killed in which a fill may have been on its way to it."""
EXPIRY_SLACK_NS = 1_000_000_000
"""Real time by which the exchange may be late to withdraw: it does so when it next looks."""

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was not kept."""

    promise: str
    found: str


@dataclass(slots=True)
class LedgerReport:
    """What was examined, by promise, and what did not hold."""

    examined: dict[str, int] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)

    def seen(self, promise: str, count: int) -> None:
        """So many things were looked at for this promise."""
        self.examined[promise] = self.examined.get(promise, 0) + count

    def breach(self, promise: str, found: str) -> None:
        """This one does not hold."""
        self.breaches.append(Breach(promise, found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a run left behind.

    ledger           GET /embedded/ledger, read after the bot was gone
    requests         the exchange's request log
    log              the bot's telemetry
    gone_at_ns       exchange time at which the bot was killed; None when it ended by itself
    speed            exchange seconds per real second
    """

    ledger: Mapping[str, Any]
    requests: Sequence[Line]
    log: Sequence[Line]
    gone_at_ns: int | None
    speed: int


def read_lines(path: Path) -> list[Line]:
    """A file of JSON lines, numbers exact. The last line of a process that was killed may be torn."""
    lines: list[Line] = []
    for raw in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(raw, parse_float=Decimal))
        except json.JSONDecodeError:
            break
    return lines


def check_ledger(evidence: Evidence) -> LedgerReport:
    """Every promise, one after the other."""
    report = LedgerReport()
    (account,) = [each for each in evidence.ledger["accounts"] if each["account_id"] == "member"]
    fills = _the_same_fills(evidence, account, report)
    _the_same_money(evidence, account, fills, report)
    _one_order_a_side(account, report)
    _inside_the_gates(evidence, report)
    _flat_before_entering(evidence, report)
    _each_id_once(evidence, report)
    _gone_by_expiry(evidence, account, report)
    return report


# --- fills and positions ----------------------------------------------------------------------------------------------


def _the_same_fills(evidence: Evidence, account: Line, report: LedgerReport) -> list[Line]:
    """Σ fills is the bot's position in every market: the same trades, each once, with the same figures."""
    promise = "fills"
    told: dict[str, Line] = {}
    for line in evidence.log:
        if line.get("action") == "FILL":
            if line["trade_id"] in told:
                report.breach(promise, f"{line['trade_id']} was told twice")
            told[line["trade_id"]] = line
    report.seen(promise, len(account["fill_history"]))
    heard: list[Line] = []
    for fill in account["fill_history"]:
        if fill["trade_id"] not in told:
            if not _may_be_unheard(evidence, fill["at_ns"]):
                report.breach(promise, f"{fill['trade_id']} of {fill['client_order_id']} was never told")
            continue
        line = told.pop(fill["trade_id"])
        heard.append(fill)
        theirs = (fill["ticker"], fill["book_side"], fill["yes_price"], _hundredths(fill["count_fp"]), fill["fee"])
        ours = (line["market"], line["side"], _bp(line["price"]), _hundredths(line["qty"]), _money(line["fee"]))
        if theirs != ours:
            report.breach(promise, f"{fill['trade_id']}: the exchange has {theirs}, the bot told {ours}")
    for trade_id in told:
        report.breach(promise, f"{trade_id} was told and never happened")
    _the_same_positions(evidence, account, heard, report)
    return heard


def _the_same_positions(evidence: Evidence, account: Line, heard: Sequence[Line], report: LedgerReport) -> None:
    promise = "positions"
    settled = {line["ticker"]: line for line in account["settlement_history"]}
    summed: dict[str, int] = defaultdict(int)
    for fill in heard:
        summed[fill["ticker"]] += _sign(fill) * _hundredths(fill["count_fp"])
    told: dict[str, int] = {}
    for line in evidence.log:
        if "market" in line and "net" in line:
            told[line["market"]] = _hundredths(line["net"])
    held = {line["ticker"]: _hundredths(line["position_fp"]) for line in account["positions"]}
    for ticker, net in told.items():
        report.seen(promise, 1)
        expected = 0 if ticker in settled and net == 0 else summed[ticker]
        if net != expected:
            report.breach(promise, f"{ticker}: Σ fills is {expected}, the bot's position {net}")
        if evidence.gone_at_ns is None and ticker not in settled and held.get(ticker, 0) != net:
            report.breach(promise, f"{ticker}: the exchange has {held.get(ticker, 0)}, the bot {net}")


def _may_be_unheard(evidence: Evidence, at_ns: int) -> bool:
    gone = evidence.gone_at_ns
    return gone is not None and at_ns > gone - UNHEARD_NS * evidence.speed


# --- money --------------------------------------------------------------------------------------------------------


def _the_same_money(evidence: Evidence, account: Line, heard: Sequence[Line], report: LedgerReport) -> None:
    """Realised profit plus what is tied up in open lots is the change of cash, to the millionth of a dollar."""
    promise = "money"
    by_trade = {fill["trade_id"]: fill for fill in heard}
    lots: dict[str, deque[list[int]]] = defaultdict(deque)
    realized = tied_up = told = 0
    for line in evidence.log:
        if line.get("action") == "REALIZE":
            told += _money(line["pnl"])
        elif line.get("action") == "FILL" and line["trade_id"] in by_trade:
            realized += _book(lots[line["market"]], by_trade[line["trade_id"]])
        elif line.get("action") == "settlement":
            value = _bp(line["value"])
            realized += sum(sign * (value - price) * size - fee for sign, price, size, fee in lots[line["market"]])
            lots[line["market"]].clear()
    for open_lots in lots.values():
        for sign, price, size, fee in open_lots:
            tied_up += (price if sign > 0 else 10_000 - price) * size + fee
    report.seen(promise, 1)
    if told != realized:
        report.breach(promise, f"the bot realised {told}, its fills come to {realized}")
    unheard = [fill for fill in account["fill_history"] if fill["trade_id"] not in by_trade]
    change = account["cash"] - evidence.ledger["deposited"]
    if not unheard and change != realized - tied_up:
        report.breach(promise, f"cash changed by {change}, the bot's results come to {realized - tied_up}")


def _book(lots: deque[list[int]], fill: Line) -> int:
    """First in, first out: what one fill realises, net of fees. A lot is [sign, price, size, fee]."""
    sign, price, left, fee = _sign(fill), int(fill["yes_price"]), _hundredths(fill["count_fp"]), int(fill["fee"])
    size: int = left
    realized = 0
    closing = min(left, sum(lot[2] for lot in lots)) if lots and lots[0][0] == -sign else 0
    closing_fee = fee * closing // size
    realized -= closing_fee
    left -= closing
    while closing:
        lot = lots[0]
        taken = min(closing, lot[2])
        lot_fee = lot[3] * taken // lot[2]
        realized += lot[0] * (price - lot[1]) * taken - lot_fee
        lot[2], lot[3], closing = lot[2] - taken, lot[3] - lot_fee, closing - taken
        if not lot[2]:
            lots.popleft()
    if left:
        lots.append([sign, price, left, fee - closing_fee])
    return realized


# --- orders -----------------------------------------------------------------------------------------------------------


def _one_order_a_side(account: Line, report: LedgerReport) -> None:
    """No two orders that rest on one side of a market at the same time."""
    promise = "one order a side"
    sides: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for order in account["order_history"]:
        if order["time_in_force"] == "good_till_canceled":
            sides[order["ticker"], order["book_side"]].append(order)
    for orders in sides.values():
        orders.sort(key=lambda order: order["created_at_ns"])
        report.seen(promise, len(orders))
        for number, earlier in enumerate(orders):
            for later in orders[number + 1 :]:
                end = earlier["ended_at_ns"]
                if end is None or end > later["created_at_ns"]:
                    names = f"{earlier['client_order_id']} and {later['client_order_id']}"
                    report.breach(promise, f"{names} rested together")


def _inside_the_gates(evidence: Evidence, report: LedgerReport) -> None:
    """Every entry that reached the exchange was at or beyond its gate."""
    promise = "gates"
    gates: dict[str, tuple[int, int]] = {}
    for line in evidence.log:
        if line.get("action") == "startup_check":
            gates[line["market"]] = (_bp(line["gate_low"]), _bp(line["gate_high"]))
    entries = _entries(evidence)
    for request in _creates(evidence):
        asked = request["asked"][0]
        if asked["client_order_id"] not in entries:
            continue
        report.seen(promise, 1)
        low, high = gates[asked["ticker"]]
        price = _bp(asked["price"])
        if price > low if asked["side"] == "bid" else price < high:
            report.breach(promise, f"{asked['client_order_id']}: {asked['side']} at {asked['price']}")
        if not asked["post_only"]:
            report.breach(promise, f"{asked['client_order_id']}: an entry that is not post-only")


def _flat_before_entering(evidence: Evidence, report: LedgerReport) -> None:
    """No entry was decided while the bot held a position or had heard of a fill."""
    promise = "entries only when flat"
    net: dict[str, int] = defaultdict(int)
    for line in sorted((each for each in evidence.log if "market" in each), key=lambda each: each["seq"]):
        if line["action"] == "FILL":
            net[line["market"]] += (1 if line["side"] == "bid" else -1) * _hundredths(line["qty"])
        elif line["action"] == "settlement":
            net[line["market"]] = 0
        elif line["action"] == "quote_place" and line["role"] == "entry":
            report.seen(promise, 1)
            if net[line["market"]]:
                report.breach(promise, f"{line['client_order_id']} with a position of {net[line['market']]}")


def _each_id_once(evidence: Evidence, report: LedgerReport) -> None:
    """The exchange accepted each client order id at most once, and none that the bot did not decide."""
    promise = "ids"
    accepted: dict[str, int] = defaultdict(int)
    decided = {line["client_order_id"] for line in evidence.log if line.get("action") == "quote_place"}
    for request in _creates(evidence):
        if request["outcome"] == 201:
            accepted[request["asked"][0]["client_order_id"]] += 1
    report.seen(promise, len(accepted))
    for client_order_id, times in accepted.items():
        if times > 1:
            report.breach(promise, f"{client_order_id} was accepted {times} times")
        if client_order_id not in decided and evidence.gone_at_ns is None:
            report.breach(promise, f"{client_order_id} was sent and never decided")


def _gone_by_expiry(evidence: Evidence, account: Line, report: LedgerReport) -> None:
    """Nothing rests once the bot is gone and the expiries have passed, and every resting order had one."""
    promise = "expiry"
    for order in account["order_history"]:
        if order["time_in_force"] != "good_till_canceled":
            continue
        report.seen(promise, 1)
        expires, ended = order["expires_at_ns"], order["ended_at_ns"]
        if expires is None:
            report.breach(promise, f"{order['client_order_id']} had no expiry")
        elif ended is not None and ended > expires + EXPIRY_SLACK_NS * evidence.speed:
            report.breach(promise, f"{order['client_order_id']} rested beyond its expiry")
        elif ended is None and (evidence.gone_at_ns is None or evidence.ledger["exchange_time_ns"] > expires):
            report.breach(promise, f"{order['client_order_id']} still rests")


# --- reading ----------------------------------------------------------------------------------------------------------


def _entries(evidence: Evidence) -> set[str]:
    return {
        line["client_order_id"]
        for line in evidence.log
        if line.get("action") == "quote_place" and line["role"] == "entry"
    }


def _creates(evidence: Evidence) -> Iterator[Line]:
    for request in evidence.requests:
        if request.get("operation") == "create" and request.get("asked"):
            yield request


def _sign(fill: Line) -> int:
    return 1 if fill["book_side"] == "bid" else -1


def _hundredths(count: object) -> int:
    return int(Decimal(str(count)) * 100)


def _bp(dollars: object) -> int:
    return int(Decimal(str(dollars)) * 10_000)


def _money(dollars: object) -> int:
    return int(Decimal(str(dollars)) * MILLIONTHS)
