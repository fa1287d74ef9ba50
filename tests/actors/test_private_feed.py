"""The private socket's talk: what the venue tells goes on as it comes, and whatever may be missing asks for a sweep."""

import pytest

from edgelock.actors.private_feed import PrivateTalk
from edgelock.core.telemetry import SocketConnected, SocketDisconnected
from edgelock.kalshi.private_conversation import ANSWER_WITHIN_NS
from edgelock.kalshi.private_events import FillSeen, GroupSeen, OrderSeen, PrivateEvent
from tests.actors.trading_doubles import HandClock
from tests.kalshi import private_frames as frames

URL = "ws://127.0.0.1/private"


class Listening:
    """What the talk told, in order, as words; the events apart."""

    def __init__(self) -> None:
        self.events: list[PrivateEvent] = []
        self.told: list[str] = []

    def heard(self, events: list[PrivateEvent]) -> None:
        self.events += events

    def private_channels(self, *, are_live: bool) -> None:
        self.told.append("live" if are_live else "not live")

    def ask_for_sweep(self) -> None:
        self.told.append("sweep")


class Talking:
    """A talk, whoever listens to it, and the telemetry it made."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.listener = Listening()
        self.records: list[object] = []
        self.talk = PrivateTalk(url=URL, clock=self.clock, listener=self.listener, record=self.records.append)

    def subscribe(self, *, leaving_out: int = 0) -> None:
        """Connect and confirm the channels, but for so many."""
        self.talk.on_open(1)
        commands = self.talk.outgoing()
        for sid, command in enumerate(commands[leaving_out:], start=1 + leaving_out):
            self.talk.on_text(frames.subscribed(command, sid).encode())
        self.talk.on_pause(0)


@pytest.fixture
def talking() -> Talking:
    return Talking()


def test_it_is_live_and_asks_for_a_sweep_once_every_channel_is_confirmed(talking):
    talking.subscribe()
    talking.talk.on_pause(0)

    assert talking.listener.told == ["live", "sweep"]


def test_with_a_channel_missing_it_is_not_live(talking):
    talking.subscribe(leaving_out=1)

    assert "live" not in talking.listener.told


def test_every_event_is_passed_on_in_its_order(talking):
    talking.subscribe()

    for text in (frames.user_order(), frames.fill(), frames.group(1), frames.frame("unheard_of", {})):
        talking.talk.on_text(text.encode())

    assert [type(event) for event in talking.listener.events] == [OrderSeen, FillSeen, GroupSeen]


def test_a_lost_connection_is_told_at_once_and_a_new_one_asks_for_a_sweep(talking):
    talking.subscribe()

    talking.talk.on_close("reset", 1_000)
    assert talking.listener.told == ["live", "sweep", "not live"]
    talking.subscribe()

    assert talking.listener.told == ["live", "sweep", "not live", "live", "sweep"]
    assert [type(record) for record in talking.records] == [SocketConnected, SocketDisconnected, SocketConnected]


def test_what_cannot_be_read_asks_for_a_sweep(talking):
    talking.subscribe()

    talking.talk.on_text(b'{"type":"fill","msg":{}}')
    talking.talk.on_pause(0)

    assert (talking.listener.told[2:], talking.listener.events) == (["sweep"], [])


def test_a_connection_that_never_confirms_is_given_up(talking):
    talking.talk.on_open(1)
    talking.talk.outgoing()
    assert talking.talk.give_up_reason is None

    talking.clock.timer.advance(ANSWER_WITHIN_NS + 1)
    talking.talk.outgoing()

    assert talking.talk.give_up_reason is not None
