"""The private conversation, without a socket: frames go in, what they tell of our account and commands come out.

These channels have no numbers (but for order groups) and are never replayed, so nothing here proves that nothing is
missing. Whatever may have been missed, a connection's beginning above all, asks for a sweep of the venue's lists; so
does a fill after which the position is not what the fill before it and its own size make.
Source: venue reference §10 (read 2026-11-22).
"""

from collections import Counter

from edgelock.kalshi.private_events import FillSeen, PrivateEvent
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_private import (
    ErrorFrame,
    FillFrame,
    GroupFrame,
    OddFrame,
    OrderFrame,
    PositionFrame,
    PrivateChannel,
    PrivateFrame,
    SubscribedFrame,
    UnknownFrame,
    UnsubscribedFrame,
    read_fill,
    read_group,
    read_order_frame,
    read_position,
    read_private_frame,
    subscribe_command,
)

_SECOND_NS = 1_000_000_000
ANSWER_WITHIN_NS = 10 * _SECOND_NS
"""An unanswered subscription is given up, with the connection, after this long."""
RETRY_AFTER_NS = 2 * _SECOND_NS
"""A refused or ended subscription is not asked for again sooner."""
_AUTHENTICATION_REQUIRED = 9
_TERMINAL_ERRORS = frozenset({10, 25})


class _Subscription:
    """One channel: what the venue calls it, and where its numbering stands.

    sid         None until the venue has answered
    pending_id  number of the unanswered command that opens it, None when there is none
    """

    __slots__ = ("asked_ns", "channel", "last_seq", "pending_id", "retry_ns", "sid")

    def __init__(self, channel: PrivateChannel) -> None:
        self.channel = channel
        self.retry_ns = 0
        self.forget()

    def forget(self) -> None:
        """It does not exist at the venue (any more)."""
        self.sid: int | None = None
        self.pending_id: int | None = None
        self.asked_ns = 0
        self.last_seq = 0


class PrivateConversation:
    """One connection after the other with the venue's private channels; kept by one thread.

    needs_sweep     something may have been missed; whoever sweeps the venue's lists clears it before beginning
    sweep_reason    why that was said last
    give_up_reason  why this connection should be closed and another opened; None while it is good
    counts          how often things happened that no event tells: "unreadable", "unknown:TYPE", "unknown sid",
                    "gap:CHANNEL", "position gap", "error:CODE"
    """

    def __init__(self) -> None:
        self._subscriptions = tuple(_Subscription(channel) for channel in PrivateChannel)
        self._is_open = False
        self._last_fills: dict[str, FillSeen] = {}
        self._fills_told: set[tuple[str, str]] = set()
        self._number = 0
        self._now_ns = 0
        self.needs_sweep = True
        self.sweep_reason = "nothing has been told yet"
        self.give_up_reason: str | None = None
        self.counts: Counter[str] = Counter()

    @property
    def is_subscribed(self) -> bool:
        """Whether the venue has confirmed all channels, so that from here on it tells what happens."""
        return self._is_open and all(subscription.sid is not None for subscription in self._subscriptions)

    def opened(self) -> None:
        """A connection is up: subscriptions start from nothing."""
        self._reset()
        self._is_open = True

    def closed(self) -> None:
        """The connection is gone, and what happens from now on is not told."""
        self._reset()

    def commands(self, now_ns: int) -> list[str]:
        """The frames to send now. `now_ns` is real, monotonic time. Ask after every batch, and now and then."""
        self._now_ns = now_ns
        if not self._is_open or self.give_up_reason is not None:
            return []
        return [command for subscription in self._subscriptions for command in self._open(subscription)]

    def feed(self, text: bytes | str) -> list[PrivateEvent]:
        """One frame. Never raises for what the venue sent: what cannot be read asks for a sweep."""
        try:
            frame = read_private_frame(text)
        except WireError as error:
            lines = text.split(b"\n") if isinstance(text, bytes) else text.split("\n")
            several = [line for line in lines if line.strip()]
            if len(several) > 1:
                return [event for line in several for event in self.feed(line)]
            return self._unreadable(str(error))
        try:
            return self._content(frame)
        except WireError as error:
            return self._unreadable(str(error))

    def _content(self, frame: PrivateFrame) -> list[PrivateEvent]:
        event: PrivateEvent | None = None
        match frame:
            case FillFrame():
                event = read_fill(frame)
                if event is not None:
                    self._follow_position(event)
            case OrderFrame():
                event = read_order_frame(frame)
            case PositionFrame():
                event = read_position(frame)
            case GroupFrame():
                self._count_number(frame)
                event = read_group(frame)
            case SubscribedFrame():
                self._confirmed(frame)
            case UnsubscribedFrame():
                self._ended(frame.sid, "the venue ended the subscription")
            case ErrorFrame():
                self._refused(frame)
            case UnknownFrame():
                self.counts[f"unknown:{frame.type[:40]}"] += 1
            case OddFrame():
                return self._unreadable(frame.reason)
        return [] if event is None else [event]

    def _open(self, subscription: _Subscription) -> list[str]:
        if subscription.sid is not None or self._now_ns < subscription.retry_ns:
            return []
        if subscription.pending_id is not None:
            if self._now_ns - subscription.asked_ns > ANSWER_WITHIN_NS:
                self.give_up_reason = f"no answer to the subscription to {subscription.channel.value}"
            return []
        self._number += 1
        subscription.pending_id, subscription.asked_ns = self._number, self._now_ns
        return [subscribe_command(self._number, subscription.channel)]

    def _confirmed(self, frame: SubscribedFrame) -> None:
        was_subscribed = self.is_subscribed
        for subscription in self._subscriptions:
            if subscription.channel.value == frame.msg.channel:
                subscription.pending_id = None
                if subscription.sid != frame.msg.sid:
                    subscription.sid, subscription.last_seq = frame.msg.sid, 0
        if self.is_subscribed and not was_subscribed:
            # What happened before the last channel was confirmed has not been told, and never will be.
            self._ask_for_sweep("the private channels were opened")

    def _count_number(self, frame: GroupFrame) -> None:
        subscription = next((known for known in self._subscriptions if known.sid == frame.sid), None)
        if subscription is None:
            self.counts["unknown sid"] += 1
            return
        expected, subscription.last_seq = subscription.last_seq + 1, frame.seq
        if frame.seq != expected:
            self.counts[f"gap:{subscription.channel.value}"] += 1
            self._ask_for_sweep(f"{subscription.channel.value}: expected frame {expected}, got {frame.seq}")

    def _follow_position(self, seen: FillSeen) -> None:
        fill = seen.fill
        key = (fill.trade_id, fill.order_id)
        if key in self._fills_told:
            return
        self._fills_told.add(key)
        last, self._last_fills[fill.ticker] = self._last_fills.get(fill.ticker), seen
        if last is not None and seen.post_position != last.post_position + fill.side.sign * fill.size:
            self.counts["position gap"] += 1
            self._ask_for_sweep(
                f"{fill.ticker}: the position after fill {fill.trade_id} does not follow from the last one"
            )

    def _refused(self, frame: ErrorFrame) -> None:
        code, said = frame.msg.code, f"venue error {frame.msg.code} ({frame.msg.msg})"
        self.counts[f"error:{code}"] += 1
        if code == _AUTHENTICATION_REQUIRED:
            self.give_up_reason = said
        elif code in _TERMINAL_ERRORS:
            self._ended(frame.sid, said)
        else:
            for subscription in self._subscriptions:
                if frame.id != 0 and subscription.pending_id == frame.id:
                    self._ask_again_later(subscription)

    def _ended(self, sid: int | None, reason: str) -> None:
        ended = next((known for known in self._subscriptions if sid is not None and known.sid == sid), None)
        if ended is None:
            self.give_up_reason = reason
        else:
            self._ask_again_later(ended)

    def _ask_again_later(self, subscription: _Subscription) -> None:
        subscription.forget()
        subscription.retry_ns = self._now_ns + RETRY_AFTER_NS

    def _unreadable(self, reason: str) -> list[PrivateEvent]:
        self.counts["unreadable"] += 1
        self._ask_for_sweep(reason)
        return []

    def _ask_for_sweep(self, reason: str) -> None:
        self.needs_sweep = True
        self.sweep_reason = reason

    def _reset(self) -> None:
        self._is_open = False
        self.give_up_reason = None
        self._last_fills.clear()
        self._fills_told.clear()
        for subscription in self._subscriptions:
            subscription.forget()
            subscription.retry_ns = 0
