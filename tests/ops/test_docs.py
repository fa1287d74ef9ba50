"""The documents keep their promises: links lead somewhere, what the code has is documented, commands exist."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from edgelock.core import telemetry
from edgelock.core.exchange_standing import Standing
from edgelock.core.risk import RiskState, verdicts
from edgelock.core.settings import RiskSettings
from edgelock.core.units import Timestamp
from edgelock.exchange.service import exchange
from edgelock.ops.audit import audit
from edgelock.ops.command_line import program
from edgelock.ops.simulate import simulate

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")
COMMAND = re.compile(r"python run\.py([^|\n`#]*)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FORWARDED = {"exchange": exchange, "audit": audit, "simulate": simulate}
"""The program hands what follows these words to commands of their own, which know the options."""
MAKE_GOAL = re.compile(r"\bmake ([a-z]+)\b")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_relative_link_leads_to_a_file(document: Path):
    targets = [target for target, _ in LINK.findall(document.read_text()) if "://" not in target]

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_document_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text() + (ROOT / "docs" / "decisions" / "README.md").read_text()

    unlisted = [name(path) for path in (ROOT / "docs").rglob("*.md") if path.name not in index]

    assert unlisted == []


def actions() -> dict[str, list[str]]:
    """Every action and the fields of its own; an amendment nests from and to."""
    records = [each for _, each in inspect.getmembers(telemetry, inspect.isclass) if "action" in vars(each)]
    common = {"at", "market", "context"}
    return {
        record.action: [
            name
            for name in dict.fromkeys(
                re.sub("^(from|to)_(price|qty)$", r"\1", field.name) for field in dataclasses.fields(record)
            )
            if name not in common
        ]
        for record in records
    }


def test_every_action_is_documented_with_its_fields():
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([\w, ]*) \|$", (ROOT / "docs" / "actions.md").read_text(), re.MULTILINE)

    assert {action: fields.split(", ") for action, fields in rows} == actions()


def test_every_limit_of_the_last_gate_is_documented():
    source = (ROOT / "edgelock" / "core" / "limits.py").read_text()
    limits = re.findall(r'Refused\(intent, "([a-z_]+)"', source)
    text = (ROOT / "docs" / "guards.md").read_text()

    assert limits
    assert [limit for limit in limits if f"`{limit}`" not in text] == []


def test_every_reason_of_a_permit_is_documented():
    guards = {verdict.name for verdict in verdicts(RiskState(settings=RiskSettings()), "ANY", Timestamp(0))}
    reasons = guards - {"exchange_status"} | {standing.value for standing in Standing if standing.is_paused}
    text = (ROOT / "docs" / "guards.md").read_text()

    assert len(reasons) > 10
    assert {reason for reason in reasons if f"`{reason}`" not in text} == set()


def commands_in(text: str) -> Iterator[tuple[str, ...]]:
    for words in COMMAND.findall(text):
        yield tuple(words.split())


def flags_of(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


def command_called(words: tuple[str, ...]) -> click.Command:
    for word in words:
        if word in FORWARDED:
            return FORWARDED[word]
        if word in program.commands:
            return program.commands[word]
    return program


@pytest.mark.parametrize("document", [ROOT / "README.md", ROOT / "docs" / "commands.md"], ids=name)
def test_every_option_of_a_command_shown_exists(document: Path):
    unknown = [
        (words, flag)
        for words in commands_in(document.read_text())
        for flag in FLAG.findall(" ".join(words))
        if flag not in flags_of(command_called(words))
    ]

    assert unknown == []


def test_every_trading_option_is_in_the_commands_page():
    text = (ROOT / "docs" / "commands.md").read_text()

    assert {flag for flag in flags_of(program) - {"--help", "-h", "--version"} if f"`{flag}" not in text} == set()


def test_every_goal_of_make_that_is_named_exists():
    goals = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {goal for path in DOCUMENTS for goal in MAKE_GOAL.findall("\n".join(code_in(path.read_text())))}

    assert named <= goals


def code_in(text: str) -> Iterator[str]:
    yield from re.findall(r"`([^`\n]+)`", text)
    yield from re.findall(r"^ {4}(.+)$", text, flags=re.MULTILINE)
