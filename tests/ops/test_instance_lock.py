"""Two bots must never share a state directory."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edgelock.ops.instance_lock import LOCK_NAME, InstanceLock, make_state_directory
from edgelock.ops.user_error import UserError

HOLD = """
import sys
from pathlib import Path
from edgelock.ops.instance_lock import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_state_directory_is_made_for_its_owner_alone(tmp_path: Path):
    make_state_directory(tmp_path / "a" / "state")

    assert stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode) == 0o700


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"

        with pytest.raises(UserError, match=f"another edgelock is running in .* \\(pid {first.pid}\\)") as caught:
            InstanceLock(tmp_path)
        assert caught.value.exit_code == 2
        first.kill()

    InstanceLock(tmp_path).release()


def test_a_second_lock_in_the_same_process_is_refused_as_well(tmp_path: Path):
    with InstanceLock(tmp_path), pytest.raises(UserError, match=f"pid {os.getpid()}"):
        InstanceLock(tmp_path)


def test_release_lets_the_next_one_in_and_may_be_repeated(tmp_path: Path):
    lock = InstanceLock(tmp_path)
    lock.release()
    lock.release()

    with InstanceLock(tmp_path):
        assert f"{os.getpid()}\n" == (tmp_path / LOCK_NAME).read_text()


def test_a_state_directory_that_is_a_file_is_one_clear_line(tmp_path: Path):
    (tmp_path / "state").write_text("")

    with pytest.raises(UserError, match="cannot make the state directory: File exists"):
        InstanceLock(tmp_path / "state")
