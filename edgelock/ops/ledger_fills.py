"""Fills, positions and money of a simulated run: what the exchange has in its books against what the bot told."""

from collections import defaultdict, deque
from collections.abc import Sequence

from edgelock.ops.ledger_evidence import Evidence, LedgerReport, Line, basis_points, hundredths, millionths, sign

_DOLLAR = 10_000


def check_fills(evidence: Evidence, report: LedgerReport) -> None:
    """Every promise about fills, positions and money."""
    unheard = _the_same_fills(evidence, report)
    _the_same_positions(evidence, unheard, report)
    _the_same_money(evidence, unheard, report)


def _the_same_fills(evidence: Evidence, report: LedgerReport) -> list[Line]:
    """The same trades, each once, with the same figures. Returns those that a killed bot had no time to hear."""
    promise = "fills"
    told: dict[str, Line] = {}
    for line in evidence.lines:
        if line["action"] == "FILL":
            if line["trade_id"] in told:
                report.breach(promise, f"{line['trade_id']} was told twice")
            told[line["trade_id"]] = line
    unheard: list[Line] = []
    seen: set[str] = set()
    for fill in evidence.account["fill_history"]:
        report.seen(promise)
        if fill["trade_id"] in seen:
            report.breach("no self-trade", f"{fill['trade_id']} has the bot on both sides")
        seen.add(fill["trade_id"])
        if evidence.role(fill["client_order_id"]) == "entry":
            report.expect(not fill["is_taker"], "entries make", f"entry {fill['client_order_id']} took liquidity")
        line_told = told.pop(fill["trade_id"], None)
        if line_told is not None:
            _the_same_figures(fill, line_told, report)
        elif evidence.may_be_untold(fill["at_ns"]):
            unheard.append(fill)
        else:
            report.breach(promise, f"{fill['trade_id']} of {fill['client_order_id']} was never told")
    report.seen("no self-trade", len(seen))
    for trade_id in told:
        report.breach(promise, f"{trade_id} was told and never happened")
    return unheard


def _the_same_figures(fill: Line, told: Line, report: LedgerReport) -> None:
    theirs = (
        fill["client_order_id"], fill["ticker"], fill["book_side"], fill["yes_price"], hundredths(fill["count_fp"]),
        fill["fee"], fill["is_taker"],
    )  # fmt: skip
    ours = (
        told["client_order_id"], told["market"], told["side"], basis_points(told["price"]), hundredths(told["qty"]),
        millionths(told["fee"]), told["is_taker"],
    )  # fmt: skip
    if theirs != ours:
        report.breach("fills", f"{fill['trade_id']}: the exchange has {theirs}, the bot told {ours}")


def _the_same_positions(evidence: Evidence, unheard: Sequence[Line], report: LedgerReport) -> None:
    """Σ fills is the bot's position in every market, and so is the exchange's, but for what could not be heard."""
    promise = "positions"
    account = evidence.account
    told: dict[str, int] = {}
    settled: set[str] = set()
    for line in evidence.lines:
        if line["action"] == "settlement":
            settled.add(line["market"])
        if "market" in line and "net" in line:
            told[line["market"]] = hundredths(line["net"])
    summed: dict[str, int] = defaultdict(int)
    missed = {fill["trade_id"] for fill in unheard}
    for fill in account["fill_history"]:
        summed[fill["ticker"]] += 0 if fill["trade_id"] in missed else sign(fill) * hundredths(fill["count_fp"])
    held = {line["ticker"]: hundredths(line["position_fp"]) for line in account["positions"]}
    ended = {line["ticker"] for line in account["settlement_history"]}
    for ticker in sorted({*told, *summed}):
        net = told.get(ticker, 0)
        expected = 0 if ticker in settled else summed[ticker]
        report.expect(net == expected, promise, f"{ticker}: Σ fills is {expected}, the bot's position {net}")
        later = sum(sign(fill) * hundredths(fill["count_fp"]) for fill in unheard if fill["ticker"] == ticker)
        theirs = held.get(ticker, 0)
        if ticker not in ended and theirs != net + later:
            report.breach(promise, f"{ticker}: the exchange has {theirs}, the bot {net} and {later} not heard of")


def _the_same_money(evidence: Evidence, unheard: Sequence[Line], report: LedgerReport) -> None:
    """Realised profit, less what is tied up in open lots, is the change of cash, to the millionth of a dollar."""
    promise = "money"
    account = evidence.account
    by_trade = {fill["trade_id"]: fill for fill in account["fill_history"]}
    outcomes = {line["ticker"]: line for line in account["settlement_history"]}
    lots: dict[str, deque[list[int]]] = defaultdict(deque)
    realized = told = 0
    for line in evidence.lines:
        if line["action"] == "REALIZE":
            told += millionths(line["pnl"])
        elif line["action"] == "FILL" and line["trade_id"] in by_trade:
            realized += _book(lots[line["market"]], by_trade[line["trade_id"]])
        elif line["action"] == "settlement":
            outcome = outcomes.pop(line["market"], None)
            if outcome is None and not line["qty"]:
                continue  # nothing was held, so the exchange paid nobody
            if outcome is None or outcome["value"] != basis_points(line["value"]):
                theirs = None if outcome is None else outcome["value"]
                report.breach(promise, f"{line['market']} settled at {theirs}, the bot told {line['value']}")
                continue
            realized += _settle(lots[line["market"]], outcome)
    report.expect(told == realized, promise, f"the bot realised {told}, its fills come to {realized}")
    # What came after the bot was gone changes the cash too.
    for fill in unheard:
        realized += _book(lots[fill["ticker"]], fill)
    for ticker, outcome in outcomes.items():
        realized += _settle(lots[ticker], outcome)
    tied_up = sum(
        (price if side > 0 else _DOLLAR - price) * size + fee
        for open_lots in lots.values()
        for side, price, size, fee in open_lots
    )
    change = account["cash"] - evidence.ledger["deposited"]
    found = f"cash changed by {change}, the bot's results come to {realized - tied_up}"
    report.expect(change == realized - tied_up, promise, found)


def _book(lots: deque[list[int]], fill: Line) -> int:
    """First in, first out: what one fill realises, net of fees. A lot is [sign, price, size, fee]."""
    side, price, fee = sign(fill), int(fill["yes_price"]), int(fill["fee"])
    size = left = hundredths(fill["count_fp"])
    closing = min(left, sum(lot[2] for lot in lots)) if lots and lots[0][0] == -side else 0
    closing_fee = fee * closing // size
    realized = -closing_fee
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
        lots.append([side, price, left, fee - closing_fee])
    return realized


def _settle(lots: deque[list[int]], outcome: Line) -> int:
    """What a settlement realises, net of fees."""
    value = int(outcome["value"])
    realized = sum(side * (value - price) * size - fee for side, price, size, fee in lots) - int(outcome["fee"])
    lots.clear()
    return realized
