"""`python run.py alive`: one line and an exit code about the running bot, for a container's health check or cron."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from edgelock.actors.clock import wall_clock_ns
from edgelock.core.units import SECOND
from edgelock.ops.alive_file import UnreadableSign, read_sign, verdict
from edgelock.ops.control_commands import of_the_bot
from edgelock.ops.user_error import UserError

EXIT_NOT_WELL = 1
MAX_AGE_S = "15"
"""Above what a living run may be silent for (docs/service.md)."""
LONGEST_S = 86_400


def _age_ns(_context: click.Context, _parameter: click.Parameter, given: Any) -> int:
    allowed = f"must be a number of seconds, 1 to {LONGEST_S}"
    try:
        seconds = Decimal(given)
    except InvalidOperation:
        raise click.BadParameter(allowed) from None
    if not seconds.is_finite() or not 1 <= seconds <= LONGEST_S:
        raise click.BadParameter(allowed)
    return int(seconds * SECOND)


@click.command()
@of_the_bot
@click.option(
    "--max-age",
    "max_age_ns",
    default=MAX_AGE_S,
    show_default=True,
    callback=_age_ns,
    metavar="S",
    help="How old the last life-sign may be.",
)
@click.option("--ready", is_flag=True, help="Also fail while it lives but does not do all it is there for.")
def alive(directory: Path, max_age_ns: int, ready: bool) -> None:
    """Say whether the bot gives signs of life; exit code 1 when somebody has to look.

    Reads the file `alive` in the state directory: nothing is asked of the bot itself.
    """
    try:
        found = verdict(read_sign(directory), now=wall_clock_ns(), max_age_ns=max_age_ns, must_be_ready=ready)
    except UnreadableSign as error:
        raise UserError(str(error), exit_code=EXIT_NOT_WELL) from None
    if not found.is_well:
        raise UserError(found.words, exit_code=EXIT_NOT_WELL)
    click.echo(found.words)
