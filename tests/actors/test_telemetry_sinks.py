import pytest

from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry_format import TelemetryFormatter, TelemetryLine
from edgelock.actors.telemetry_sinks import FileSink, drop_torn_line
from edgelock.core.telemetry import KillOn
from tests.actors.telemetry_samples import NOON


def a_sink(path, max_bytes: int = 0) -> FileSink:
    sink = FileSink(path, max_bytes=max_bytes, backups=9)
    sink.setFormatter(TelemetryFormatter(Redactor()))
    return sink


def a_line(who: str = "command", seq: int = 1) -> TelemetryLine:
    return TelemetryLine(KillOn(at=NOON, who=who), seq=seq, run="r")


def test_lines_reach_the_file_at_the_flush_and_not_before(tmp_path):
    sink = a_sink(tmp_path / "run.jsonl")
    sink.emit(a_line())
    assert not (tmp_path / "run.jsonl").exists()

    sink.flush()

    assert (tmp_path / "run.jsonl").read_text().count("\n") == 1
    sink.close()


def test_closing_writes_what_is_left(tmp_path):
    sink = a_sink(tmp_path / "run.jsonl")
    sink.emit(a_line())

    sink.close()

    assert (tmp_path / "run.jsonl").read_text().count("\n") == 1


def test_a_line_larger_than_a_whole_file_gets_a_file_of_its_own(tmp_path):
    sink = a_sink(tmp_path / "run.jsonl", max_bytes=200)
    for who in ("small", "very long " * 30, "small"):
        sink.emit(a_line(who))
    sink.close()

    sizes = [path.stat().st_size for path in sorted(tmp_path.iterdir())]
    assert len(sizes) == 3
    assert sum(size > 200 for size in sizes) == 1


def test_a_continued_file_counts_what_it_already_holds(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text("x" * 150 + "\n")
    sink = a_sink(path, max_bytes=200)
    sink.emit(a_line())
    sink.close()

    assert (tmp_path / "run.jsonl.1").read_text() == "x" * 150 + "\n"
    assert "kill_on" in path.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"whole\n", b"whole\n"),
        (b"whole\ntorn", b"whole\n"),
        (b"torn", b""),
        (b"whole\n" + b"x" * 200_000, b"whole\n"),
    ],
)
def test_a_torn_last_line_is_cut_off(tmp_path, before, after):
    path = tmp_path / "run.jsonl"
    path.write_bytes(before)

    assert drop_torn_line(path) == len(before) - len(after)
    assert path.read_bytes() == after


def test_a_file_that_is_not_there_has_no_torn_line(tmp_path):
    assert drop_torn_line(tmp_path / "run.jsonl") == 0
