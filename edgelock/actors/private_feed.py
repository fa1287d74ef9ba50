"""The talk of the private socket: what the venue tells of our own orders goes to the gateway as it comes.

These channels are never repeated, so whenever something may have been missed, the gateway is asked for a sweep.
"""

from collections.abc import Callable
from typing import Protocol

from edgelock.actors.clock import Clock
from edgelock.core.telemetry import Record, SocketConnected, SocketDisconnected
from edgelock.core.units import Duration
from edgelock.kalshi.private_conversation import PrivateConversation
from edgelock.kalshi.private_events import PrivateEvent


class PrivateListener(Protocol):
    """Who hears it; called on the socket's thread, and must not wait for the venue."""

    def heard(self, events: list[PrivateEvent]) -> None:
        """What one frame told."""
        ...

    def private_channels(self, *, are_live: bool) -> None:
        """All channels were confirmed, or the connection was lost."""
        ...

    def ask_for_sweep(self) -> None:
        """Something may have been missed."""
        ...


class PrivateTalk:
    """The talk of one socket (kalshi.socket.SocketTalk). `record` takes telemetry and must not wait."""

    def __init__(self, *, url: str, clock: Clock, listener: PrivateListener, record: Callable[[Record], None]) -> None:
        self._url = url
        self._clock = clock
        self._listener = listener
        self._record = record
        self._conversation = PrivateConversation()
        self._was_live = False

    def on_open(self, attempt: int) -> None:
        """Connected: subscriptions start from nothing."""
        self._record(SocketConnected(at=self._clock.now(), url=self._url, attempt=attempt))
        self._conversation.opened()

    def on_text(self, text: bytes) -> None:
        """One frame."""
        events = self._conversation.feed(text)
        if events:
            self._listener.heard(events)

    def on_pause(self, _heard_ns: int | None) -> None:
        """Pass on whether the channels are live, and whether something may be missing."""
        self._tell_liveness()
        if self._conversation.needs_sweep:
            self._conversation.needs_sweep = False
            self._listener.ask_for_sweep()

    def on_close(self, reason: str, retry_ns: int | None) -> None:
        """Whatever happens from now on is not told."""
        retry = None if retry_ns is None else Duration(retry_ns)
        self._record(SocketDisconnected(at=self._clock.now(), url=self._url, reason=reason, retry_s=retry))
        self._conversation.closed()
        self._tell_liveness()

    def outgoing(self) -> list[str]:
        """The frames to send now."""
        return self._conversation.commands(self._clock.monotonic_ns())

    @property
    def give_up_reason(self) -> str | None:
        """Why this connection is of no use any more."""
        return self._conversation.give_up_reason

    def _tell_liveness(self) -> None:
        is_live = self._conversation.is_subscribed
        if is_live != self._was_live:
            self._was_live = is_live
            self._listener.private_channels(are_live=is_live)
