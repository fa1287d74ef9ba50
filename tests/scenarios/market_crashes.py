"""One market crashes again and again at random moments while fifteen others trade at ten times the normal rate.

`python -m tests.scenarios.market_crashes` runs it live on an embedded exchange, prints the table, and ends with exit
code 1 when a promise is broken. docs/scenarios.md says what is measured and what it means.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelock.ops.ledger_evidence import LedgerReport, read_lines
from tests.scenarios.crash_evidence import CrashEvidence, examine, percentile
from tests.scenarios.live_bot import RunningExchange
from tests.scenarios.running_bot import PATIENCE_S, PROJECT, environment

NORMAL_PER_S = 8.5
"""Messages a second and market of a game of ours in play, measured: a college game's third quarter."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What is to be done: so many crashes spread over as many windows as there are calm ones between them.

    families     to trade; the market that crashes is a college game's
    rate, speed  of the exchange: how busy its traders are, and how fast its clock
    backoff_s    before every restart; the budget is large enough for all crashes
    """

    crashes: int = 100
    markets: int = 16
    pairs: int = 10
    window_s: float = 12.0
    families: str = "NHL,NFL,CFB"
    rate: float = 27.0
    speed: int = 1
    seed: int = 7
    backoff_s: str = "0.05"

    @property
    def patience_s(self) -> float:
        """For the bot to be through."""
        return 2 * self.pairs * self.window_s * 2 + 5 * PATIENCE_S


def measure(directory: Path, wanted: Measurement) -> CrashEvidence:
    """Run it and collect what is left behind."""
    plan, marks, log, errors = (directory / name for name in ("plan.json", "marks.json", "log.jsonl", "bot.err"))
    plan.write_text(json.dumps({"seed": wanted.seed, "pairs": wanted.pairs, "window_s": wanted.window_s,
                                "crashes": wanted.crashes, "series": "KXNCAAFGAME"}))  # fmt: skip
    exchange = RunningExchange(
        directory, "--scenario", "busy", "--rate", str(wanted.rate), "--speed", str(wanted.speed),
        "--seed", str(wanted.seed), "--tier", "premier", "--balance", "1000000",
    )  # fmt: skip
    try:
        with errors.open("wb") as stderr:
            code = subprocess.run(
                [sys.executable, "-m", "tests.scenarios.watched_bot", str(plan), str(marks), "--no-live-view",
                 "--log", str(log), "--exchange", str(exchange.ready_file)],
                cwd=PROJECT,
                env=environment(directory, **_settings(wanted)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                timeout=wanted.patience_s,
                check=False,
            ).returncode  # fmt: skip
        account = _account(exchange)
        requests = exchange.requests()
    finally:
        exchange.stop()
    if not marks.is_file():
        raise RuntimeError(f"the bot ended with {code}: {errors.read_text()[-2000:]}")
    return CrashEvidence(
        marks=json.loads(marks.read_text()),
        log=read_lines(log),
        account=account,
        requests=requests,
        exit_code=code,
        speed=wanted.speed,
    )


def _account(exchange: RunningExchange) -> Mapping[str, Any]:
    with _DIRECT.open(f"{exchange.origin}/embedded/ledger", timeout=PATIENCE_S) as answer:
        (account,) = [each for each in json.load(answer)["accounts"] if each["account_id"] == "member"]
    found: Mapping[str, Any] = account
    return found


def _settings(wanted: Measurement) -> dict[str, str]:
    """Live: gates that let every market quote, quotes that follow every tick, exits that are soon filled.

    No guard stops it: cancels, fills and losses are many by intention.
    """
    gates = {f"EDGELOCK_FAMILIES__{family}__{gate}": price
             for family in ("NHL", "NFL", "CFB")
             for gate, price in (("LOW", "0.55"), ("HIGH", "0.56"))}  # fmt: skip
    breakers = {
        f"EDGELOCK_RISK__BREAKER_{tier}__CANCELS_{span}S": count
        for tier, count in (("SOFT", "90000"), ("HARD", "100000"))
        for span in ("30", "60")
    }
    return {
        "LIVE_TRADING_ENABLED": "true",
        "MAX_MARKETS_TO_TRADE": str(wanted.markets),
        "EDGELOCK_SELECTION__SERIES": wanted.families,
        "EDGELOCK_SELECTION__MIN_SPREAD_C": "1",
        "EDGELOCK_STRATEGY__BASE_SPREAD_C": "2",
        "EDGELOCK_STRATEGY__HYSTERESIS_TICKS": "1",
        "EDGELOCK_STRATEGY__ENTRY_FEE_C": "0.5",
        "EDGELOCK_STRATEGY__EXIT_FEE_C": "0.5",
        "EDGELOCK_STRATEGY__MIN_EDGE_C": "1",
        # Its take-profit has to rest while it crashes, and not to fill.
        "EDGELOCK_FAMILIES__CFB__MIN_EDGE_C": "12",
        "EDGELOCK_LIVE__GROUP_LIMIT_CONTRACTS": "100000",
        "EDGELOCK_RISK__MAX_GLOBAL_INVENTORY_CONTRACTS": "100000",
        "EDGELOCK_RISK__MAX_DAILY_LOSS_USD": "100000",
        "EDGELOCK_SUPERVISION__MAX_RESTARTS": "100000",
        "EDGELOCK_SUPERVISION__EQUAL_FAILURES": "100000",
        "EDGELOCK_SUPERVISION__BACKOFF_BASE_S": wanted.backoff_s,
        "EDGELOCK_SUPERVISION__BACKOFF_CAP_S": wanted.backoff_s,
        "EDGELOCK_LOG__MAX_BYTES": "2000000000",
        **gates,
        **breakers,
    }


def table(evidence: CrashEvidence, report: LedgerReport) -> str:
    """For a person."""
    calm, crashing = evidence.windows("calm"), evidence.windows("crashes")
    others = len({ticker for ticker, _, _ in evidence.marks["decided"]} - {evidence.market})
    rate = evidence.message_rate()
    spans = (("calm windows", calm), ("windows with crashes", crashing), ("while it was down", evidence.downtimes))
    lines = [
        f"{evidence.market}: {len(evidence.crashes)} crashes in {len(crashing)} windows; {len(calm)} windows calm.",
        f"{others} others: {rate:.0f} messages a second each, {rate / NORMAL_PER_S:.1f} times the usual.",
        "",
        f"{'the others, in ms':<18}" + "".join(f"{name:>29}" for name, _ in spans),
        f"{'':<18}" + f"{'n':>11}{'p50':>9}{'p99':>9}" * len(spans),
    ]
    for latency in evidence.latencies:
        cells = (latency.within(each) for _, each in spans)
        lines.append(
            f"{latency.name:<18}"
            + "".join(f"{len(cell):>11}{percentile(cell, 50):>9.2f}{percentile(cell, 99):>9.2f}" for cell in cells)
        )
    for name, samples in (
        ("crash to claim answered", evidence.restarts_ms),
        ("  without back-off", evidence.restarts_without_backoff_ms),
    ):
        lines.append(f"{name:<24} p50 {percentile(samples, 50):7.1f} ms   p99 {percentile(samples, 99):7.1f} ms   "
                     f"longest {max(samples, default=0):7.1f} ms")  # fmt: skip
    lines.append("")
    for promise, count in report.examined.items():
        broken = [breach.found for breach in report.breaches if breach.promise == promise]
        lines.append(f"{'BROKEN' if broken else 'ok':<7}{count:>7}  {promise}{': ' + broken[0] if broken else ''}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, judge."""
    usual = Measurement()
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.market_crashes", description=__doc__)
    parser.add_argument("--crashes", type=int, default=usual.crashes)
    parser.add_argument("--markets", type=int, default=usual.markets)
    parser.add_argument("--pairs", type=int, default=usual.pairs, help="windows with crashes, and as many without")
    parser.add_argument("--window", type=float, default=usual.window_s, metavar="S", help="length of a window")
    parser.add_argument("--rate", type=float, default=usual.rate, help="of the exchange's traders")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--backoff", default=usual.backoff_s, metavar="S", help="wait before every restart")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave everything the run wrote here")
    given = parser.parse_args()
    wanted = Measurement(
        crashes=given.crashes,
        markets=given.markets,
        pairs=given.pairs,
        window_s=given.window,
        rate=given.rate,
        seed=given.seed,
        backoff_s=given.backoff,
    )
    with tempfile.TemporaryDirectory() as scratch:
        directory = given.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        evidence = measure(directory, wanted)
    report = examine(evidence, crashes=wanted.crashes, judge_time=True)
    sys.stdout.write(table(evidence, report))
    return 1 if report.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
