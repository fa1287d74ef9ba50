"""`settings.yaml` is the documentation of the defaults, so it must say exactly what the code does."""

import re
from pathlib import Path

from edgelock.ops.settings import Settings, flat
from edgelock.ops.settings_entries import all_keys
from edgelock.ops.settings_file import load
from edgelock.ops.settings_yaml import read_yaml

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = PROJECT / "settings.yaml"


def test_the_shipped_file_says_the_same_as_the_code_key_by_key(tmp_path: Path):
    shipped = load(SHIPPED, environ={}, dotenv=tmp_path / ".env").settings

    assert flat(Settings()) == flat(shipped)


def test_the_shipped_file_misses_no_key():
    written = {".".join(key) for key in read_yaml(SHIPPED)}

    assert [key for key in all_keys() if key not in written] == []


def test_every_family_of_the_code_is_written_with_its_series_and_gates():
    written = {key: entry.value for key, entry in read_yaml(SHIPPED).items()}

    for family, table in Settings().families.items():
        assert table.series == written["families", family, "series"]
        assert {("families", family, "low"), ("families", family, "high")} <= set(written)


def test_every_unit_is_in_the_name_or_in_the_comment_of_a_duration():
    for name in flat(Settings().strategy):
        if re.search(r"cooldown|dwell|cap|_at_risk|retry|alert|before_close", name):
            assert name.endswith(("_s", "_ms"))
