"""Turns what was typed into one `RunOptions`, or into the one line that says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from edgelock.core.units import SECOND, Duration
from edgelock.ops.credentials import credentials_of, require_private_dotenv
from edgelock.ops.instance_lock import make_state_directory
from edgelock.ops.run_options import INFRASTRUCTURE, CrashActorAt, CrashAt, HangAt, RunOptions
from edgelock.ops.settings_entries import Entry, Key
from edgelock.ops.settings_file import DEFAULT_DOTENV, Loaded, load
from edgelock.ops.user_error import UserError

SETTING_OPTIONS: Mapping[str, Key] = {
    "speed": ("embedded", "speed"),
    "seed": ("embedded", "seed"),
    "scenario": ("embedded", "scenario"),
    "recording": ("embedded", "recording"),
    "log": ("log", "path"),
}
"""Options of `python run.py` that are settings laid over all other sources."""

OF_ITS_OWN_EXCHANGE = ("speed", "seed", "scenario", "recording", "exchange_log", "exchange_ledger", "faults")
EMBEDDED_ONLY = (*OF_ITS_OWN_EXCHANGE, "crash_market", "hang_market", "crash_actor", "exchange")
LONGEST = Decimal(31 * 24 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeArguments:
    """The trading options as click read them; None and empty mean that the option was not given."""

    config: Path
    duration: Duration | None
    speed: str | None
    seed: str | None
    scenario: str | None
    recording: str | None
    log: str | None
    append: bool
    no_live_view: bool
    markets: tuple[str, ...]
    crash_market: tuple[CrashAt, ...]
    exchange_log: Path | None
    exchange_ledger: Path | None
    faults: Path | None
    exchange: Path | None
    hang_market: tuple[HangAt, ...] = ()
    crash_actor: tuple[CrashActorAt, ...] = ()


def run_options(arguments: TradeArguments, *, environ: Mapping[str, str], stdout_is_terminal: bool) -> RunOptions:
    """The checked options of one run. Raises SettingsError or UserError; makes the state directory when all is well."""
    command_line = _command_line(arguments)
    loaded = load(arguments.config, command_line=command_line, environ=environ)
    settings = loaded.settings
    if settings.venue.name == "embedded":
        _check_recording(settings.embedded.recording, loaded)
        _refuse_options_of_an_own_exchange(arguments)
    else:
        _refuse_embedded_options(arguments, settings.venue.name)
        credentials_of(settings.venue.name, loaded.secrets)
        require_private_dotenv(DEFAULT_DOTENV, loaded.dotenv_secrets)
    _check_log(settings.log.path, given=arguments.log is not None, append=arguments.append)
    make_state_directory(settings.state.directory)
    return RunOptions(
        settings=settings,
        secrets=loaded.secrets,
        config_path=arguments.config,
        command_line=command_line,
        duration=arguments.duration,
        log_path=settings.log.path,
        append=arguments.append or arguments.log is None,
        live_view=stdout_is_terminal and not arguments.no_live_view,
        markets=arguments.markets,
        recording=settings.embedded.recording if settings.venue.name == "embedded" else None,
        crash_market=arguments.crash_market,
        hang_market=arguments.hang_market,
        crash_actor=arguments.crash_actor,
        exchange_log=arguments.exchange_log,
        exchange_ledger=arguments.exchange_ledger,
        faults=arguments.faults,
        exchange=arguments.exchange,
    )


def parse_seconds(text: str) -> Duration:
    """A length of time in seconds, such as "90" or "0.5". Raises ValueError that says what is allowed."""
    allowed = f"must be a number of seconds above 0 and at most {LONGEST}"
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        raise ValueError(allowed) from None
    if not seconds.is_finite() or not Decimal("0.001") <= seconds <= LONGEST:
        raise ValueError(allowed)
    return Duration(int(seconds * SECOND))


def parse_crash(text: str) -> CrashAt:
    """TICKER@SECONDS, or any@SECONDS. Raises ValueError that says what is allowed."""
    ticker, at, seconds = text.rpartition("@")
    if not (ticker and at):
        raise ValueError("must be TICKER@SECONDS, such as KXNHLGAME-26MAY25TORMTL-TOR@30")
    return CrashAt(ticker=ticker, after=parse_seconds(seconds))


def parse_hang(text: str) -> HangAt:
    """TICKER@SECONDS:SECONDS, when and for how long. Raises ValueError that says what is allowed."""
    ticker, at, times = text.rpartition("@")
    after, colon, lasts = times.partition(":")
    if not (ticker and at and colon):
        raise ValueError("must be TICKER@SECONDS:SECONDS, such as KXNHLGAME-26MAY25TORMTL-TOR@30:12")
    return HangAt(ticker=ticker, after=parse_seconds(after), lasts=parse_seconds(lasts))


def parse_actor_crash(text: str) -> CrashActorAt:
    """ACTOR@SECONDS. Raises ValueError that says what is allowed."""
    actor, at, seconds = text.rpartition("@")
    if not at or actor not in INFRASTRUCTURE:
        raise ValueError(f"must be ACTOR@SECONDS, the actor one of {', '.join(INFRASTRUCTURE)}")
    return CrashActorAt(actor=actor, after=parse_seconds(seconds))


def parse_markets(text: str) -> tuple[str, ...]:
    """Tickers with commas between. Raises ValueError for none and for one named twice."""
    tickers = tuple(ticker.strip() for ticker in text.split(","))
    if not all(tickers):
        raise ValueError("must be tickers with commas between, such as T1,T2")
    if len(set(tickers)) != len(tickers):
        raise ValueError("names a ticker twice")
    return tickers


def _command_line(arguments: TradeArguments) -> dict[Key, Entry]:
    given = {name: getattr(arguments, name) for name in SETTING_OPTIONS}
    return {
        SETTING_OPTIONS[name]: Entry(text, f"command line --{name}") for name, text in given.items() if text is not None
    }


def _refuse_embedded_options(arguments: TradeArguments, venue: str) -> None:
    for name in EMBEDDED_ONLY:
        if getattr(arguments, name):
            raise UserError(f"--{name.replace('_', '-')} is for the embedded exchange, and the venue is {venue}")


def _refuse_options_of_an_own_exchange(arguments: TradeArguments) -> None:
    if arguments.exchange is None:
        return
    for name in OF_ITS_OWN_EXCHANGE:
        if getattr(arguments, name):
            raise UserError(
                f"--{name.replace('_', '-')} is for an exchange that this run starts; "
                "with --exchange FILE give it to python run.py exchange"
            )


def _check_recording(recording: Path | None, loaded: Loaded) -> None:
    if recording is not None and not recording.is_file():
        raise UserError(f"{loaded.origins['embedded.recording']}: {recording}: no such recording")


def _check_log(path: Path, *, given: bool, append: bool) -> None:
    if path.is_dir():
        raise UserError(f"{path}: the log must be a file, and this is a directory")
    if given and path.is_file() and not append:
        raise UserError(f"{path} exists; continue it with --append or choose another --log FILE")
    if given and not path.parent.is_dir():
        raise UserError(f"{path}: there is no directory {path.parent} to write the log in")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot make the log's directory: {error.strerror}") from None
