"""The commands that talk to the running bot: status, kill, resume, stop, restart."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from edgelock.ops.config_option import config_option
from edgelock.ops.control_client import ask
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import load
from edgelock.ops.status import status_text

Command = TypeVar("Command", bound=Callable[..., None])


def of_the_bot(command: Command) -> Command:
    """Adds the options that say which bot is meant; the command receives its state directory."""
    state = click.option(
        "--state",
        "directory",
        type=click.Path(path_type=Path),
        callback=_state_directory,
        metavar="DIR",
        help="State directory of the bot that is meant.  [default: state.directory of the settings]",
    )
    config = config_option(is_eager=True, expose_value=False, callback=_remember_config)
    with_options: Command = config(state(command))
    return with_options


def _remember_config(context: click.Context, _parameter: click.Parameter, config: Path) -> None:
    context.meta["config"] = config


def _state_directory(context: click.Context, _parameter: click.Parameter, given: Path | None) -> Path:
    if given is not None:
        return given
    try:
        return load(context.meta["config"], environ=os.environ).settings.state.directory
    except SettingsError as error:
        # Somebody in a hurry may be in the middle of editing the settings; the running bot does not depend on them.
        raise SettingsError(f"{error}; --state DIR reaches the bot without the settings") from None


@click.command()
@of_the_bot
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
def status(directory: Path, as_json: bool) -> None:
    """Show the running bot: mode, P&L, and every market.

    Prices are in cents, P&L in dollars. Exit code 1 when no bot is running.
    """
    answer = ask(directory, "status")
    click.echo(json.dumps(answer, indent=2) if as_json else status_text(answer))


@click.command()
@of_the_bot
def kill(directory: Path) -> None:
    """Stop new quotes at once; positions still exit.

    Resting entries are withdrawn, take-profits and exits by age go on. The switch is kept across restarts until
    `resume`.
    """
    ask(directory, "kill")
    click.echo("kill switch on: no new entries, resting entries withdrawn; exits go on")


@click.command()
@of_the_bot
def resume(directory: Path) -> None:
    """Take the kill switch off; entries come back."""
    ask(directory, "resume")
    click.echo("kill switch off: entries come back")


@click.command()
@of_the_bot
def stop(directory: Path) -> None:
    """Shut the bot down as Ctrl-C does: cancel every order, confirm, exit. Positions remain."""
    ask(directory, "stop")
    click.echo("stopping: orders are cancelled and confirmed, positions remain; the log says when it is done")


@click.command()
@of_the_bot
@click.argument("ticker")
def restart(directory: Path, ticker: str) -> None:
    """Restart one market's actor, also one in quarantine."""
    ask(directory, "restart", ticker=ticker)
    click.echo(f"restarting {ticker}")


CONTROL_COMMANDS: tuple[click.Command, ...] = (status, kill, resume, stop, restart)
