"""What a measured run with crashes left behind, and whether the promises held: a market crashes, nobody else notices.

The evidence is the exchange's own books and request log, the bot's telemetry, and the probes' marks. All times are
monotonic nanoseconds of the one machine on which everything ran.
"""

import bisect
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from edgelock.ops.ledger_evidence import LedgerReport
from tests.scenarios.running_bot import Line

MILLISECOND_NS = 1_000_000
RESTART_P99_MS_MAX = 250.0
SHUFFLES = 10_000
CHANCE_MIN = 0.01
"""With less probability than this the difference between windows is no accident ..."""
RATIO_MAX = 1.1
"""... and it is a breach when it is also larger than this."""
PROTECTED_SHARE_MIN = 0.5
"""In so many crashes at least a take-profit must have been resting, or the run has shown nothing about it."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from market data to something, each with the moment at which it was reached."""

    name: str
    samples: tuple[tuple[int, float], ...]

    def within(self, spans: Iterable[tuple[int, int]]) -> list[float]:
        """Those reached within these spans of time."""
        moments = [moment for moment, _ in self.samples]
        return [
            sample
            for begin, end in spans
            for _, sample in self.samples[bisect.bisect_left(moments, begin) : bisect.bisect_right(moments, end)]
        ]


def percentile(samples: Sequence[float], percent: int) -> float:
    """So many of a hundred are not above it; 0 of none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0.0


@dataclass(frozen=True, kw_only=True)
class CrashEvidence:
    """marks: the probes'; log: the bot's telemetry; account: the exchange's books; requests: its request log."""

    marks: Mapping[str, Any]
    log: Sequence[Line]
    account: Mapping[str, Any]
    requests: Sequence[Line]
    exit_code: int
    speed: int

    @property
    def market(self) -> str:
        """The one that was crashed."""
        return str(self.marks["crashed_market"])

    @property
    def crashes(self) -> list[dict[str, Any]]:
        """Those it came back from."""
        return [crash for crash in self.marks["crashes"] if "recovered_ns" in crash]

    @cached_property
    def downtimes(self) -> list[tuple[int, int]]:
        """From each crash until the claim of the next life was answered."""
        return [(crash["crashed_ns"], crash["recovered_ns"]) for crash in self.crashes]

    def windows(self, kind: str) -> list[tuple[int, int]]:
        """Of "crashes" or "calm"."""
        return [(each["from_ns"], each["to_ns"]) for each in self.marks["windows"] if each["kind"] == kind]

    def message_rate(self) -> float:
        """Book changes and trades a second and market, of the others, over all windows."""
        messages: Counter[str] = Counter()
        seconds = 0.0
        for window in self.marks["windows"]:
            messages.update(window["messages"])
            seconds += (window["to_ns"] - window["from_ns"]) / 1e9
        messages.pop(self.market, None)
        return sum(messages.values()) / seconds / max(len(messages), 1) if seconds else 0.0

    def monotonic(self, exchange_ns: int) -> int:
        """The exchange's time as the machine's."""
        known = next(each["received"] for each in self.requests if "received" in each)
        return int(known["monotonic_ns"] + (exchange_ns - known["exchange_ns"]) / self.speed)

    # --- how fast -----------------------------------------------------------------------------------------------

    @cached_property
    def latencies(self) -> tuple[Latency, ...]:
        """Of the other markets: from market data to the decision, to its wish at the door, to its request."""
        decided = [each for each in self.marks["decided"] if each[0] != self.market]
        wished = [wish for wish in self.marks["wished"] if wish[0] != self.market]

        def reached(where: Mapping[str, int]) -> tuple[tuple[int, float], ...]:
            names = {name: came for _, name, came in reversed(wished)}
            known = ((where[name], came) for name, came in names.items() if name in where)
            return tuple(sorted((there, (there - came) / 1e6) for there, came in known))

        return (
            Latency("data to decision", tuple(sorted((now, (now - came) / 1e6) for _, came, now in decided))),
            Latency("data to the door", reached(self.marks["at_door"])),
            Latency("data to request", reached(self.marks["sent"])),
        )

    @cached_property
    def restarts_ms(self) -> list[float]:
        """From each crash to the claim answered."""
        return [(recovered - crashed) / 1e6 for crashed, recovered in self.downtimes]

    @cached_property
    def restarts_without_backoff_ms(self) -> list[float]:
        """The same, less the wait that the policy wanted."""
        waits = {line["incarnation"]: float(line["backoff_s"]) * 1000 for line in self._restart_lines()}
        return [
            took - waits[crash["life"]]
            for crash, took in zip(self.crashes, self.restarts_ms, strict=True)
            if crash["life"] in waits
        ]

    def _restart_lines(self) -> list[Line]:
        return [each for each in self.log if each["action"] == "actor_restart" and each.get("market") == self.market]

    # --- what rested --------------------------------------------------------------------------------------------

    @cached_property
    def take_profits(self) -> list[Mapping[str, Any]]:
        """The crashed market's, as the exchange recorded their lives."""
        names = {
            line["client_order_id"]
            for line in self.log
            if line["action"] == "quote_place" and line["kind"] == "take_profit" and line["market"] == self.market
        }
        return [order for order in self.account["order_history"] if order["client_order_id"] in names]

    def rested_at(self, order: Mapping[str, Any], moment: int) -> bool:
        """Whether the order was in the book then."""
        ended = order["ended_at_ns"]
        return self.monotonic(order["created_at_ns"]) <= moment and (ended is None or self.monotonic(ended) > moment)


def examine(evidence: CrashEvidence, *, crashes: int, judge_time: bool) -> LedgerReport:
    """Every promise, with what was looked at and what did not hold."""
    report = LedgerReport()
    report.expect(not evidence.marks["trouble"], "the plan was carried out", evidence.marks["trouble"])
    report.expect(evidence.exit_code == 0, "the run ends well", f"exit code {evidence.exit_code}")
    came_back = len(evidence.crashes)
    report.expect(came_back == crashes, "the market came back from every crash", f"{came_back} of {crashes}")
    _others_live_on(evidence, report)
    _sequences_are_dense(evidence, report)
    _fills_are_told_once(evidence, report)
    _take_profits_rest(evidence, report)
    if judge_time:
        p99 = percentile(evidence.restarts_ms, 99)
        report.expect(
            p99 < RESTART_P99_MS_MAX, f"restarts take less than {RESTART_P99_MS_MAX:g} ms", f"p99 {p99:.0f} ms"
        )
        _latency_is_unchanged(evidence, report)
    return report


def _others_live_on(evidence: CrashEvidence, report: LedgerReport) -> None:
    lives = Counter(life["market"] for life in evidence.marks["lives"])
    for ticker, count in lives.items():
        if ticker != evidence.market:
            report.expect(count == 1, "the others live their first life", f"{ticker} has lived {count}")
    for line in evidence.log:
        if line["action"] in ("actor_crash", "actor_hung", "actor_quarantine"):
            report.expect(
                line.get("market") == evidence.market, "nobody else fails", f"{line['actor']}: {line['action']}"
            )


def _sequences_are_dense(evidence: CrashEvidence, report: LedgerReport) -> None:
    """Of the others: the first fact after what was on record is the next one, and so on without end."""
    begins = {life["market"]: life["sequence"] for life in evidence.marks["lives"]}
    heard: dict[str, list[int]] = defaultdict(list)
    for ticker, _, sequence in evidence.marks["facts"]:
        heard[ticker].append(sequence)
    for ticker, numbers in heard.items():
        if ticker != evidence.market:
            first = begins[ticker] + 1
            after = [number for number in numbers if number >= first]
            expected = list(range(first, first + len(after)))
            report.expect(after == expected, "the others' order news has no gap", f"{ticker}: {numbers[:20]} ...")
            report.seen("order news of the others", len(after))


def _fills_are_told_once(evidence: CrashEvidence, report: LedgerReport) -> None:
    """Also those that came while the market was down: its next life tells them."""
    told = Counter(line["trade_id"] for line in evidence.log if line["action"] == "FILL")
    for fill in evidence.account["fill_history"]:
        count, ticker = told[fill["trade_id"]], fill["ticker"]
        whose = "the crashed market" if ticker == evidence.market else "the others"
        report.expect(count == 1, f"each fill of {whose} is told once", f"{ticker} {fill['trade_id']}: {count}")
        at = evidence.monotonic(fill["at_ns"])
        was_down = any(crashed < at < recovered for crashed, recovered in evidence.downtimes)
        report.seen("fills that came while it was down", int(ticker == evidence.market and was_down))


def _take_profits_rest(evidence: CrashEvidence, report: LedgerReport) -> None:
    """From crash to claim: nothing but a fill takes it off the book, unless the market had wished so itself before."""
    promise = "a take-profit stays on the book while its market is down"
    protected = 0
    for crashed, recovered in evidence.downtimes:
        resting = [order for order in evidence.take_profits if evidence.rested_at(order, crashed)]
        protected += bool(resting)
        for order in resting:
            name, is_filled = order["client_order_id"], order["status"] == "executed"
            wished_before = evidence.marks["withdrawn"].get(name, recovered) < crashed
            stayed = evidence.rested_at(order, recovered) or is_filled or wished_before
            report.expect(stayed, promise, f"{name}: {order['status']} {order['reason']}")
    enough = protected >= PROTECTED_SHARE_MIN * len(evidence.downtimes)
    report.expect(enough, "a take-profit rested at most crashes", f"{protected} of {len(evidence.downtimes)}")


def _latency_is_unchanged(evidence: CrashEvidence, report: LedgerReport) -> None:
    for latency in evidence.latencies:
        crashes, calm = ([percentile(latency.within([span]), 99) for span in evidence.windows(kind)]
                         for kind in ("crashes", "calm"))  # fmt: skip
        chance = chance_of(crashes, calm)
        ratio = sum(crashes) / max(sum(calm), 1e-9) * len(calm) / len(crashes)
        report.expect(
            chance >= CHANCE_MIN or ratio <= RATIO_MAX,
            f"p99 of {latency.name} is the same with crashes",
            f"{ratio:.2f} times that of calm windows (by chance in {100 * chance:.1f} % of cases)",
        )


def chance_of(higher: Sequence[float], lower: Sequence[float]) -> float:
    """How often chance alone puts so much more into the first group: a permutation test of the means, seeded."""
    drawn, both = random.Random(1), [*higher, *lower]
    found = sum(higher) / len(higher) - sum(lower) / len(lower)
    hits = 0
    for _ in range(SHUFFLES):
        drawn.shuffle(both)
        first, second = both[: len(higher)], both[len(higher) :]
        hits += sum(first) / len(first) - sum(second) / len(second) >= found - 1e-12
    return hits / SHUFFLES
