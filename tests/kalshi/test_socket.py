"""The socket's thread against a real WebSocket server on loopback."""

import base64
import queue
import random
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.socket import SocketLimits, VenueSocket
from tests.kalshi.loopback_socket import PATIENCE_S, LoopbackSocketVenue

KEY = ed25519.Ed25519PrivateKey.generate()
QUICK = {"pause_s": 0.01, "pause_max_s": 0.05, "round_s": 0.05}


class TalkKept:
    """A talk that keeps what it heard, and says what a test puts into `to_say`."""

    give_up_reason = None

    def __init__(self):
        self.events = queue.SimpleQueue()
        self.to_say = queue.SimpleQueue()
        self.texts_since_pause = 0
        self.heard_ns = []
        self.raise_on_text = None

    def on_open(self, attempt):
        self.events.put(("open", attempt))

    def on_text(self, text):
        if self.raise_on_text is not None:
            raise self.raise_on_text
        self.texts_since_pause += 1
        self.events.put(("text", text))

    def on_pause(self, heard_ns):
        self.heard_ns.append(heard_ns)
        if self.texts_since_pause:
            self.events.put(("pause after", self.texts_since_pause))
            self.texts_since_pause = 0

    def on_close(self, reason, retry_ns):
        self.events.put(("close", reason, retry_ns))

    def outgoing(self):
        said = []
        while not self.to_say.empty():
            said.append(self.to_say.get())
        return said

    def next(self, kind):
        while True:
            event = self.events.get(timeout=PATIENCE_S)
            if event[0] == kind:
                return event


class Running:
    """A socket with its talk, ended when the test ends."""

    def __init__(self, url, **limits):
        self.talk = TalkKept()
        self.failed = queue.SimpleQueue()
        self.socket = VenueSocket(
            url,
            Credentials("key-1", KEY),
            self.talk,
            rng=random.Random(1),
            on_failed=self.failed.put,
            name="socket-under-test",
            limits=SocketLimits(**{**QUICK, **limits}),
        )

    def __enter__(self):
        self.socket.start()
        return self

    def __exit__(self, *_):
        assert self.socket.stop(PATIENCE_S)
        assert "socket-under-test" not in {thread.name for thread in threading.enumerate()}


def test_frames_come_in_and_go_out_and_a_wake_sends_at_once():
    with LoopbackSocketVenue() as venue, Running(venue.url, round_s=PATIENCE_S) as running:
        assert running.talk.next("open") == ("open", 1)
        running.talk.to_say.put('{"id":1,"cmd":"subscribe","params":{"channels":["trade"]}}')
        running.socket.wake()

        assert venue.command()["id"] == 1
        assert b"subscribed" in running.talk.next("text")[1]
        assert running.talk.next("pause after") == ("pause after", 1)


def test_the_handshake_is_signed_afresh_at_every_attempt():
    with LoopbackSocketVenue(refusals=[401, 502]) as venue, Running(venue.url) as running:
        assert running.talk.next("close")[1] == "handshake refused with HTTP 401"
        assert running.talk.next("close")[1] == "handshake refused with HTTP 502"
        assert running.talk.next("open") == ("open", 3)

        for headers in venue.handshakes:
            signed = headers["KALSHI-ACCESS-TIMESTAMP"] + "GET/trade-api/ws/v2"
            KEY.public_key().verify(base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), signed.encode())
            assert "Origin" not in headers


def test_a_redirect_of_the_handshake_is_not_followed():
    with LoopbackSocketVenue(refusals=[302, 302, 302]) as venue, Running(venue.url) as running:
        assert "cannot connect" in running.talk.next("close")[1]


@pytest.mark.parametrize("end", ["cut", "close"])
def test_a_lost_connection_is_told_and_another_is_opened(end):
    with LoopbackSocketVenue() as venue, Running(venue.url) as running:
        running.talk.next("open")
        venue.connected.get(timeout=PATIENCE_S)
        venue.cut() if end == "cut" else venue.close(1012, "restart")

        _, reason, retry_ns = running.talk.next("close")
        assert end == "cut" or reason == "closed by the venue: 1012 restart"
        assert 0 < retry_ns <= 50_000_000
        running.talk.next("open")


def test_a_mute_venue_is_left_after_the_silence_that_is_allowed():
    with (
        LoopbackSocketVenue(autoping=False) as venue,
        Running(venue.url, silence_s=0.3, ping_s=0.05) as running,
    ):
        running.talk.next("open")
        assert running.talk.next("close")[1] == "nothing heard for 0.3 s"


def test_pongs_alone_keep_a_quiet_connection():
    with LoopbackSocketVenue() as venue, Running(venue.url, silence_s=0.6, ping_s=0.05) as running:
        running.talk.next("open")
        heard = threading.Event()

        def on_pause(heard_ns, first=[]):  # noqa: B006 - one list for one test
            first.append(heard_ns)
            if heard_ns - first[0] > 1_200_000_000:
                heard.set()

        running.talk.on_pause = on_pause
        assert heard.wait(PATIENCE_S)
        assert venue.handshakes[1:] == []


def test_a_frame_in_pieces_is_one_frame():
    with LoopbackSocketVenue() as venue, Running(venue.url) as running:
        running.talk.next("open")
        venue.connected.get(timeout=PATIENCE_S)

        for piece in (b"\x01", b"\x02he", b"\x80", b"\x03ll", b"o"):
            venue.send_bytes_raw(piece)

        assert running.talk.next("text") == ("text", b"hello")


@pytest.mark.parametrize(
    "raw",
    [b"\x81\x7f\x00\x00\x00\x10\x00\x00\x00\x00", b"\x01\x7e\x03\x00" + b"x" * 768 + b"\x00\x7e\x03\x00" + b"x" * 768],
)
def test_a_message_beyond_the_bound_ends_the_connection_before_it_is_kept(raw):
    with LoopbackSocketVenue() as venue, Running(venue.url, frame_bytes_max=1000) as running:
        running.talk.next("open")
        venue.connected.get(timeout=PATIENCE_S)
        venue.send_bytes_raw(raw)

        assert "WebSocketPayloadException" in running.talk.next("close")[1]


def test_a_talk_that_gives_up_gets_another_connection():
    with LoopbackSocketVenue() as venue, Running(venue.url) as running:
        running.talk.next("open")
        running.talk.give_up_reason = "numbers make no sense"
        assert running.talk.next("close")[1] == "numbers make no sense"
        running.talk.give_up_reason = None
        running.talk.next("open")
        assert len(venue.handshakes) >= 2


def test_an_error_of_the_talk_ends_the_thread_and_is_reported():
    with LoopbackSocketVenue() as venue, Running(venue.url) as running:
        running.talk.next("open")
        venue.connected.get(timeout=PATIENCE_S)
        running.talk.raise_on_text = KeyError("defect")
        venue.send("{}")

        assert running.failed.get(timeout=PATIENCE_S) == "KeyError: 'defect'"


def test_the_talk_has_its_pauses_while_nobody_answers():
    with LoopbackSocketVenue() as venue:
        url = venue.url
    with Running(url, pause_s=PATIENCE_S, pause_max_s=PATIENCE_S) as running:
        assert "cannot connect: ConnectionRefusedError" in running.talk.next("close")[1]
        running.socket.wake()
        paused = threading.Event()
        running.talk.on_pause = lambda heard_ns: paused.set() if heard_ns is None else None
        assert paused.wait(PATIENCE_S)


def test_a_socket_that_never_started_can_be_stopped():
    running = Running("ws://127.0.0.1:9/trade-api/ws/v2")
    assert running.socket.stop()


def test_signatures_are_not_sent_in_the_clear():
    with pytest.raises(ValueError, match="in the clear"):
        Running("ws://external-api-ws.kalshi.com/trade-api/ws/v2")
