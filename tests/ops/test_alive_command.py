"""`python run.py alive` as a person or a container's health check calls it."""

import pytest

from edgelock.actors.clock import wall_clock_ns
from edgelock.core.units import SECOND, Timestamp
from edgelock.ops.alive_file import LifeSign, text_of, write_sign
from edgelock.ops.command_line import main


@pytest.fixture
def signed(tmp_path):
    def write(age_s=0, **changes):
        at = text_of(Timestamp(wall_clock_ns() - age_s * SECOND))
        given = {"alive": True, "healthy": True, "why": "trading 8 markets", **changes}
        write_sign(tmp_path, LifeSign(pid=7, run="r1", at=at, **given))

    return write


@pytest.fixture
def asked(tmp_path, capsys):
    def ask(*options):
        code = main(["alive", "--state", str(tmp_path), *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return ask


def test_a_bot_that_gives_signs_is_alive(signed, asked):
    signed()

    assert asked() == (0, "alive and ready (pid 7, run r1): trading 8 markets\n")


def test_silence_is_an_alarm(signed, asked):
    signed(age_s=3600)
    code, said = asked()

    assert code == 1
    assert said.startswith("edgelock: silent for 36")


def test_the_age_that_is_forgiven_can_be_chosen(signed, asked):
    signed(age_s=3600)

    assert asked("--max-age", "7200")[0] == 0


def test_readiness_is_only_asked_for_on_demand(signed, asked):
    signed(healthy=False, why="no book is live")

    assert asked()[0] == 0
    assert asked("--ready") == (1, "edgelock: alive, but not ready (pid 7, run r1): no book is live\n")


def test_nobody_there_is_one_line(asked, tmp_path):
    assert asked() == (1, f"edgelock: no bot has given a sign in {tmp_path}\n")


@pytest.mark.parametrize("odd", ["0", "soon", "nan", "1e9"])
def test_an_odd_age_is_refused(asked, odd):
    code, said = asked("--max-age", odd)

    assert code == 2
    assert "1 to 86400" in said
