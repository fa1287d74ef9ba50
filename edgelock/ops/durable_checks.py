"""The pre-flight's rows about what must outlive a crash: the journal, and the kill switch, exercised end to end."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edgelock.actors.journal import FILE_NAME, Journal, JournalDamaged, JournalError, Latch
from edgelock.actors.journal_witness import Witness
from edgelock.actors.risk_actor import KILL_LATCH
from edgelock.core.permit import Permit
from edgelock.core.plan import Plan
from edgelock.core.risk import RiskState, kill_switched, permit_for
from edgelock.core.settings import StrategySettings
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.core.units import CENT, Price
from edgelock.ops.check_result import CheckResult, failed, passed, warned
from edgelock.ops.core_checks import NOW, REMEDY, example_state
from edgelock.ops.settings import Settings

STORE, KILL = "state store", "kill switch"
HELD = "start: a new one is begun, and entries wait for python run.py resume"


class _Found(NamedTuple):
    """What a sound journal says; trouble: why it cannot be written now."""

    latch: Latch | None
    unfinished: int
    trouble: str | None


def durable_checks(settings: Settings) -> tuple[CheckResult, ...]:
    """Leaves the bot's own latch as it stands: the switch is exercised in a folder for temporary files."""
    return _store(settings.state.directory), _kill_switch(settings)


def _store(directory: Path) -> CheckResult:
    path = directory / FILE_NAME
    if not path.exists():
        if Witness(directory).knows_runs:
            return warned(STORE, f"{path} of earlier runs is gone", HELD)
        return passed(STORE, f"{path} is made at the first start")
    try:
        found = _read(directory)
    except JournalDamaged as error:
        return failed(STORE, str(error), f"{HELD}; the damaged file is kept aside")
    except JournalError as error:
        return failed(STORE, str(error), f"stop whoever uses it, or move {path} aside; the venue has the orders")
    told = f"{path} is sound, {found.unfinished} orders have no recorded end"
    if found.trouble is not None:
        return failed(STORE, found.trouble, "make room on the disk: no entry is sent while it is so")
    if found.latch is not None and found.latch.is_on:
        return warned(
            STORE, f"{told}, and the kill switch is on (by {found.latch.who})", "python run.py resume, once it runs"
        )
    return passed(STORE, told)


def _read(directory: Path) -> _Found:
    journal = Journal(directory)
    try:
        return _Found(journal.read_latch(KILL_LATCH), len(journal.unfinished_intents()), journal.probe())
    finally:
        journal.close()


def _kill_switch(settings: Settings) -> CheckResult:
    """On, off the disk again, and then: no entry is wanted, and a position still has its exit."""
    try:
        if not _survives_a_restart():
            return failed(KILL, "it was not on any more after a restart", REMEDY)
    except (JournalError, OSError) as error:
        return failed(KILL, f"it could not be exercised: {error}", "make room for temporary files")
    own = settings.strategy
    killed = kill_switched(RiskState(settings=settings.risk), NOW, on=True, who="check").state
    permit = permit_for(killed, "CHECK", NOW)
    flat, held = _plan(own, 0, permit), _plan(own, 1, permit)
    if flat.bid.quote or flat.ask.quote or held.bid.quote or held.ask.quote or not held.exits:
        return failed(KILL, "with it on, an entry is still wanted, or a position has no exit", REMEDY)
    return passed(KILL, f"exercised: kept across a restart, {permit.mode.name}, entries withdrawn, exits stay")


def _survives_a_restart() -> bool:
    with TemporaryDirectory(prefix="edgelock-check-") as folder:
        journal = Journal(Path(folder))
        journal.set_latch(KILL_LATCH, is_on=True, who="check", at=NOW)
        journal.close()
        latch = _read(Path(folder)).latch
    return latch is not None and latch.is_on


def _plan(own: StrategySettings, sign: int, permit: Permit) -> Plan:
    return EDGE_LOCKED.plan(replace(example_state(own, sign, Price(own.low - CENT)), permit=permit))
