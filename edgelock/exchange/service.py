"""The command line of the exchange process: `python -m edgelock.exchange`, and the project's `exchange` command.

It ends with exit code 0 on SIGINT, SIGTERM, the end of --duration or, with --exit-with-parent, the end of standard
input; with 2 and one line on standard error when it was asked for something impossible.
"""

import sys
from pathlib import Path
from typing import NoReturn

import click

from edgelock.core.units import CONTRACT, MILLISECOND, Duration, Money, Size, parse_money
from edgelock.exchange.api_key import KEY_TYPES
from edgelock.exchange.exchange_process import ServiceOptions, ServiceRefused, run_service
from edgelock.exchange.habits import Habits, PostOnlyCross
from edgelock.exchange.rate_limit import TIERS
from edgelock.exchange.scenarios import SCENARIO_NAMES
from edgelock.exchange.signature_check import SCOPES

SPEED_MAX = 10_000.0
RATE_MAX = 100.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _balance(_: click.Context, __: click.Parameter, text: str) -> Money:
    try:
        money = parse_money(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if money < 0 or money % 100:
        raise click.BadParameter("a balance is 0 or more dollars with at most four decimals")
    return money


def _pairs(given: tuple[str, ...], example: str) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in given]
    if not all(name and equals and value for name, equals, value in pairs):
        raise click.BadParameter(f"must look like {example}")
    return [(name, value) for name, _, value in pairs]


def _shard_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise click.BadParameter(f"{text} is not the number of a shard")
    return int(text)


def _by_name(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    return {name: _shard_number(value) for name, value in _pairs(given, "KXNHLGAME=3")}


def _by_number(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[int, Money]:
    pairs = _pairs(given, "3=500")
    return {_shard_number(number): _balance(context, parameter, value) for number, value in pairs}


@click.command(name="exchange", context_settings={"max_content_width": 116})
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", default=0, show_default=True, type=click.IntRange(0, 65_535), help="0: any free port.")
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, SPEED_MAX, min_open=True),
    help="Exchange seconds in one real second.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0), help="Seed of the scenario.")
@click.option(
    "--scenario",
    default=SCENARIO_NAMES[0],
    show_default=True,
    type=click.Choice(SCENARIO_NAMES),
    help="What happens in the markets.",
)
@click.option(
    "--rate",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.1, RATE_MAX),
    help="How busy the scenario's traders are, in times their usual; prices and time keep their pace.",
)
@click.option(
    "--recording",
    type=click.Path(path_type=Path),
    help="Play this recording instead of a scenario.",
)
@click.option("--key-type", default="rsa", show_default=True, type=click.Choice(KEY_TYPES), help="Kind of API key.")
@click.option(
    "--key-scope",
    "key_scopes",
    multiple=True,
    default=("read", "write"),
    show_default=True,
    type=click.Choice(SCOPES),
    help="What the API key may do; repeat it for more.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the private key (default: a private folder, removed at the end).",
)
@click.option("--request-log", type=click.Path(path_type=Path, dir_okay=False), help="Append a JSON line per request.")
@click.option("--balance", default="10000", show_default=True, callback=_balance, help="The member's dollars.")
@click.option("--tier", default="basic", show_default=True, type=click.Choice(tuple(TIERS)), help="Rate limits.")
@click.option(
    "--read-lag-ms",
    default=0,
    show_default=True,
    type=click.IntRange(0, 60_000),
    help="How far private reads are behind writes, in exchange time.",
)
@click.option(
    "--list-cache-ms",
    default=0,
    show_default=True,
    type=click.IntRange(0, 60_000),
    help="How old markets and series may be as REST shows them, in exchange time.",
)
@click.option(
    "--close-cancels-ms",
    default=500,
    show_default=True,
    type=click.IntRange(0, 60_000),
    help="How long orders still rest in a market that has closed, in exchange time.",
)
@click.option(
    "--cancel-all-lasts-ms",
    default=0,
    show_default=True,
    type=click.IntRange(0, 60_000),
    help="How long after a cancel-all new orders are canceled too, in exchange time.",
)
@click.option(
    "--post-only-cross",
    default=PostOnlyCross.REFUSED.value,
    show_default=True,
    type=click.Choice([habit.value for habit in PostOnlyCross]),
    help="What becomes of a post-only order that would trade at once.",
)
@click.option(
    "--shard",
    "shards",
    multiple=True,
    callback=_by_name,
    metavar="SERIES=NUMBER",
    help="Put the markets of a series on another shard; repeatable.",
)
@click.option(
    "--shard-cash",
    multiple=True,
    callback=_by_number,
    metavar="NUMBER=DOLLARS",
    help="Keep cash apart by shard, and give this one so much (--balance is shard 0's); repeatable.",
)
@click.option("--weekly-pause", is_flag=True, help="Pause trading on Thursdays, 03:00 to 05:00 in New York.")
@click.option(
    "--position-limit",
    type=click.IntRange(1),
    help="Largest position in a market, in contracts (default: none).",
)
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), help="Stop after this many real seconds.")
@click.option("--exit-with-parent", is_flag=True, help="Stop when standard input ends.")
@click.option("--hold-clock", is_flag=True, help="Stand still until POST /embedded/clock/release.")
@click.option(
    "--ledger", type=click.Path(path_type=Path, dir_okay=False), help="Write all accounts here at the end, as JSON."
)
@click.option("--faults", type=click.Path(path_type=Path, dir_okay=False), help="What goes wrong, and when (YAML).")
def exchange(
    host: str,
    port: int,
    speed: float,
    seed: int,
    scenario: str,
    rate: float,
    recording: Path | None,
    key_type: str,
    key_scopes: tuple[str, ...],
    key_file: Path | None,
    request_log: Path | None,
    balance: Money,
    tier: str,
    read_lag_ms: int,
    list_cache_ms: int,
    close_cancels_ms: int,
    cancel_all_lasts_ms: int,
    post_only_cross: str,
    shards: dict[str, int],
    shard_cash: dict[int, Money],
    weekly_pause: bool,
    position_limit: int | None,
    duration: float | None,
    exit_with_parent: bool,
    hold_clock: bool,
    ledger: Path | None,
    faults: Path | None,
) -> None:
    """Serve the embedded exchange: the venue's REST and WebSocket protocol on a loopback port.

    Prints one JSON line with the URLs and a generated API key when it is ready.
    """
    if host not in LOOPBACK:
        _refuse(f"host {host} is not a loopback address; allowed: {', '.join(LOOPBACK)}")
    options = ServiceOptions(
        host=host,
        port=port,
        speed=speed,
        seed=seed,
        scenario=scenario,
        rate=rate,
        recording=recording,
        key_type=key_type,
        key_scopes=key_scopes,
        key_file=key_file,
        request_log=request_log,
        balance=balance,
        tier=tier,
        read_lag=Duration(read_lag_ms * MILLISECOND),
        shards=shards,
        shard_cash=shard_cash,
        habits=Habits(
            caches_lists_for=Duration(list_cache_ms * MILLISECOND),
            close_cancels_after=Duration(close_cancels_ms * MILLISECOND),
            cancel_all_lasts=Duration(cancel_all_lasts_ms * MILLISECOND),
            post_only_cross=PostOnlyCross(post_only_cross),
            pauses_weekly=weekly_pause,
            cash_per_shard=bool(shard_cash),
            position_limit=None if position_limit is None else Size(position_limit * CONTRACT),
        ),
        duration_s=duration,
        exits_with_parent=exit_with_parent,
        holds_clock=hold_clock,
        ledger=ledger,
        faults=faults,
    )
    try:
        run_service(options)
    except ServiceRefused as refused:
        _refuse(str(refused))


def _refuse(text: str) -> NoReturn:
    sys.stderr.write(f"edgelock exchange: {text}\n")
    raise SystemExit(2)


def main(argv: list[str] | None = None) -> NoReturn:
    """Entry of `python -m edgelock.exchange`: a wrong option is one line and exit code 2, as everywhere else."""
    try:
        exchange.main(args=argv, prog_name="edgelock exchange", standalone_mode=False)
    except click.ClickException as error:
        _refuse(error.format_message())
    except click.Abort:
        raise SystemExit(0) from None
    raise SystemExit(0)
