"""An independent check of one live run: the exchange's own books against what the bot said and what it sent.

It reads three things after the run: the exchange's ledger, the exchange's request log and the bot's telemetry. A
promise that does not hold is a `Breach` with what was found. docs/commands.md has the list of promises.
"""

from edgelock.ops.ledger_evidence import Evidence, LedgerReport
from edgelock.ops.ledger_fills import check_fills
from edgelock.ops.ledger_orders import check_orders


def check_ledger(evidence: Evidence) -> LedgerReport:
    """Every promise, one after the other."""
    report = LedgerReport()
    check_fills(evidence, report)
    check_orders(evidence, report)
    return report
