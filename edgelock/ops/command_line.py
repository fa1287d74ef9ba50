"""The command line: which commands and options there are, and what a mistake looks like.

Every mistake of the user is one line on stderr that starts with "edgelock:", exit code 2. An error that nobody
foresaw is one line that says where its details are, exit code 70. Heavy modules are imported by the command that
needs them, so that `--help` and a wrong flag answer at once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from edgelock import __version__
from edgelock.ops.alive_command import alive
from edgelock.ops.check import check
from edgelock.ops.config_option import config_option
from edgelock.ops.control_commands import CONTROL_COMMANDS
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.user_error import UserError

EXIT_USAGE = 2
EXIT_UNEXPECTED = 70
EXIT_INTERRUPTED = 130
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
FORWARDED = {**HELP, "ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}

T = TypeVar("T")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default) and return its exit code. Raises nothing."""
    try:
        result = program.main(argv, prog_name="python run.py", standalone_mode=False)
    except click.UsageError as error:
        return _told(error.format_message(), EXIT_USAGE)
    except click.ClickException as error:
        return _told(error.format_message(), error.exit_code)
    except SettingsError as error:
        return _told(_redacted(str(error)), EXIT_USAGE)
    except UserError as error:
        return _told(_redacted(str(error)), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _told("interrupted", EXIT_INTERRUPTED)
    except SystemExit as leaving:  # the exchange's command, and click when a pipe breaks
        return leaving.code if isinstance(leaving.code, int) else 0
    except Exception as error:  # noqa: BLE001 - the outermost firewall: a person gets one line, the details a file
        from edgelock.ops.crash_report import write_crash_report

        return _told(f"unexpected {type(error).__name__}; details are in {write_crash_report(error)}", EXIT_UNEXPECTED)
    return result if isinstance(result, int) else 0


def _told(message: str, exit_code: int) -> int:
    click.echo(f"edgelock: {' '.join(message.split())}", err=True)
    return exit_code


def _redacted(message: str) -> str:
    """What a program says may quote a setting, a library or another process, and so a secret."""
    from edgelock.ops.secret_redactor import redactor_of_process

    return redactor_of_process(os.environ).text(message)


def _parsed(parse: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A click callback that reads text with `parse`, whose ValueError says what is allowed."""

    def read(_context: click.Context, _parameter: click.Parameter, given: Any) -> Any:
        try:
            if isinstance(given, tuple):
                return tuple(parse(text) for text in given)
            return None if given is None else parse(given)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return read


def _seconds(text: str) -> object:
    from edgelock.ops.trade_command import parse_seconds

    return parse_seconds(text)


def _crash(text: str) -> object:
    from edgelock.ops.trade_command import parse_crash

    return parse_crash(text)


def _hang(text: str) -> object:
    from edgelock.ops.trade_command import parse_hang

    return parse_hang(text)


def _actor_crash(text: str) -> object:
    from edgelock.ops.trade_command import parse_actor_crash

    return parse_actor_crash(text)


def _markets(text: str) -> object:
    from edgelock.ops.trade_command import parse_markets

    return parse_markets(text)


@click.group(invoke_without_command=True, context_settings=HELP)
@config_option()
@click.option("--duration", callback=_parsed(_seconds), metavar="S", help="End after so many seconds of real time.")
@click.option("--speed", metavar="X", help="Market seconds per real second, 0.1 to 10000 (embedded exchange).")
@click.option("--seed", metavar="N", help="Seed of the embedded exchange's scenario: the same seed, the same evening.")
@click.option(
    "--scenario", metavar="NAME", help="evening, nhl, nfl, cfb, quiet, jumpy, eventful or busy (embedded exchange)."
)
@click.option("--recording", metavar="FILE", help="Play a recording back as the embedded exchange's market.")
@click.option("--log", metavar="FILE", help="Telemetry file of this run; one that exists needs --append.")
@click.option("--append", is_flag=True, help="Continue an existing --log FILE.")
@click.option("--no-live-view", is_flag=True, help="JSON lines on a terminal, too, instead of the live table.")
@click.option("--markets", callback=_parsed(_markets), metavar="T1,T2", help="Trade these tickers and no others.")
@click.option(
    "--crash-market",
    multiple=True,
    callback=_parsed(_crash),
    metavar="TICKER@SECONDS",
    help="Fault switch: crash this market's actor (any: one with a position) so long after the start, to watch it "
    "come back. Repeatable; "
    "embedded exchange only.",
)
@click.option(
    "--hang-market",
    multiple=True,
    callback=_parsed(_hang),
    metavar="TICKER@SECONDS:SECONDS",
    help="Fault switch: hang this market's actor (or any) so long after the start, for so long, to watch it be "
    "replaced. Repeatable; embedded exchange only.",
)
@click.option(
    "--crash-actor",
    multiple=True,
    callback=_parsed(_actor_crash),
    metavar="ACTOR@SECONDS",
    help="Fault switch: crash telemetry, exchange (the door), risk or feed so long after the start. Repeatable; "
    "embedded exchange only.",
)
@click.option(
    "--exchange-log",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every request that the embedded exchange receives to FILE.",
)
@click.option(
    "--exchange-ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the embedded exchange writes all accounts at its end: cash, positions, every order and fill.",
)
@click.option(
    "--faults",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What goes wrong on the embedded exchange, and when: docs/faults.md.",
)
@click.option(
    "--exchange",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Trade on an embedded exchange that runs already: FILE holds the line it printed when it was ready.",
)
@click.version_option(__version__, message="edgelock %(version)s")
@click.pass_context
def program(context: click.Context, /, **options: Any) -> int:
    """Trade with settings.yaml: an edge-locked market maker for Kalshi.

    Without a command it trades: on paper, on an exchange of its own, with no account and no network, until Ctrl-C.

    \b
    Examples:
      python run.py                                     trade on paper, watch it live
      python run.py --speed 60 --duration 90            ninety minutes of market in ninety seconds
      python run.py 2>&1 | tee paper.log                the same as JSON lines, for grep and jq
      python run.py --recording game.jsonl.gz --speed 600
      SHADOW_MODE=true python run.py                    show what would be quoted, send nothing
      python run.py status                              ask the running bot from another terminal

    Settings: command line > environment > .env > settings.yaml > defaults. Any setting can be given as
    EDGELOCK_SECTION__KEY, for example EDGELOCK_FAMILIES__NHL__LOW=0.47.
    """
    if context.invoked_subcommand is not None:
        _refuse_trading_options(context)
        return 0
    from edgelock.ops.trade_command import TradeArguments, run_options

    prepared = run_options(
        TradeArguments(**{**options, "markets": options["markets"] or ()}),
        environ=os.environ,
        stdout_is_terminal=sys.stdout.isatty(),
    )
    from edgelock.ops.assembly import run
    from edgelock.ops.going_live import approved

    exit_code: int = run(approved(prepared))
    return exit_code


def _refuse_trading_options(context: click.Context) -> None:
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} before {context.invoked_subcommand!r}: it belongs to trading; "
                f"options of {context.invoked_subcommand} come after its name"
            )


@program.command(context_settings=FORWARDED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def exchange(arguments: tuple[str, ...]) -> int:
    """Serve the embedded exchange alone, for any Kalshi client."""
    from edgelock.exchange.service import exchange as command

    return _forwarded(command, arguments)


@program.command(context_settings=FORWARDED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def audit(arguments: tuple[str, ...]) -> int:
    """Re-derive from the log alone whether the bot kept its rules."""
    from edgelock.ops.audit import audit as command

    return _forwarded(command, arguments)


@program.command(context_settings=FORWARDED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulate(arguments: tuple[str, ...]) -> int:
    """Trade live on the embedded exchange under seeded faults, and check its books."""
    from edgelock.ops.simulate import simulate as command

    return _forwarded(command, arguments)


for _command in (check, alive, *CONTROL_COMMANDS):
    program.add_command(_command)


def _forwarded(command: click.Command, arguments: tuple[str, ...]) -> int:
    name = f"python run.py {command.name}"
    result = command.main(list(arguments), prog_name=name, standalone_mode=False)
    return result if isinstance(result, int) else 0
