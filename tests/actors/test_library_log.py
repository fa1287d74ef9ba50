import logging
import sys
import threading
import warnings

import pytest

from edgelock.actors.address import Address
from edgelock.actors.clock import EngineClock, monotonic_ns
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.library_log import LINES_PER_SECOND_MAX, MESSAGE_CHARACTERS_MAX, LibraryLogs
from edgelock.core.telemetry import LibraryLog
from tests.actors.telemetry_samples import NOON


class HandMovedClock(EngineClock):
    """A clock whose real time stands still until a test moves it."""

    def __init__(self) -> None:
        self.real_ns = 0
        super().__init__(NOON, 0, 1, lambda: self.real_ns)


class Listening:
    """Library logs attached for one test, with what they told."""

    def __init__(self) -> None:
        self.clock = HandMovedClock()
        self.inbox = LanedInbox(monotonic_ns)
        self.address = Address("telemetry")
        self.address.point_at(self.inbox)
        self.logs = LibraryLogs(self.address, self.clock)

    def told(self) -> list[LibraryLog]:
        heard: list[LibraryLog] = []
        while not self.inbox.empty():
            heard.extend(self.inbox.get().message.records)
        return heard


@pytest.fixture
def listening():
    found = Listening()
    found.logs.attach()
    yield found
    found.logs.detach()


def test_a_warning_of_a_library_becomes_a_record(listening):
    logging.getLogger("urllib3.connectionpool").warning("Retrying after %s s", 1)

    (record,) = listening.told()
    assert (record.logger, record.severity, record.message) == (
        "urllib3.connectionpool",
        "WARNING",
        "Retrying after 1 s",
    )
    assert record.at == NOON


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_chatter_below_warning_is_left_out(listening, level):
    logger = logging.getLogger("pykka")
    logger.setLevel(logging.DEBUG)
    try:
        logger.log(level, "chatter")
    finally:
        logger.setLevel(logging.NOTSET)

    assert listening.told() == []


def test_an_exception_is_told_with_its_traceback(listening):
    try:
        raise ValueError("¢ is not a price")
    except ValueError:
        logging.getLogger("aiohttp").exception("request failed")

    (record,) = listening.told()
    assert record.severity == "ERROR"
    assert record.message.startswith("request failed\nTraceback")
    assert "ValueError: ¢ is not a price" in record.message


def test_a_python_warning_becomes_a_record(listening):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)

    assert [record.logger for record in listening.told()] == ["py.warnings"]


def test_an_exception_that_ends_a_thread_becomes_a_record(listening):
    def fail() -> None:
        raise RuntimeError("the thread is lost")

    thread = threading.Thread(target=fail, name="socket-reader")
    thread.start()
    thread.join()

    (record,) = listening.told()
    assert (record.logger, record.severity) == ("threading.excepthook", "ERROR")
    assert record.message.startswith("socket-reader ended: Traceback")
    assert "the thread is lost" in record.message


def test_an_exception_that_ends_the_program_becomes_a_record(listening):
    try:
        raise RuntimeError("the program is lost")
    except RuntimeError:
        sys.excepthook(*sys.exc_info())

    (record,) = listening.told()
    assert record.severity == "CRITICAL"


def test_an_exception_that_cannot_be_raised_becomes_a_record(listening):
    class Careless:
        def __del__(self) -> None:
            raise RuntimeError("in a finaliser")

    careless = Careless()
    del careless

    (record,) = listening.told()
    assert record.logger == "sys.unraisablehook"
    assert "in a finaliser" in record.message


def test_a_library_that_formats_wrongly_is_still_heard(listening):
    record = logging.LogRecord("clumsy", logging.WARNING, "", 0, "%d contracts", ("ten",), None)

    listening.logs.emit(record)

    assert listening.told()[0].message == "'%d contracts' with ('ten',)"


def test_a_library_that_screams_is_heard_a_bounded_number_of_times(listening):
    for number in range(LINES_PER_SECOND_MAX + 30):
        logging.getLogger("screaming").error("line %s", number)
    assert len(listening.told()) == LINES_PER_SECOND_MAX

    listening.clock.real_ns += 1_000_000_000
    logging.getLogger("screaming").error("the next second")

    assert [record.message for record in listening.told()] == ["the next second [30 lines before this were suppressed]"]


def test_a_long_message_is_cut(listening):
    logging.getLogger("long-winded").warning("x" * 100_000)

    assert len(listening.told()[0].message) == MESSAGE_CHARACTERS_MAX + 2


def test_what_is_said_while_telling_is_not_heard():
    found = Listening()

    class LoggingAddress(Address):
        """An address that logs when it is told something."""

        def tell(self, message: object) -> bool:
            logging.getLogger("telling").error("while telling")
            return super().tell(message)

    address = LoggingAddress("telemetry")
    address.point_at(found.inbox)
    logs = LibraryLogs(address, found.clock)
    logs.attach()
    try:
        logging.getLogger("x").error("once")
    finally:
        logs.detach()

    assert [record.message for record in found.told()] == ["once"]


def test_detached_the_process_has_its_own_hooks_again():
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    found = Listening()
    found.logs.attach()
    found.logs.detach()

    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
    assert found.logs not in logging.getLogger().handlers
    found.logs.detach()
