"""The rules of the house hold in the tree, and each of them would be noticed if it were broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house_rules import (
    CLOCKS,
    CORE,
    PACKAGE,
    PROJECT,
    clock_readings,
    homeless_names,
    reminders,
    sources,
    undocumented,
    untested_modules,
)

PACKAGE_FILES = list(sources(PACKAGE))
ALL_FILES = [*PACKAGE_FILES, *sources(PROJECT / "tests"), *PROJECT.glob("*.py")]
LAYERS_BROKEN = '"""A core module that reaches up."""\n\nfrom edgelock.actors import clock\n\nCLOCK = clock\n'


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


# --- what holds in the tree -------------------------------------------------------------------------------------


def test_every_core_module_has_a_test_of_the_same_name():
    tests = [path.name for path in sources(PROJECT / "tests" / "core")]

    assert untested_modules([path.name for path in sources(CORE)], tests) == []


def test_only_the_clocks_read_the_clock():
    guilty = {
        name(path): found
        for path in PACKAGE_FILES
        if path.relative_to(PACKAGE).as_posix() not in CLOCKS and (found := clock_readings(path.read_text("utf-8")))
    }

    assert guilty == {}


def test_every_excuse_to_read_the_clock_is_still_needed():
    unused = [path for path in sorted(CLOCKS) if not clock_readings((PACKAGE / path).read_text("utf-8"))]

    assert unused == []


def test_nobody_left_a_reminder():
    guilty = {name(path): found for path in ALL_FILES if (found := reminders(path.read_text("utf-8")))}

    assert guilty == {}


def test_every_file_is_named_after_what_it_holds():
    assert homeless_names([path.relative_to(PROJECT) for path in ALL_FILES]) == []


def test_every_module_says_what_it_is():
    assert [name(path) for path in PACKAGE_FILES if undocumented(path.read_text("utf-8"))] == []


def test_imports_run_one_way():
    result = lint_imports(PROJECT)

    assert result.returncode == 0, result.stdout + result.stderr


# --- each check can fail ----------------------------------------------------------------------------------------


def test_a_core_module_that_reaches_up_breaks_the_import_contract(tmp_path):
    for path in PACKAGE_FILES:
        copy = tmp_path / path.relative_to(PROJECT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "setup.cfg").write_text((PROJECT / "setup.cfg").read_text("utf-8"), encoding="utf-8")
    assert lint_imports(tmp_path).returncode == 0

    (tmp_path / "edgelock" / "core" / "broken.py").write_text(LAYERS_BROKEN, encoding="utf-8")
    result = lint_imports(tmp_path)

    assert result.returncode != 0
    assert "edgelock.core.broken -> edgelock.actors.clock" in result.stdout


def test_a_core_module_without_a_test_is_found():
    assert untested_modules(["book.py", "order.py", "facts.py", "__init__.py"], ["test_book.py"]) == ["order.py"]


@pytest.mark.parametrize(
    "source",
    [
        "import time\nnow = time.time()",
        "import time\ntime.sleep(1)",
        "from time import monotonic_ns",
        "from datetime import datetime\nnow = datetime.now()",
        "import datetime\nnow = datetime.datetime.utcnow()",
        "from datetime import date\nday = date.today()",
    ],
)
def test_a_look_at_the_clock_is_found(source):
    assert len(clock_readings(source)) == 1


def test_words_that_only_sound_like_a_clock_are_not_a_look_at_it():
    assert clock_readings("clock.monotonic_ns()\nstate.now\nevent.time\nmatrix.sleep()") == []


def test_a_reminder_is_found():
    assert reminders("x = 1  # TO" + "DO: think\ny = 2") == ["line 1: left-over reminder"]
    assert reminders("todos = []") == []


@pytest.mark.parametrize("path", ["edgelock/core/utils.py", "tests/common/test_a.py", "edgelock/helpers.py"])
def test_a_file_named_after_nothing_is_found(path):
    assert homeless_names([Path(path)]) == [path]


def test_a_module_without_a_docstring_is_found():
    assert undocumented("import math\n")
    assert not undocumented('"""It says."""\nimport math\n')
    assert not undocumented("")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The import contracts of `setup.cfg`, checked on the package in a folder."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
