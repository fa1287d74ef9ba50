"""What has passed the gate counts as sent, and nothing passes once it is shut."""

import threading

from edgelock.actors.send_gate import SendGate

LONG_S = 10.0


def test_requests_pass_until_it_is_shut_and_never_again():
    gate = SendGate()
    assert gate.enter()
    assert not gate.is_shut

    gate.shut()

    assert gate.is_shut
    assert not gate.enter()


def test_what_is_under_way_when_it_is_shut_can_be_waited_for():
    gate = SendGate()
    assert gate.enter()
    gate.shut()
    assert not gate.wait_idle(0)

    threading.Thread(target=gate.leave).start()

    assert gate.wait_idle(LONG_S)


def test_a_request_that_was_turned_away_is_not_waited_for():
    gate = SendGate()
    gate.shut()
    gate.enter()

    assert gate.wait_idle(0)
