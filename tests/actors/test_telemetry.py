import io
import json
import os
import threading
from pathlib import Path

import pytest

from edgelock.actors.address import Address
from edgelock.actors.clock import EngineClock, monotonic_ns
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.messages import Records
from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry import TelemetryActor, TelemetryOutputs, TelemetryRun
from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.core.telemetry import KillOn, QuotePlace
from edgelock.core.units import Timestamp
from tests.actors.telemetry_samples import NOON, RUN, SAMPLES

PATIENCE_S = 30


class RunningTelemetry:
    """A telemetry actor on its own thread, told and stopped by a test."""

    def __init__(self, outputs: TelemetryOutputs, run: TelemetryRun | None = None, redactor: Redactor | None = None):
        self.run = run or TelemetryRun(RUN)
        self.board = TelemetryBoard()
        self.address = Address("telemetry")
        inbox = LanedInbox(monotonic_ns)
        self.address.point_at(inbox)
        self.actor = TelemetryActor(
            Incarnation(
                name="telemetry",
                number=1,
                address=self.address,
                inbox=inbox,
                supervisor=None,
                monotonic_ns=monotonic_ns,
            ),
            outputs=outputs,
            run=self.run,
            redactor=redactor or Redactor(),
            board=self.board,
            clock=EngineClock.starting_at(NOON),
        )
        self.actor.launch()

    def tell(self, *records) -> None:
        self.address.tell(Records(tuple(records)))

    def stop(self) -> None:
        self.actor.actor_ref.stop(block=False)
        assert self.actor.ended.wait(PATIENCE_S)
        assert self.actor.obituary is not None
        assert self.actor.obituary.expected, self.actor.obituary.traceback_text


def outputs(stream=None, path=None, max_bytes=0, backups=3) -> TelemetryOutputs:
    return TelemetryOutputs(stream=stream, path=path, max_bytes=max_bytes, backups=backups)


def kill(number: int = 0) -> KillOn:
    return KillOn(at=Timestamp(NOON + number), who=f"command {number}")


def lines_of(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


class PipeWithoutReader(io.StringIO):
    """A stream whose reader has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_construction_opens_no_file(tmp_path):
    path = tmp_path / "run.jsonl"
    inbox = LanedInbox(monotonic_ns)
    incarnation = Incarnation(
        name="telemetry", number=1, address=Address("t"), inbox=inbox, supervisor=None, monotonic_ns=monotonic_ns
    )

    TelemetryActor(
        incarnation,
        outputs=outputs(path=path),
        run=TelemetryRun(RUN),
        redactor=Redactor(),
        board=TelemetryBoard(),
        clock=EngineClock.starting_at(NOON),
    )

    assert not path.exists()


def test_stream_and_file_get_the_same_lines_numbered_in_order(tmp_path):
    stream, path = io.StringIO(), tmp_path / "deep" / "run.jsonl"
    telemetry = RunningTelemetry(outputs(stream, path))

    telemetry.tell(*SAMPLES[:10])
    telemetry.tell(*SAMPLES[10:])
    telemetry.stop()

    assert stream.getvalue() == path.read_text(encoding="utf-8")
    lines = lines_of(stream.getvalue())
    assert [line["seq"] for line in lines] == list(range(1, len(SAMPLES) + 2))
    assert [line["action"] for line in lines] == [*(sample.action for sample in SAMPLES), "exit_average"]


def test_seq_has_no_gap_when_many_threads_tell_at_once():
    stream = io.StringIO()
    telemetry = RunningTelemetry(outputs(stream))

    def tell_many() -> None:
        for number in range(200):
            telemetry.tell(kill(number), kill(number))

    threads = [threading.Thread(target=tell_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    telemetry.stop()

    assert [line["seq"] for line in lines_of(stream.getvalue())] == list(range(1, 1_601))


def test_everything_told_before_the_stop_is_written():
    stream = io.StringIO()
    telemetry = RunningTelemetry(outputs(stream))

    for number in range(500):
        telemetry.tell(kill(number))
    telemetry.stop()

    assert len(lines_of(stream.getvalue())) == 500


def test_a_next_incarnation_goes_on_counting():
    stream, run = io.StringIO(), TelemetryRun(RUN)
    for _ in range(2):
        telemetry = RunningTelemetry(outputs(stream), run)
        telemetry.tell(kill(), kill())
        telemetry.stop()

    assert [line["seq"] for line in lines_of(stream.getvalue())] == [1, 2, 3, 4]
    assert run.lines == {"kill_on": 4}


def test_a_reader_that_goes_away_costs_lines_and_nothing_else(tmp_path):
    path = tmp_path / "run.jsonl"
    telemetry = RunningTelemetry(outputs(PipeWithoutReader(), path))

    telemetry.tell(kill())
    telemetry.tell(kill())
    telemetry.stop()

    actions = [line["action"] for line in lines_of(path.read_text())]
    assert actions == ["kill_on", "log", "kill_on"]
    assert "the stream does not take lines: [Errno 32] Broken pipe" in path.read_text()
    assert telemetry.run.lines_lost == 3


def test_a_pipe_closed_by_its_reader_is_noticed_and_silenced():
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    os.close(reading)
    telemetry = RunningTelemetry(outputs(stream))

    telemetry.tell(kill())
    telemetry.stop()

    assert telemetry.run.lines_lost == 2
    stream.close()  # would raise BrokenPipeError if the descriptor still led to the pipe


def test_a_file_that_cannot_be_written_is_reported_on_the_stream(tmp_path):
    stream, path = io.StringIO(), tmp_path / "a directory"
    path.mkdir()
    telemetry = RunningTelemetry(outputs(stream, path))

    telemetry.tell(kill())
    telemetry.tell(kill())
    telemetry.stop()

    lines = lines_of(stream.getvalue())
    assert [line["action"] for line in lines] == ["kill_on", "log", "kill_on"]
    assert "the log file does not take lines" in lines[1]["message"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_reported_once_and_trading_goes_on():
    stream = io.StringIO()
    telemetry = RunningTelemetry(outputs(stream, Path("/dev/full")))

    for number in range(3):
        telemetry.tell(kill(number))
    telemetry.stop()

    lines = lines_of(stream.getvalue())
    assert [line["action"] for line in lines] == ["kill_on", "log", "kill_on", "kill_on"]
    assert "No space left on device" in lines[1]["message"]


def test_a_disk_that_has_room_again_is_reported_with_what_was_lost(tmp_path):
    stream, path = io.StringIO(), tmp_path / "run.jsonl"
    path.mkdir()
    telemetry = RunningTelemetry(outputs(stream, path))
    telemetry.address.tell(Records((kill(),)))
    while telemetry.run.lines["log"] == 0:
        telemetry.actor.ended.wait(0.01)

    path.rmdir()
    telemetry.tell(kill())
    telemetry.stop()

    assert [line["action"] for line in lines_of(path.read_text())] == ["kill_on", "log"]
    assert "takes lines again; 2 were lost so far" in path.read_text()


def test_the_file_is_rotated_between_whole_lines(tmp_path):
    path = tmp_path / "run.jsonl"
    telemetry = RunningTelemetry(outputs(path=path, max_bytes=1_000, backups=50))

    telemetry.tell(*(kill(number) for number in range(60)))
    telemetry.tell(*(kill(number) for number in range(60)))
    telemetry.stop()

    files = sorted(tmp_path.iterdir(), key=lambda file: int(file.suffix[1:]) if file.suffix != ".jsonl" else 0)
    assert len(files) > 5
    assert all(file.stat().st_size <= 1_000 for file in files)
    texts = [file.read_text() for file in reversed(files)]
    assert [line["seq"] for text in texts for line in lines_of(text)] == list(range(1, 121))


def test_a_line_torn_by_a_power_cut_is_removed_and_told_of(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"action":"kill_on"}\n{"action":"kil')
    telemetry = RunningTelemetry(outputs(path=path))

    telemetry.tell(kill())
    telemetry.stop()

    lines = lines_of(path.read_text())
    assert [line["action"] for line in lines] == ["kill_on", "log", "kill_on"]
    assert "torn last line of 14 bytes" in lines[1]["message"]


def test_a_record_that_cannot_be_formatted_leaves_no_gap():
    stream = io.StringIO()
    telemetry = RunningTelemetry(outputs(stream))
    broken = KillOn(at=NOON, who=7)  # type: ignore[arg-type]

    telemetry.tell(kill(), broken, kill())
    telemetry.stop()

    assert [(line["seq"], line["action"]) for line in lines_of(stream.getvalue())] == [
        (1, "kill_on"),
        (2, "log"),
        (3, "kill_on"),
    ]
    assert telemetry.run.format_failures == 1


def test_secrets_do_not_reach_either_output(tmp_path):
    stream, path, redactor = io.StringIO(), tmp_path / "run.jsonl", Redactor()
    redactor.register_secret("tiny canary!")
    telemetry = RunningTelemetry(outputs(stream, path), redactor=redactor)

    telemetry.tell(KillOn(at=NOON, who="the tiny canary!"))
    telemetry.stop()

    assert "canary" not in stream.getvalue() + path.read_text()


def test_the_board_shows_what_was_written():
    telemetry = RunningTelemetry(outputs(io.StringIO()))

    telemetry.tell(next(sample for sample in SAMPLES if isinstance(sample, QuotePlace)), kill())
    telemetry.stop()

    assert telemetry.board.killed_by() == "command 0"
    assert telemetry.board.recent() == (kill(),)
