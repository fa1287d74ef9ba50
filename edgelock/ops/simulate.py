"""`python run.py simulate`: live on the embedded exchange under seeded faults, judged by the exchange's own books."""

import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click

from edgelock.ops.simulated_run import SimulatedResult, SimulatedRun, SimulationFailed
from edgelock.ops.simulated_run import simulate as play
from edgelock.ops.user_error import UserError

BREACHES_SHOWN = 20


@click.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many runs.")
@click.option("--first", default=1, show_default=True, type=click.IntRange(0), help="The first seed.")
@click.option("--minutes", default=120, show_default=True, type=click.IntRange(1, 210), help="Market time of each run.")
@click.option("--speed", default=60, show_default=True, type=click.IntRange(1, 600), help="Market seconds a second.")
@click.option("--markets", default=8, show_default=True, type=click.IntRange(1, 12), help="Markets to trade.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 64), help="Runs side by side.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where each run's files stay (default: a new folder for temporary files).",
)
def simulate(seeds: int, first: int, minutes: int, speed: int, markets: int, jobs: int, out: Path | None) -> int:
    """Trade live on the embedded exchange under mixed faults, once per seed, and check the exchange's own ledger.

    Odd seeds end with an orderly shutdown, even ones with SIGKILL. Exit code 0 when every promise held in every run.
    """
    directory = out or Path(tempfile.mkdtemp(prefix="edgelock-simulate-"))
    runs = [
        SimulatedRun(
            seed=seed,
            minutes=minutes,
            speed=speed,
            markets=markets,
            is_killed=seed % 2 == 0,
            directory=directory / f"seed-{seed}",
        )
        for seed in range(first, first + seeds)
    ]
    click.echo(f"{seeds} runs of {minutes} market minutes at speed {speed}; their files: {directory}")
    with _terminated_like_interrupted():
        results = _played(runs, jobs)
    for line in _summary(results):
        click.echo(line)
    return 1 if any(result.report.breaches for result in results) else 0


def _played(runs: Sequence[SimulatedRun], jobs: int) -> list[SimulatedResult]:
    """All runs, each told as soon as it and those before it are done. Whatever ends it, nothing goes on running."""
    stop = threading.Event()
    results: list[SimulatedResult] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for result in pool.map(lambda run: play(run, stop), runs):
                results.append(result)
                click.echo(_row(result))
        except SimulationFailed as error:
            raise UserError(str(error)) from None
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    return results


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends the runs as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _row(result: SimulatedResult) -> str:
    broken = len(result.report.breaches)
    verdict = "kept" if not broken else f"{broken} BROKEN"
    return (
        f"seed {result.seed:>4}  exit {result.exit_code:>4}  orders {result.orders:>5}  fills {result.fills:>5}  "
        f"REST faults {result.strikes:>5}  {verdict}"
    )


def _summary(results: Sequence[SimulatedResult]) -> Iterable[str]:
    promises = sorted({promise for result in results for promise in result.report.examined})
    yield f"\n{'promise':<26} {'examined':>9} {'broken':>7}"
    for promise in promises:
        examined = sum(result.report.examined.get(promise, 0) for result in results)
        broken = sum(1 for result in results for breach in result.report.breaches if breach.promise == promise)
        yield f"{promise:<26} {examined:>9} {broken:>7}"
    shown = 0
    for result in results:
        for breach in result.report.breaches:
            shown += 1
            if shown <= BREACHES_SHOWN:
                yield f"seed {result.seed}: {breach.promise}: {breach.found}"
    if shown > BREACHES_SHOWN:
        yield f"… and {shown - BREACHES_SHOWN} more"
