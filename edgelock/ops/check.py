"""`python run.py check`: is this build, with these settings, on this machine, fit to trade?"""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgelock.ops.check_result import CheckResult, failed, passed
from edgelock.ops.config_option import config_option
from edgelock.ops.settings import Settings
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import DEFAULT_DOTENV, load

if TYPE_CHECKING:
    from edgelock.ops.venue_address import VenueAddress

EXIT_FAILED = 1
_MARKS = {"pass": "✅ pass", "warn": "🔶 warn", "fail": "❌ fail", "skipped": "➖ skipped"}
_WORDS = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "skipped": "skipped"}


@click.command()
@config_option()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: ok, and every check with its outcome.")
def check(config: Path, as_json: bool) -> int:
    """Pre-flight: the five core checks with their figures, the settings, the files, and the venue.

    Take-profit, states, gates, trim and breaker are computed by the code that trades. Demo and prod are asked, with
    nothing but reads: network, clock, key, its rights, location, balance, rate tier, series. Exit code 0 when nothing
    failed, 1 otherwise; each failure comes with its remedy. A live start on demo or prod needs all of it.
    """
    results = _without_secrets(run_checks(config))
    is_ok = all(result.outcome != "fail" for result in results)
    if as_json:
        answer = {"ok": is_ok, "checks": [asdict(result) for result in results]}
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        _print_table(results)
    else:
        click.echo(plain_text(results))
    return 0 if is_ok else EXIT_FAILED


def run_checks(
    config: Path, dotenv: Path = DEFAULT_DOTENV, *, addresses: "Mapping[str, VenueAddress] | None" = None
) -> tuple[CheckResult, ...]:
    """All checks. With settings that cannot be read, that is the failure, and the core is checked with the defaults.

    addresses  where demo and prod are, None for the real ones; for tests, which bring a venue of their own
    """
    from edgelock.ops.core_checks import core_checks
    from edgelock.ops.going_live import checks_of_the_venue
    from edgelock.ops.site_checks import site_checks
    from edgelock.ops.venue_address import KALSHI

    try:
        loaded = load(config, environ=os.environ, dotenv=dotenv)
    except SettingsError as error:
        wrong = failed("settings", str(error), "mend that value; the checks above used the defaults")
        return (*core_checks(Settings()), wrong)
    written = sum(origin != "default" for origin in loaded.origins.values())
    settings, secrets = loaded.settings, loaded.secrets
    return (
        *core_checks(settings),
        passed("settings", f"{config}: {written} values read"),
        *site_checks(settings, secrets, dotenv),
        *checks_of_the_venue(settings, secrets, addresses or KALSHI),
    )


def _without_secrets(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """A row may quote a setting, a path or the venue, and so what somebody put in the wrong place."""
    from edgelock.ops.secret_redactor import redactor_of_process

    text = redactor_of_process(os.environ).text
    return tuple(replace(result, detail=text(result.detail), remedy=text(result.remedy)) for result in results)


def plain_text(results: Sequence[CheckResult]) -> str:
    """Aligned lines for a pipe: outcome, check, figures, and the remedy below a failure."""
    width = max(len(result.check) for result in results)
    lines = []
    for result in results:
        lines.append(f"{_WORDS[result.outcome]:<7}  {result.check:<{width}}  {result.detail}")
        if result.remedy:
            lines.append(f"{'':<7}  {'':<{width}}  → {result.remedy}")
    return "\n".join([*lines, summary(results)])


def summary(results: Sequence[CheckResult]) -> str:
    """The last line: how many failed, or that none did."""
    count = Counter(result.outcome for result in results)
    if count["fail"]:
        return f"{count['fail']} of {len(results)} checks failed"
    warnings = f", {count['warn']} with a warning" if count["warn"] else ""
    return f"all checks passed ({count['skipped']} skipped{warnings})"


def _print_table(results: Sequence[CheckResult]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "check", "found")
    for result in results:
        found = f"{result.detail}\n→ {result.remedy}" if result.remedy else result.detail
        table.add_row(Text(_MARKS[result.outcome]), Text(result.check), Text(found))
    console = Console()
    console.print(table)
    console.print(Text(summary(results)))
