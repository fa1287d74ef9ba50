"""What one run was asked to do: the settings and what only the command line says."""

from dataclasses import dataclass
from pathlib import Path

from edgelock.core.units import Duration
from edgelock.ops.check_result import CheckResult
from edgelock.ops.settings import Settings
from edgelock.ops.settings_entries import Layer
from edgelock.ops.settings_environment import Secrets

ANY_MARKET = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashAt:
    """A fault switch: this market's actor is made to crash so long after the start (real time).

    ANY_MARKET stands for one that holds a position then, or the first when none does.
    """

    ticker: str
    after: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class HangAt:
    """A fault switch: this market's actor does not come back for `lasts`, so long after the start (real time)."""

    ticker: str
    after: Duration
    lasts: Duration


INFRASTRUCTURE = ("telemetry", "exchange", "risk", "feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashActorAt:
    """A fault switch: this actor, one of INFRASTRUCTURE, is made to crash so long after the start (real time)."""

    actor: str
    after: Duration


FaultAt = CrashAt | HangAt | CrashActorAt


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """One run of the bot.

    config_path    the settings file, to be read again on SIGHUP with `command_line` laid over it as before
    duration       real time after which the run ends by itself, or None
    log_path       telemetry file, in a directory that exists
    live_view      a person's table instead of the JSON stream on stdout
    markets        tickers to trade instead of the selection's, empty for the selection
    crash_market   markets that are made to crash; embedded venue only, like the next two
    hang_market    markets that are made to hang
    crash_actor    actors of the infrastructure that are made to crash
    exchange_log   where the embedded exchange writes its request log, or None
    exchange_ledger  where the embedded exchange writes its books at its end, or None
    faults         the file that says what goes wrong on the embedded exchange, or None
    exchange       the file with the ready line of an embedded exchange that runs already, or None to start one
    preflight      the checks that were made before the start, none when nobody asked for them
    """

    settings: Settings
    secrets: Secrets
    config_path: Path
    command_line: Layer
    duration: Duration | None
    log_path: Path
    append: bool
    live_view: bool
    markets: tuple[str, ...]
    recording: Path | None
    crash_market: tuple[CrashAt, ...]
    exchange_log: Path | None
    exchange_ledger: Path | None
    faults: Path | None
    exchange: Path | None = None
    preflight: tuple[CheckResult, ...] = ()
    hang_market: tuple[HangAt, ...] = ()
    crash_actor: tuple[CrashActorAt, ...] = ()

    @property
    def fault_switches(self) -> tuple[FaultAt, ...]:
        """All that is to fail on purpose."""
        return (*self.crash_market, *self.hang_market, *self.crash_actor)
