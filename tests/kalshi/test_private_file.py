"""Which files count as private, looked at on real files."""

import os
from pathlib import Path

import pytest

from edgelock.kalshi.private_file import BYTES_MAX, PrivateFileError, read_private_file, require_private_file

CONTENT = b"canary-content"


def a_file(directory: Path, mode: int) -> Path:
    path = directory / "secret"
    path.write_bytes(CONTENT)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ours_alone_is_read(mode: int, tmp_path: Path):
    assert read_private_file(a_file(tmp_path, mode)) == CONTENT


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777, 0o440, 0o404])
def test_a_file_that_anybody_else_may_use_is_refused_with_the_command_that_mends_it(mode: int, tmp_path: Path):
    path = a_file(tmp_path, mode)

    with pytest.raises(PrivateFileError) as refused:
        read_private_file(path)

    verb = "read" if mode & 0o044 else "used"
    assert refused.value.problem == f"may be {verb} by others (mode {mode:04o})"
    assert refused.value.remedy == f"chmod 600 {path}"
    path.chmod(0o600)
    require_private_file(path)


@pytest.mark.parametrize("mode", [0o700, 0o500, 0o4600, 0o1600])
def test_a_mode_that_no_secret_has_is_refused(mode: int, tmp_path: Path):
    with pytest.raises(PrivateFileError, match="a secret has 0600 or 0400"):
        read_private_file(a_file(tmp_path, mode))


def test_what_is_not_a_file_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name, problem in (
        ("pipe", "is not a regular file"),
        (".", "is not a regular file"),
        ("none", "does not exist"),
    ):
        with pytest.raises(PrivateFileError, match=problem):
            read_private_file(tmp_path / name)


def test_a_file_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = a_file(tmp_path, 0o600)
    owner = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)

    with pytest.raises(PrivateFileError, match=rf"belongs to another user \(id {owner}\)"):
        read_private_file(path)


def test_a_huge_file_is_refused_and_no_error_shows_content(tmp_path: Path):
    path = a_file(tmp_path, 0o600)
    path.write_bytes(CONTENT * BYTES_MAX)

    with pytest.raises(PrivateFileError, match="longer than") as refused:
        read_private_file(path)

    assert CONTENT.decode() not in str(refused.value)
