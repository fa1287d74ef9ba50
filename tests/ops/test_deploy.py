"""The unit and the container file agree with the program that they run."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from edgelock.core.units import SECOND
from edgelock.ops import health
from edgelock.ops.alive_command import MAX_AGE_S, alive
from edgelock.ops.command_line import EXIT_USAGE, program
from edgelock.ops.life_signs import EVERY_S

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "edgelock.service"
CONTAINER = ROOT / "deploy" / "Containerfile"
IGNORED = ROOT / "deploy" / "Containerfile.dockerignore"
EXPOSURE_MAX = 1.5
"""By the words of `systemd-analyze security`: 0 is everything shut, 10 a service that says nothing."""


def settings_of_the_unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and line[0] not in "#[":
            key, text = line.split("=", 1)
            found.setdefault(key, []).append(text)
    return found


def seconds(key: str) -> int:
    (text,) = settings_of_the_unit()[key]
    return int(text)


def instructions(word: str) -> list[str]:
    whole = CONTAINER.read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in whole.splitlines() if line.split(maxsplit=1)[:1] == [word]]


def test_every_patience_of_the_manager_is_longer_than_our_own():
    assert seconds("WatchdogSec") * SECOND > 2 * max(health.MAIN_SILENT_NS, health.SUPERVISOR_SILENT_NS, health.BUSY_NS)
    assert seconds("TimeoutStopSec") * SECOND > health.PATIENCE_NS[health.RunPhase.STOPPING]
    assert seconds("TimeoutStartSec") * SECOND > health.PATIENCE_NS[health.RunPhase.STARTING]
    assert int(MAX_AGE_S) > 2 * EVERY_S


def test_a_mistake_is_not_repeated_and_everything_else_is_tried_again():
    unit = settings_of_the_unit()

    assert unit["Restart"] == ["on-failure"]
    assert str(EXIT_USAGE) in unit["RestartPreventExitStatus"][0].split()
    assert not {"70", "75"} & set(unit["RestartPreventExitStatus"][0].split())
    assert unit["Type"] == ["notify"]
    assert unit["KillMode"] == ["mixed"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_understands_every_line_and_finds_little_exposed(tmp_path: Path):
    here = tmp_path / "edgelock.service"
    here.write_text(re.sub("^ExecStart=.*", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))

    verified = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    secured = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", here], capture_output=True, text=True, check=False
    )

    assert [line for line in verified.stderr.splitlines() if here.name in line] == []
    exposure = re.search(r"exposure level for edgelock.service: ([\d.]+)", secured.stdout)
    assert exposure is not None, secured
    assert float(exposure[1]) <= EXPOSURE_MAX


def test_the_container_runs_as_nobody_special_and_is_stopped_by_a_signal_that_is_always_heard():
    (user,) = instructions("USER")
    assert user.split(":")[0] not in ("0", "root")
    assert instructions("STOPSIGNAL") == ["SIGINT"]


def test_the_containers_health_check_is_a_command_that_exists():
    (check,) = instructions("HEALTHCHECK")
    words = shlex.split(check[check.index("[") :].replace("[", "").replace("]", "").replace(",", " "))
    assert words[:3] == ["python", "run.py", "alive"]
    assert "alive" in program.commands
    known = {option for parameter in alive.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_everything_that_the_container_copies_exists_and_is_let_through():
    allowed = {line[1:] for line in IGNORED.read_text().splitlines() if line.startswith("!")}
    copied = {source for text in instructions("COPY") if not text.startswith("--from") for source in text.split()[:-1]}

    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert {source.removeprefix("./") for source in copied} == allowed


def test_no_secret_is_in_either_file():
    for path in (UNIT, CONTAINER, IGNORED):
        assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY|API_KEY_ID=\S*[0-9a-f]{8}", path.read_text())
