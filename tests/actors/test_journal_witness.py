"""What survives the journal: the runs, and a latch that fails closed and can be moved on a full disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.journal import JournalError, Latch
from edgelock.actors.journal_witness import RUNS_NAME, Witness
from edgelock.core.units import Timestamp
from tests.actors.journal_examples import NOON

ON = Latch(is_on=True, who="command", at=NOON)
OFF = Latch(is_on=False, who="signal", at=NOON)


@pytest.fixture
def witness(tmp_path):
    return Witness(tmp_path)


def test_runs_are_read_back_by_scope_in_their_order(witness):
    assert not witness.knows_runs
    for run, scope in (("r1", "a"), ("r2", "b"), ("r3", "a")):
        witness.run_began(run, scope, NOON)

    assert witness.knows_runs
    assert (witness.runs("a"), witness.runs("b"), witness.runs("c")) == (("r1", "r3"), ("r2",), ())


def test_a_torn_line_hides_no_run_after_it(witness, tmp_path):
    witness.run_began("r1", "a", NOON)
    with (tmp_path / RUNS_NAME).open("ab") as file:
        file.write(b'{"run":"r2","sc')

    witness.run_began("r3", "a", NOON)

    assert witness.runs("a") == ("r1", "r3")


def test_a_latch_stands_where_it_was_moved_last(witness):
    assert witness.latch("kill") is None
    for latch in (ON, OFF, ON):
        witness.set_latch("kill", latch)
        assert witness.latch("kill") == latch


def test_moving_a_latch_needs_no_room_on_the_disk(witness, tmp_path):
    witness.set_latch("kill", OFF)
    before = (tmp_path / "kill.latch").stat()
    witness.set_latch("kill", Latch(is_on=True, who="x" * 500, at=NOON))
    after = (tmp_path / "kill.latch").stat()

    assert (before.st_ino, before.st_size, before.st_blocks) == (after.st_ino, after.st_size, after.st_blocks)
    latch = witness.latch("kill")
    assert latch is not None
    assert latch.is_on


@given(who=st.text(), at=st.integers(0, 2**62), is_on=st.booleans())
def test_whoever_moves_a_latch_it_fits_and_reads_back(who, at, is_on, tmp_path_factory):
    witness = Witness(tmp_path_factory.mktemp("latch"))
    witness.set_latch("kill", Latch(is_on=is_on, who=who, at=Timestamp(at)))

    latch = witness.latch("kill")
    assert latch is not None
    assert (latch.is_on, latch.at) == (is_on, at)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"is_on":false,"who":"x","at":1', b"\xff" * 256, b"\0" * 256])
def test_a_latch_that_cannot_be_understood_is_on(witness, tmp_path, content):
    (tmp_path / "kill.latch").write_bytes(content)

    latch = witness.latch("kill")
    assert latch is not None
    assert latch.is_on
    assert "cannot be understood" in latch.who


def test_a_file_that_cannot_be_written_is_told_in_one_line(witness, tmp_path):
    (tmp_path / "kill.latch").mkdir()
    (tmp_path / RUNS_NAME).mkdir()

    for fails in (lambda: witness.set_latch("kill", ON), lambda: witness.latch("kill"), lambda: witness.runs("a")):
        with pytest.raises(JournalError) as error:
            fails()
        assert "\n" not in str(error.value)
