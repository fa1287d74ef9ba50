"""What the bot knows, held against what the exchange has in its books. Every difference is a finding of one line.

Some things may never be, at no moment: an order accepted twice, an order that was not written down before, two orders
on one side of a market, a fill that never happened. Others hold as soon as everything has been heard: they are asked
for until they do, and are findings when they do not come to hold in time.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crash.books import BookOrder, Books, Closing, basis_points, hundredths, millionths
from tests.crash.journal_rows import JournalRows

SECOND_NS = 1_000_000_000
CLOCKS_AGREE_S = 0.5
"""Real seconds by which the bot's clock, and its time of a fill, may be behind the exchange's on a busy machine."""
LOOKED_WITHIN_S = 2.0
"""Real seconds since a market looked at its clock last; ages are as old as that look."""
TOLD_WITHIN_S = 60.0
"""Real seconds until a bot, dead or alive in between, hears of a fill or a settlement, and tells what it realised."""
BEGINS_WITHIN_S = 3.0
"""Real seconds in which a run begins: what happens meanwhile may belong to it or to the one before."""
EXPIRED_WITHIN_S = 3
"""Real seconds by which the exchange may be late to withdraw what has expired."""
ON_ITS_WAY_S = 5.0
"""Real seconds that an entry may have been on its way when a fill came."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold, for which order, fill or market, and what was found."""

    promise: str
    about: str
    found: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.about} {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The books before and after the bot was looked at: what is in both, it can have known.

    began_ns  exchange time at which this run of the bot began to count
    speed     exchange seconds per real second
    """

    before: Books
    after: Books
    journal: JournalRows
    status: Mapping[str, Any]
    began_ns: int
    speed: int


def never(sample: Sample) -> Iterator[Finding]:
    """What may be at no moment."""
    books, journal = sample.after, sample.journal
    accepted = Counter(order.client_order_id for order in books.orders)
    for name, times in accepted.items():
        if times > 1:
            yield Finding("each order once", name, f"was accepted {times} times")
    for order in sample.before.orders:
        if order.client_order_id not in journal.roles:
            yield Finding("written down before it is sent", order.client_order_id, "is not in the journal")
    for trade_id in journal.fills.keys() - books.fills_by_id.keys():
        yield Finding("no doubled fill", trade_id, "is in the journal and never happened")
    for trade_id in journal.doubled:
        yield Finding("no doubled fill", trade_id, "is in the journal more than once")
    trades = Counter(fill.trade_id for fill in books.fills)
    yield from (
        Finding("no self-trade", trade_id, "has the bot on both sides")
        for trade_id, times in trades.items()
        if times > 1
    )
    yield from _one_order_a_side(books.orders)
    yield from _entries_only_when_flat(sample)
    yield from _exits_only_shrink(sample)
    yield from _gone_by_expiry(sample)


def not_yet(sample: Sample) -> Iterator[Finding]:
    """What has to come to hold."""
    yield from _fills(sample)
    yield from _settlements(sample)
    yield from _orders(sample)
    yield from _positions(sample)


def told_results(log: Path, closings: Sequence[Closing], speed: int) -> Iterator[Finding]:
    """Every result that a bot told is one of the exchange's, with its profit and its age. A torn last line is skipped.

    A result is told when it is heard of; its age says when the oldest of its lots was opened.
    """
    slack_ns, late_ns = (int(seconds * speed * SECOND_NS) for seconds in (CLOCKS_AGREE_S, TOLD_WITHIN_S))
    by_result: dict[tuple[str, int], list[Closing]] = defaultdict(list)
    for closing in closings:
        by_result[closing.ticker, closing.pnl].append(closing)
    for line in _lines(log):
        if line["action"] != "REALIZE":
            continue
        at_ns, age_ns = (int(float(line[name]) * SECOND_NS) for name in ("ts", "age_s"))
        same = by_result[line["market"], millionths(line["pnl"])]
        near = [closing for closing in same if -slack_ns <= at_ns - closing.at_ns <= late_ns]
        told = f"{line['market']} realised {line['pnl']} at {line['ts']}"
        if not near:
            yield Finding("results", told, "which the exchange does not have")
        elif not any(abs(closing.opened_ns - (at_ns - age_ns)) <= slack_ns for closing in near):
            opened = ", ".join(f"{closing.opened_ns / SECOND_NS:.1f}" for closing in near)
            yield Finding("ages", told, f"after {line['age_s']} s; the exchange says it was opened at {opened}")


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    if not log.exists():
        return
    for raw in log.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(raw, parse_float=str)
        except json.JSONDecodeError:
            return


def _one_order_a_side(orders: Sequence[BookOrder]) -> Iterator[Finding]:
    sides: dict[tuple[str, int], list[BookOrder]] = defaultdict(list)
    for order in orders:
        if order.rests:
            sides[order.ticker, order.sign].append(order)
    for each in sides.values():
        each.sort(key=lambda order: order.created_ns)
        for number, earlier in enumerate(each):
            for later in each[number + 1 :]:
                if earlier.ended_ns is None or earlier.ended_ns > later.created_ns:
                    found = f"rested together with {later.client_order_id}"
                    yield Finding("no duplicate order", earlier.client_order_id, found)


def _entries_only_when_flat(sample: Sample) -> Iterator[Finding]:
    """An entry over a position that had been held for longer than a request can take: the position was forgotten."""
    on_its_way_ns = int(ON_ITS_WAY_S * sample.speed * SECOND_NS)
    for order in sample.after.orders:
        if sample.journal.roles.get(order.client_order_id) != "entry":
            continue
        held = sample.after.held_around(order.ticker, order.created_ns - on_its_way_ns, order.created_ns)
        if 0 not in held:
            yield Finding("entries only when flat", order.client_order_id, f"was placed with {sorted(held)} held")


def _exits_only_shrink(sample: Sample) -> Iterator[Finding]:
    held: dict[str, int] = defaultdict(int)
    events = [(fill.at_ns, fill.ticker, fill) for fill in sample.after.fills]
    paid = [(each.at_ns, ticker, None) for ticker, each in sample.after.paid_out.items()]
    for _, ticker, fill in sorted([*events, *paid], key=lambda each: each[0]):
        if fill is None:
            held[ticker] = 0
            continue
        before = held[ticker]
        held[ticker] = before + fill.sign * fill.size
        is_exit = sample.journal.roles.get(fill.client_order_id) == "exit"
        if is_exit and (before * fill.sign >= 0 or fill.size > abs(before)):
            found = f"filled {fill.sign * fill.size} with {before} held"
            yield Finding("exits only shrink", fill.client_order_id, found)


def _gone_by_expiry(sample: Sample) -> Iterator[Finding]:
    for order in sample.after.orders:
        until_ns = sample.after.now_ns if order.ended_ns is None else order.ended_ns
        if order.rests and (
            order.expires_ns is None or until_ns > order.expires_ns + EXPIRED_WITHIN_S * sample.speed * SECOND_NS
        ):
            yield Finding("gone by expiry", order.client_order_id, "rested beyond its expiry")


def _fills(sample: Sample) -> Iterator[Finding]:
    """Every fill of the books is in the journal, with the same figures."""
    slack_ns = int(CLOCKS_AGREE_S * sample.speed * SECOND_NS)
    for theirs in sample.before.fills:
        ours = sample.journal.fills.get(theirs.trade_id)
        if ours is None:
            yield Finding("no lost fill", theirs.trade_id, f"of {theirs.client_order_id} is not in the journal")
            continue
        names = ("client_order_id", "ticker", "sign", "price", "size", "fee", "is_taker")
        different = [name for name in names if getattr(ours, name) != getattr(theirs, name)]
        if abs(ours.at_ns - theirs.at_ns) > slack_ns:
            different.append("at")
        if different:
            yield Finding("the same fills", theirs.trade_id, f"differs in {', '.join(different)}: {ours} and {theirs}")


def _settlements(sample: Sample) -> Iterator[Finding]:
    """A payout that is on record is the exchange's. One of which nothing was held has no trace in its books."""
    for ticker, (value, net, _) in sample.journal.settlements.items():
        theirs = sample.after.paid_out.get(ticker)
        if net and (theirs is None or theirs.value != value):
            yield Finding("settlements", ticker, f"is on record with {value}, and the exchange has {theirs}")


def _orders(sample: Sample) -> Iterator[Finding]:
    """What rests is known to the bot, and it knows of nothing that does not rest."""
    always = sample.before.resting.keys() & sample.after.resting.keys()
    shown = {(market["ticker"], quote["side"], basis_points(quote["price"]))
             for market in sample.status["markets"] for quote in market["quotes"]}  # fmt: skip
    for name in always:
        order = sample.after.resting[name]
        if name in sample.journal.ended:
            yield Finding("no forgotten order", name, "rests, and the journal has its end")
        if (order.ticker, "bid" if order.sign > 0 else "ask", order.price) not in shown:
            yield Finding("no forgotten order", name, "rests, and the bot does not show it")


def _positions(sample: Sample) -> Iterator[Finding]:
    """Lots, ages and results of each market, where nothing happened while we looked."""
    shown = {market["ticker"]: market for market in sample.status["markets"]}
    for ticker in sorted({*shown, *sample.before.lots}):
        market = shown.get(ticker)
        if market is None:
            if sample.before.positions.get(ticker):
                yield Finding("positions", ticker, "is held, and the bot does not trade it")
            continue
        yield from _market(sample, ticker, market)


def _market(sample: Sample, ticker: str, market: Mapping[str, Any]) -> Iterator[Finding]:
    books = sample.before
    theirs, ours = books.positions.get(ticker, 0), hundredths(market["net"])
    if ours != theirs:
        yield Finding("lots", ticker, f"is {theirs} at the exchange, and {ours} for the bot")
        return
    begins_ns = int(BEGINS_WITHIN_S * sample.speed * SECOND_NS)
    realized = books.realized_since(ticker, sample.began_ns)
    counted = {books.realized_since(ticker, since_ns) for since_ns in books.times(sample.began_ns, begins_ns)}
    # A settlement counts when it is heard of, which may be in the next run.
    if ticker not in books.paid_out and millionths(market["realized"]) not in counted:
        found = f"made {market['realized']} in this run, {realized} millionths by the exchange's trades"
        yield Finding("results", ticker, found)
    if not theirs:
        return
    if market["vwap"] is None or abs(basis_points(market["vwap"]) - books.vwap(ticker)) > 1:
        yield Finding("lots", ticker, f"was entered at {float(books.vwap(ticker)):.2f}, the bot says {market['vwap']}")
    held_s = (books.now_ns - books.lots[ticker][0].opened_ns) / SECOND_NS
    low, high = held_s - (LOOKED_WITHIN_S + CLOCKS_AGREE_S) * sample.speed, held_s + 2 * sample.speed
    if market["age_s"] is None or not low <= market["age_s"] <= high:
        yield Finding("ages", ticker, f"was held for {held_s:.0f} s, the bot says {market['age_s']}")
    closing = [order for order in sample.after.resting.values() if order.ticker == ticker and order.sign * theirs < 0]
    if not closing and ticker in books.active:
        yield Finding("exits", ticker, f"is held with {theirs}, and no exit rests")
