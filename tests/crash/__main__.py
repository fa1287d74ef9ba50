"""`python -m tests.crash labels` lists the labels; `python -m tests.crash run` kills at them and compares."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click

from tests.crash.campaign import count_labels, only, run_plan, table
from tests.crash.chain import FLAVOURS, Crash
from tests.crash.points import GROUPS, Phase, Point
from tests.crash.seams import static_labels
from tests.crash.victim import VictimFailed


@click.group()
def program() -> None:
    """Kill -9 at every labelled point, and compare with the exchange's books."""


@program.command()
@click.option("--seed", default=7, show_default=True, help="of the short run that counts")
@click.option("--static", "is_static", is_flag=True, help="only what can be told without a run")
def labels(seed: int, is_static: bool) -> None:
    """List the labels, and how often a short run passed each in each phase."""
    counts = {} if is_static else count_labels(Path(tempfile.mkdtemp(prefix="crash-labels-")) / "counted", seed)
    known = sorted({*static_labels(), *(label for phase in counts.values() for label in phase)})
    click.echo(f"{'label':<66} {'recovery':>8} {'trading':>8} {'shutdown':>8}")
    for group, meaning in GROUPS.items():
        click.echo(f"\n# {group}: {meaning}")
        for label in (each for each in known if each.split(".", 1)[0] == group):
            passed = " ".join(f"{counts.get(phase, {}).get(label, 0) or '-':>8}" for phase in Phase)
            click.echo(f"{label:<66} {passed}")


def _crash_point(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Point | None:
    try:
        return None if text is None else Point.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@program.command()
@click.option("--points", default=300, show_default=True, help="to be killed at, while trading and at the end")
@click.option("--in-recovery", default=50, show_default=True, help="of them to be killed again while recovering")
@click.option("--jobs", default=2, show_default=True, help="rows of crashes side by side")
@click.option("--seed", default=1, show_default=True, help="of the choice of points, and of the exchanges")
@click.option("--only", "only_at", callback=_crash_point, help="this point alone: phase:label:occurrence")
@click.option("--again", callback=_crash_point, help="with --only: killed again at this point of the recovery")
@click.option("--flavour", type=click.Choice(list(FLAVOURS)), default="quiet", show_default=True, help="with --only")
@click.option("--out", type=click.Path(path_type=Path), help="where what is broken is left; a new one in the system's")
def run(
    points: int, in_recovery: int, jobs: int, seed: int, only_at: Point | None, again: Point | None, flavour: str,
    out: Path | None,
) -> None:  # fmt: skip
    """Kill, start again, compare; exit code 1 when something is broken or too few points were reached."""
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="crash-")) if out is None else out
    if only_at is not None:
        results, counts = only(directory, Crash(only_at, again), flavour=flavour, seed=seed), {}
        wanted, wanted_again = 1, int(again is not None)
    else:
        wanted, wanted_again = points, in_recovery
        results, counts = run_plan(directory, wanted=points, wanted_again=in_recovery, jobs=jobs, seed=seed)
    click.echo(table(results, counts, began))
    reached, reached_again = sum(each.reached for each in results), sum(each.reached_again for each in results)
    if any(result.findings for result in results):
        click.echo(f"what is broken is left in {directory}")
        sys.exit(1)
    if reached < wanted or reached_again < wanted_again:
        click.echo(f"too few points were reached: {reached} of {wanted}, {reached_again} of {wanted_again} again")
        sys.exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line of the process, or this one."""
    try:
        program.main(arguments, prog_name="python -m tests.crash")
    except VictimFailed as error:
        click.echo(f"the campaign ends: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
