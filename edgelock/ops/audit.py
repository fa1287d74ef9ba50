"""`python run.py audit LOG…`: does the log itself prove that the bot kept its rules?

Everything is re-derived from the lines alone, with the audit's own arithmetic: positions and profit from fills,
take-profits from VWAPs, gates, skew, exits, breakers, sequence. Exit code 0 when clean, 1 with the offending lines,
2 when a file cannot be read or is no log. The log is streamed, so its size does not matter.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from edgelock.ops.audit_findings import Check, Findings
from edgelock.ops.audit_line import LineProblem, NotJson, read_line
from edgelock.ops.audit_run import LogAudit

OFFENDING_LINES_SHOWN = 50
LINE_CHARACTERS_SHOWN = 400


class UnreadableLog(Exception):
    """A file that is missing, empty or not a log; the text names it."""


def audit_logs(paths: Sequence[Path]) -> Findings:
    """Audit the files as one log, oldest lines first whatever the order of the paths. Raises UnreadableLog."""
    findings = Findings()
    log = LogAudit(findings)
    where = ""
    for path in sorted(paths, key=_first_time):
        for where, raw in _numbered_lines(path):
            findings.lines += 1
            try:
                line = read_line(raw, where)
            except NotJson as error:
                raise UnreadableLog(str(error)) from None
            except LineProblem as problem:
                findings.add(Check.LINES, where=where, reason=str(problem), line=raw.decode(errors="replace").strip())
            else:
                log.take(line)
    log.end(where)
    return findings


def run_audit(paths: Sequence[Path]) -> int:
    """Audit, print the summary and the offending lines, and return the exit code."""
    try:
        findings = audit_logs(paths)
    except UnreadableLog as error:
        click.echo(f"audit: {error}", err=True)
        return 2
    for text in report_lines(findings):
        click.echo(text)
    return 0 if findings.is_clean else 1


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG…")
def audit(logs: tuple[Path, ...]) -> int:
    """Re-derive from the log alone whether the bot kept its rules.

    Several files (a rotated log) are read as one, oldest first. Exit code 0: clean; 1: findings, with the offending
    lines; 2: a file is missing or is not a log.
    """
    return run_audit(logs)


def report_lines(findings: Findings) -> Iterator[str]:
    """The report for people: one row per rule, then every finding with its line, then what was not checked."""
    yield f"{'check':<30} {'examined':>9} {'findings':>9}"
    for check in Check:
        yield f"{check.value:<30} {findings.examined[check]:>9} {findings.counts[check]:>9}"
    for finding in findings.kept[:OFFENDING_LINES_SHOWN]:
        yield f"\n{finding.where}: {finding.check}: {finding.reason}"
        yield f"    {finding.line[:LINE_CHARACTERS_SHOWN]}"
    total = findings.counts.total()
    if total > OFFENDING_LINES_SHOWN:
        yield f"\n… and {total - OFFENDING_LINES_SHOWN} more findings"
    for note in findings.notes:
        yield f"note: {note}"
    verdict = "clean" if findings.is_clean else f"{total} findings"
    yield f"\n{findings.lines} lines: {verdict}"


def _numbered_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield f"{path}:{number}", raw
    except OSError as error:
        raise UnreadableLog(f"{path}: {error.strerror}") from None


def _first_time(path: Path) -> tuple[float, int]:
    """When a file begins; a later file of the same run has the larger seq."""
    for where, raw in _numbered_lines(path):
        try:
            line = read_line(raw, where)
            return float(line.seconds("ts")), line.integer("seq")
        except NotJson as error:
            raise UnreadableLog(str(error)) from None
        except LineProblem:
            return 0.0, 0
    raise UnreadableLog(f"{path}: is empty")
