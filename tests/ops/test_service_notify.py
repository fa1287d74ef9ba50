"""The datagrams that a service manager gets, on real sockets."""

import os
import socket

import pytest

from edgelock.ops.service_notify import READY, WATCHDOG, service_notify, status_line


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(os.fspath(tmp_path / "n"))
        yield listening


@pytest.fixture
def told(manager, tmp_path):
    built = []

    def notify(**more):
        built.append(service_notify({"NOTIFY_SOCKET": os.fspath(tmp_path / "n"), **more}))
        return built[-1]

    yield notify
    for each in built:
        each.close()


def test_assignments_arrive_as_one_datagram(told, manager):
    notify = told()

    assert notify.tell(READY, status_line("trading\n8 markets"))
    assert manager.recv(1000) == b"READY=1\nSTATUS=trading 8 markets"


def test_a_name_of_the_abstract_namespace_is_understood():
    name = f"edgelock-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(f"\0{name}")
        notify = service_notify({"NOTIFY_SOCKET": f"@{name}"})

        assert notify.tell(WATCHDOG)
        assert listening.recv(1000) == b"WATCHDOG=1"
        notify.close()


def test_without_a_manager_there_is_nobody_to_tell():
    assert service_notify({}) is None
    assert service_notify({"NOTIFY_SOCKET": ""}) is None


def test_a_manager_that_is_gone_is_no_error(told, manager, tmp_path):
    notify = told()
    manager.close()
    (tmp_path / "n").unlink()

    assert not notify.tell(READY)


def test_a_manager_that_does_not_read_never_blocks_us(told):
    notify = told()

    assert not all(notify.tell("STATUS=" + "x" * 1000) for _ in range(10_000))


def test_the_watchdogs_patience_is_read_in_seconds(told):
    assert told(WATCHDOG_USEC="30000000").watchdog_s == 30
    assert told(WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid())).watchdog_s == 30
    assert told().watchdog_s is None


def test_a_watchdog_that_is_meant_for_another_process_is_not_ours(told):
    assert told(WATCHDOG_USEC="30000000", WATCHDOG_PID="1").watchdog_s is None


@pytest.mark.parametrize("odd", ["relative/path", "@", "/"])
def test_an_odd_socket_is_an_error_that_names_the_variable(odd):
    with pytest.raises(ValueError, match="NOTIFY_SOCKET"):
        service_notify({"NOTIFY_SOCKET": odd})


@pytest.mark.parametrize("odd", ["soon", "-1", "0", "1.5"])
def test_an_odd_patience_is_an_error_that_names_the_variable(told, odd):
    with pytest.raises(ValueError, match="WATCHDOG_USEC"):
        told(WATCHDOG_USEC=odd)
