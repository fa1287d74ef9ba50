"""What the risk side must not have forgotten: tiers, the day's loss and its limit, order groups that fired."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.crash.books import Books
from tests.crash.comparison import SECOND_NS, Finding, Sample
from tests.crash.journal_rows import JournalRows

DAY_NS = 86_400 * SECOND_NS
HARD = 2
STILL_ON_S = 2.0
"""Real seconds that a hold must have left to be looked for: it may end while we look."""
PORTFOLIO = "portfolio"


def risk_kept(before: JournalRows, sample: Sample) -> Iterator[Finding]:
    """What the journal had of the risk side when the bot died still holds, and the day's loss is the exchange's."""
    if before.risk is None:
        return
    if sample.journal.risk is None:
        yield Finding("risk memory", "risk", "was written down and is gone")
        return
    then, now = _remembered(before.risk), _remembered(sample.journal.risk)
    until_ns = sample.after.now_ns + int(STILL_ON_S * sample.speed * SECOND_NS)
    permits = {market["ticker"]: market["permit"] for market in sample.status["markets"]}
    yield from _tiers(then, now, permits, until_ns)
    yield from _loss_limit(then, now, permits, until_ns)
    yield from _day(now, sample.before)
    fired = {shard for shard, _ in now["fired_groups"]}
    for shard, _ in then["fired_groups"]:
        if shard not in fired:
            yield Finding("order groups", f"shard {shard}", "had fired, and nobody knows any more")


def _tiers(
    then: Mapping[str, Any], now: Mapping[str, Any], permits: Mapping[str, str], until_ns: int
) -> Iterator[Finding]:
    kept = _breakers(now)
    for name, breaker in _breakers(then).items():
        if breaker["until"] is None or breaker["until"] <= until_ns:
            continue
        found = kept.get(name)
        if found is None or found["tier"] < breaker["tier"] or found["until"] < breaker["until"]:
            yield Finding("breakers", name, f"was {breaker}, and is remembered as {found}")
        held = permits if name == PORTFOLIO else {name: permits[name]} if name in permits else {}
        if breaker["tier"] == HARD:
            yield from (
                Finding("breakers", ticker, "is open although the hard tier lasts")
                for ticker, mode in held.items()
                if mode == "OPEN"
            )


def _loss_limit(
    then: Mapping[str, Any], now: Mapping[str, Any], permits: Mapping[str, str], until_ns: int
) -> Iterator[Finding]:
    until = then["loss_limit_until"]
    if until is None or until <= until_ns:
        return
    if now["loss_limit_until"] != until:
        yield Finding("daily loss", "limit", f"held until {until}, now until {now['loss_limit_until']}")
    for ticker, mode in permits.items():
        if mode == "OPEN":
            yield Finding("daily loss", ticker, "is open although the limit holds")


def _day(now: Mapping[str, Any], books: Books) -> Iterator[Finding]:
    since = max(now["day"] * DAY_NS, now["count_restarted_at"] or 0)
    until = (now["day"] + 1) * DAY_NS
    realized = sum(closing.pnl for closing in books.closings if since <= closing.at_ns < until)
    if now["realized_today"] != realized:
        found = f"is remembered as {now['realized_today']}, the exchange's trades come to {realized}"
        yield Finding("daily loss", f"day {now['day']}", found)


def _breakers(memory: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = {each["ticker"]: each["risk"]["breaker"] for each in memory["markets"]}
    return {**found, PORTFOLIO: memory["portfolio"]}


def _remembered(text: str) -> Mapping[str, Any]:
    memory: Mapping[str, Any] = json.loads(text)["remembered"]
    return memory
