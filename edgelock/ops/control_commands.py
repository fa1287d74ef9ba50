"""The commands that talk to the running bot: status, why, restarts, kill, resume, stop, restart."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from edgelock.ops.config_option import config_option
from edgelock.ops.control_client import ask
from edgelock.ops.restarts_text import restarts_text
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import load
from edgelock.ops.status_text import status_text
from edgelock.ops.user_error import UserError
from edgelock.ops.why_text import why_text

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
@click.option("--all", "in_full", is_flag=True, help="Every market and every actor, also where all is well.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
def status(directory: Path, in_full: bool, as_json: bool) -> None:
    """Show the running bot: mode, P&L, its actors with their restart budgets, and every market.

    Prices are in cents, P&L in dollars. Exit code 1 when no bot is running.
    """
    answer = ask(directory, "status")
    click.echo(json.dumps(answer, indent=2) if as_json else status_text(answer, in_full=in_full))


@click.command()
@of_the_bot
@click.argument("ticker")
@click.option("--brief", "in_brief", is_flag=True, help="Only the answers and what holds now.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON.")
def why(directory: Path, ticker: str, in_brief: bool, as_json: bool) -> None:
    """Say why a market quotes, or does not: bid, ask and exits.

    The first line of each part is the answer. Below it is every gate, limit, breaker and hold with what it found,
    what it allows and for how long it has said so.
    """
    answer = _about(ask(directory, "why", ticker=ticker))
    click.echo(json.dumps(answer, indent=2) if as_json else why_text(answer, in_brief=in_brief))


@click.command()
@of_the_bot
@click.argument("name", metavar="[TICKER]", default="")
@click.option("--json", "as_json", is_flag=True, help="The whole answer as JSON, with the tracebacks.")
def restarts(directory: Path, name: str, as_json: bool) -> None:
    """Show the restart log: who crashed, hung or came back, of what, and what was recovered.

    Of one market, of one actor by its name in `status`, or of all; the newest first, earlier runs included.
    """
    answer = _about(ask(directory, "restarts", name=name))
    click.echo(json.dumps(answer, indent=2) if as_json else restarts_text(answer))


def _about(answer: Mapping[str, object]) -> Mapping[str, object]:
    """The answer, unless the bot did not know whom it was asked about."""
    if "unknown" not in answer:
        return answer
    near = answer.get("near")
    names = ", ".join(str(name) for name in near) if isinstance(near, list) else ""
    raise UserError(f"{answer['unknown']!r} is not traded; {f'near it: {names}' if names else 'nothing is near it'}")


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


CONTROL_COMMANDS: tuple[click.Command, ...] = (status, why, restarts, kill, resume, stop, restart)
