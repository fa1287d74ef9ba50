"""Orders of a simulated run: what reached the exchange, how long it lived, and what the bot said of it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from edgelock.ops.ledger_evidence import (
    SLACK_NS,
    Evidence,
    LedgerReport,
    Line,
    Timeline,
    basis_points,
    hundredths,
    nanoseconds,
    sign,
)

LATE_FILL_NS = 10_000_000_000
"""Real time that the bot may need to hear of a fill while the exchange's channels and lists fail it."""
SAME_CLOCK_NS = 50_000_000
"""Real time by which the bot's clock may be behind the exchange's, which it follows."""
SECOND_NS = 1_000_000_000
RESTS = "good_till_canceled"
_OF_VENUE_TIME = ("FILL", "REALIZE", "settlement")
"""Lines whose time is the exchange's; every other line has the time at which it was told."""
_NOWHERE = Timeline(())


def check_orders(evidence: Evidence, report: LedgerReport) -> None:
    """Every promise about orders."""
    _one_order_a_side(evidence, report)
    _inside_the_gates(evidence, report)
    _flat_before_entering(evidence, report)
    _flat_before_sending(evidence, report)
    _entries_protected(evidence, report)
    _exits_only_shrink(evidence, report)
    _exits_fit_the_position(evidence, report)
    _each_id_once(evidence, report)
    _expiries(evidence, report)
    _gone_by_expiry(evidence, report)
    _ends_are_true(evidence, report)
    _the_end_is_true(evidence, report)


def _resting(evidence: Evidence) -> list[Line]:
    return [order for order in evidence.account["order_history"] if order["time_in_force"] == RESTS]


def _one_order_a_side(evidence: Evidence, report: LedgerReport) -> None:
    """No two orders that rest on one side of a market at the same time."""
    promise = "one order a side"
    sides: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for order in _resting(evidence):
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
    """Every entry that reached the exchange, or was changed there, was at or beyond its gate."""
    promise = "gates"
    gates = {
        line["market"]: (basis_points(line["gate_low"]), basis_points(line["gate_high"]))
        for line in evidence.log
        if line["action"] == "startup_check"
    }
    for asked, _ in (*evidence.accepted("create", 201), *evidence.accepted("amend", 200)):
        if evidence.role(asked["client_order_id"]) != "entry":
            continue
        low, high = gates.get(asked["ticker"], (-1, 1_000_000))
        price = basis_points(asked["price"])
        is_inside = price <= low if asked["side"] == "bid" else price >= high
        report.expect(is_inside, promise, f"{asked['client_order_id']}: {asked['side']} at {asked['price']}")


def _flat_before_entering(evidence: Evidence, report: LedgerReport) -> None:
    """No entry was decided while the bot held a position or had heard of a fill."""
    net: dict[str, int] = defaultdict(int)
    for line in evidence.lines:
        if line["action"] == "FILL":
            net[line["market"]] += _told_change(line)
        elif line["action"] == "settlement":
            net[line["market"]] = 0
        elif line["action"] == "quote_place" and line["role"] == "entry":
            held = net[line["market"]]
            found = f"{line['client_order_id']} was decided with a position of {held}"
            report.expect(not held, "entries only when flat", found)


def _flat_before_sending(evidence: Evidence, report: LedgerReport) -> None:
    """No entry arrived after the bot had told of a fill that was not closed since, but for its time on the way."""
    heard = _positions_as_heard(evidence)
    for asked, request in _asked_of(evidence, "create"):
        if evidence.role(asked["client_order_id"]) == "entry":
            at_ns = request["received"]["exchange_ns"]
            told = heard.get(asked["ticker"], _NOWHERE).during(at_ns - SLACK_NS * evidence.speed, at_ns)
            found = f"{asked['client_order_id']} was sent with a position of {told[-1]}"
            report.expect(0 in told, "entries only when flat", found)


def _positions_as_heard(evidence: Evidence) -> Mapping[str, Timeline]:
    """The position of every market at the time of the first line after the one that told its change."""
    changes: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    heard_at = 0
    for line in reversed(evidence.lines):
        if line["action"] == "FILL":
            changes[line["market"]].append((heard_at or nanoseconds(line["ts"]), _told_change(line)))
        elif line["action"] == "settlement":
            changes[line["market"]].append((heard_at or nanoseconds(line["ts"]), None))
        elif line["action"] not in _OF_VENUE_TIME:
            heard_at = nanoseconds(line["ts"])
    return {ticker: Timeline(each[::-1]) for ticker, each in changes.items()}


def _entries_protected(evidence: Evidence, report: LedgerReport) -> None:
    """Entries are post-only and in an order group, immediate exits reduce only, what rests ends with a pause."""
    promise = "safe by themselves"
    for asked, _ in _asked_of(evidence, "create"):
        name, role = asked["client_order_id"], evidence.role(asked["client_order_id"])
        if role == "entry":
            report.expect(bool(asked.get("post_only")), promise, f"entry {name} is not post-only")
            report.expect(bool(asked.get("order_group_id")), promise, f"entry {name} is in no order group")
            report.expect(asked["time_in_force"] == RESTS, promise, f"entry {name} takes what it meets")
        elif role == "exit" and asked["time_in_force"] != RESTS:
            report.expect(bool(asked.get("reduce_only")), promise, f"exit {name} is not reduce-only")
    for order in _resting(evidence):
        found = f"{order['client_order_id']} stays when trading pauses"
        report.expect(bool(order["cancel_on_pause"]), promise, found)


def _exits_only_shrink(evidence: Evidence, report: LedgerReport) -> None:
    """No fill of an exit opens, grows or turns a position."""
    held: dict[str, int] = defaultdict(int)
    events = [(fill["at_ns"], fill) for fill in evidence.account["fill_history"]]
    events += [(settled["settled_at_ns"], settled) for settled in evidence.account["settlement_history"]]
    for _, event in sorted(events, key=lambda each: each[0]):
        before = held[event["ticker"]]
        if "trade_id" not in event:
            held[event["ticker"]] = 0
            continue
        size = hundredths(event["count_fp"])
        held[event["ticker"]] = before + sign(event) * size
        if evidence.role(event["client_order_id"]) == "exit":
            shrinks = before * sign(event) < 0 and size <= abs(before)
            found = f"{event['client_order_id']} filled {sign(event) * size} with a position of {before}"
            report.expect(shrinks, "exits only shrink", found)


def _exits_fit_the_position(evidence: Evidence, report: LedgerReport) -> None:
    """No exit asked for more than the position that the bot could know of."""
    asked_for = (*evidence.accepted("create", 201), *evidence.accepted("amend", 200))
    for asked, request in asked_for:
        if evidence.role(asked["client_order_id"]) != "exit":
            continue
        at_ns = request["applied"]["exchange_ns"]
        held = evidence.positions.get(asked["ticker"], _NOWHERE).during(at_ns - LATE_FILL_NS * evidence.speed, at_ns)
        closable = max((-net if asked["side"] == "bid" else net) for net in held)
        wanted = hundredths(asked["count"]) - _filled_before(evidence, asked["client_order_id"], at_ns)
        found = f"{asked['client_order_id']} asked for {wanted} with a position of {closable}"
        report.expect(wanted <= max(closable, 0), "exits fit the position", found)


def _filled_before(evidence: Evidence, client_order_id: str, at_ns: int) -> int:
    return sum(
        hundredths(fill["count_fp"])
        for fill in evidence.account["fill_history"]
        if fill["client_order_id"] == client_order_id and fill["at_ns"] <= at_ns
    )


def _each_id_once(evidence: Evidence, report: LedgerReport) -> None:
    """The exchange accepted each client order id at most once, and none that the bot did not decide."""
    promise = "ids"
    accepted = Counter(asked["client_order_id"] for asked, _ in evidence.accepted("create", 201))
    kept = Counter(order["client_order_id"] for order in evidence.account["order_history"])
    for client_order_id in sorted({*accepted, *kept}):
        times = max(accepted[client_order_id], kept[client_order_id])
        report.expect(times == 1, promise, f"{client_order_id} was accepted {times} times")
    for order in evidence.account["order_history"]:
        if order["client_order_id"] not in evidence.decided and not evidence.may_be_untold(order["created_at_ns"]):
            report.breach(promise, f"{order['client_order_id']} was sent and never decided")


def _expiries(evidence: Evidence, report: LedgerReport) -> None:
    """Whatever is to rest arrives with an expiry, and so does a renewal, no later than the settings say."""
    promise = "expiry"
    lives = _lives(evidence)
    for asked, request in (*_asked_of(evidence, "create"), *_asked_of(evidence, "amend")):
        role, expires = evidence.role(asked["client_order_id"]), asked.get("expiration_time")
        if role is None or (request["operation"] == "amend" and expires is None):
            continue
        if expires is None:
            report.expect(
                asked["time_in_force"] != RESTS, promise, f"{asked['client_order_id']} came without an expiry"
            )
            continue
        latest = request["received"]["exchange_ns"] + lives[role] + SECOND_NS
        found = f"{asked['client_order_id']} came with an expiry {expires * SECOND_NS - latest} ns too late"
        report.expect(expires * SECOND_NS <= latest, promise, found)


def _lives(evidence: Evidence) -> Mapping[str, int]:
    """How long an order of each role may rest by the settings that the bot told, in nanoseconds of exchange time."""
    (config,) = [line for line in evidence.log if line["action"] == "config"]
    settings = json.loads(config["settings"])
    return {role: int(settings[f"live.{role}_life_s"]) for role in ("entry", "exit")}


def _gone_by_expiry(evidence: Evidence, report: LedgerReport) -> None:
    """Nothing rests longer than its expiry, whether the bot is there or gone."""
    promise = "gone by expiry"
    slack = SLACK_NS * evidence.speed
    for order in _resting(evidence):
        expires, ended = order["expires_at_ns"], order["ended_at_ns"]
        name = order["client_order_id"]
        if expires is None:
            report.expect(False, promise, f"{name} has no expiry")
            continue
        lived_until = evidence.ledger["exchange_time_ns"] if ended is None else ended
        report.expect(lived_until <= expires + slack, promise, f"{name} rested beyond its expiry")


def _ends_are_true(evidence: Evidence, report: LedgerReport) -> None:
    """An order that the bot told to be off the book, or refused for good, was, and all its fills were told before."""
    promise = "ends"
    orders = {order["client_order_id"]: order for order in evidence.account["order_history"]}
    over: dict[str, int] = {}
    known: set[str] = set()
    for line in evidence.lines:
        name = str(line.get("client_order_id"))
        if line["action"] == "FILL" and name in over:
            report.breach(promise, f"{line['trade_id']} was told after the end of {name}")
        if line["action"] in ("order_ack", "FILL"):
            known.add(name)
        elif line["action"] == "order_gone" or (line["action"] == "order_reject" and name not in known):
            over.setdefault(name, nanoseconds(line["ts"]))
    for name, told_at in over.items():
        ended = orders[name]["ended_at_ns"] if name in orders else 0
        was_over = ended is not None and ended <= told_at + SAME_CLOCK_NS * evidence.speed
        report.expect(was_over, promise, f"{name} was told to be over and still rested")


def _the_end_is_true(evidence: Evidence, report: LedgerReport) -> None:
    """A bot that ends by itself says how many orders it left, and its exit code tells whether it left any."""
    promise = "the end"
    if evidence.was_killed:
        return
    done = [line for line in evidence.log if line["action"] == "shutdown_done"]
    left = [
        order["client_order_id"]
        for order in _resting(evidence)
        if order["ended_at_ns"] is None or order["ended_at_ns"] > evidence.gone_at_ns
    ]
    if not done:
        report.expect(False, promise, f"it ended with exit code {evidence.exit_code} and without a last word")
        return
    said = int(done[-1]["open_orders"])
    is_true = not left or said < 0 or said >= len(left)
    report.expect(is_true, promise, f"it left {', '.join(left)} and said {said}")
    report.expect(not left or evidence.exit_code != 0, promise, f"it left {len(left)} orders and its exit code is 0")


def _asked_of(evidence: Evidence, operation: str) -> Iterator[tuple[Line, Line]]:
    """What was asked in every write that arrived, done or not, and the request it came in."""
    for request in evidence.requests:
        if request.get("operation") == operation:
            for asked in request["asked"]:
                yield asked, request


def _told_change(line: Line) -> int:
    return (1 if line["side"] == "bid" else -1) * hundredths(line["qty"])
