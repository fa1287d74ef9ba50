"""`docs/settings.md` says of every key what the code says: default, what is allowed, reload or restart."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgelock.ops.settings import is_reloadable
from edgelock.ops.settings_entries import Entry, all_keys, default_layer
from edgelock.ops.settings_environment import RUNBOOK_VARIABLES
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import load

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT = PROJECT / "docs" / "settings.md"
UNLIMITED = {
    "embedded.recording": "path",
    "log.path": "path",
    "state.directory": "path",
    "selection.series": "list of families",
}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """The code's own word on every key: key, default, allowed, reload or restart."""
    defaults = {".".join(key): entry.value for key, entry in default_layer().items()}
    for key in all_keys():
        allowed = UNLIMITED.get(key) or refusal_of_nonsense(key)
        yield key, shown(defaults[key]), allowed, "reload" if is_reloadable(key) else "restart"


def refusal_of_nonsense(key: str) -> str:
    nonsense = {tuple(key.split(".")): Entry("-999999999", "nonsense")}
    with pytest.raises(SettingsError) as caught:
        load(PROJECT / "settings.yaml", environ={}, dotenv=PROJECT / "no.env", command_line=nonsense)
    return str(caught.value).rpartition(": must be ")[2].partition("; did you")[0]


def shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def written() -> list[tuple[str, ...]]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("| `")]
    return [(row[0].strip("`"), row[1].strip("`"), row[2], row[3]) for row in cells if len(row) == 5]


def test_the_tables_say_what_the_code_says():
    assert sorted(rows()) == sorted(written())


def test_every_runbook_variable_is_listed_with_its_key():
    text = DOCUMENT.read_text(encoding="utf-8")

    for name, key in RUNBOOK_VARIABLES.items():
        assert re.search(rf"`{name}` *\| *`{re.escape('.'.join(key))}`", text)
