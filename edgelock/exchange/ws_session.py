"""One WebSocket connection's subscriptions, without the socket: text frames in, encoded frames out.

Every channel of a connection has one subscription id (sid), counted from 1. On sequenced channels every frame of a
sid, control replies included, takes the next number. Frames wait in an outbox of bounded length: a subscription
whose reader is too slow is ended with error 25, as on the venue.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from edgelock.core.units import Timestamp
from edgelock.exchange.ws_messages import encode
from edgelock.exchange.ws_protocol import SEQUENCED, UNFILTERED, Channel, Command, Complaint, Params

OUTBOX_MAX = 20_000


@dataclass(slots=True, eq=False)
class Subscription:
    """One channel of a connection. `tickers` None means every market; order of subscribing is kept."""

    sid: int
    channel: Channel
    tickers: dict[str, None] | None
    use_yes_price: bool = False
    seq: int = 0

    def wants(self, ticker: str) -> bool:
        """Whether frames of this market belong to the subscription."""
        return self.tickers is None or ticker in self.tickers


@dataclass(frozen=True, slots=True)
class MarketViews:
    """What a session asks the exchange for; None for a market that is not listed."""

    snapshot: Callable[[str, bool], bytes | None]
    ticker: Callable[[str], bytes | None]
    all_tickers: Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame that a session wants to send. `msg` is its encoded message; a `ticker` of None is no market's."""

    subscription: Subscription
    frame_type: str
    ticker: str | None
    msg: bytes
    command_id: int = 0


class FrameGate(Protocol):
    """What stands between a session and its outbox; without one every frame is put there as it is.

    is_mute  nothing is put there at all
    """

    is_mute: bool

    def pass_on(self, session: "Session", outgoing: Outgoing) -> None:
        """Put the frame, or whatever is to go out in its place."""
        ...


class Session:
    """The subscriptions of one authenticated connection."""

    def __init__(
        self,
        account_id: str,
        views: MarketViews,
        now: Callable[[], Timestamp],
        *,
        gate: FrameGate | None = None,
        outbox_max: int = OUTBOX_MAX,
    ) -> None:
        self.account_id = account_id
        self.subscriptions: dict[Channel, Subscription] = {}
        self.outbox: deque[bytes] = deque()
        self._views = views
        self._now = now
        self._gate = gate
        self._outbox_max = outbox_max
        self._last_sid = 0

    def receive(self, text: str | bytes) -> str | None:
        """Carry out one command; its answers join the outbox. Returns the command's name, None if unreadable."""
        try:
            command = msgspec.json.decode(text, type=Command)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._complain(0, Complaint.UNPROCESSABLE)
            return None
        handler = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
        }.get(command.cmd)
        if command.cmd == "list_subscriptions":
            listed = [{"channel": sub.channel.value, "sid": sub.sid} for sub in self.subscriptions.values()]
            self.put(_control("ok", command.id, msg=listed))
        elif handler is None:
            self._complain(command.id, Complaint.UNKNOWN_COMMAND)
        elif command.params is None:
            self._complain(command.id, Complaint.PARAMS_REQUIRED)
        else:
            handler(command.id, command.params)
        return command.cmd

    def send(
        self, subscription: Subscription, frame_type: str, msg: bytes, *, ticker: str | None, command_id: int = 0
    ) -> None:
        """Queue a data frame of a subscription, or end the subscription when the reader is too far behind."""
        if len(self.outbox) >= self._outbox_max:
            code, text = Complaint.OVERFLOW.value
            self.end(subscription, code, text)
            return
        self._pass_on(Outgoing(subscription, frame_type, ticker, msg, command_id))

    def put(self, text: bytes) -> None:
        """Queue the text of a frame, unless the connection is mute."""
        if self._gate is None or not self._gate.is_mute:
            self.outbox.append(text)

    def text_of(self, outgoing: Outgoing) -> bytes:
        """The text of a frame. On a sequenced channel this uses up its next number."""
        subscription, frame_type, command_id = outgoing.subscription, outgoing.frame_type, outgoing.command_id
        if frame_type == "subscribed":
            return _control(frame_type, command_id, msg=msgspec.Raw(outgoing.msg))
        head = f'{{"type":"{frame_type}","sid":{subscription.sid}'
        if command_id:
            head += f',"id":{command_id}'
        if subscription.channel in SEQUENCED:
            subscription.seq += 1
            head += f',"seq":{subscription.seq}'
        sent_ms = self._now() // 1_000_000
        return b'%b,"sending_ts_ms":%d,"msg":%b}\n' % (head.encode(), sent_ms, outgoing.msg)

    def end(self, subscription: Subscription, code: int, text: str) -> None:
        """End a subscription with an error frame."""
        self.subscriptions.pop(subscription.channel, None)
        self.put(_control("error", 0, sid=subscription.sid, msg={"code": code, "msg": text}))

    def _pass_on(self, outgoing: Outgoing) -> None:
        if self._gate is None:
            self.put(self.text_of(outgoing))
        else:
            self._gate.pass_on(self, outgoing)

    def _subscribe(self, command_id: int, params: Params) -> None:
        if not params.channels:
            self._complain(command_id, Complaint.CHANNELS_REQUIRED)
            return
        known = {channel.value: channel for channel in Channel}
        if any(name not in known for name in params.channels):
            self._complain(command_id, Complaint.UNKNOWN_CHANNEL)
            return
        channels = [known[name] for name in dict.fromkeys(params.channels)]
        if Channel.BOOK in channels and not params.tickers():
            self._complain(command_id, Complaint.TICKER_REQUIRED)
            return
        for channel in channels:
            self._open(command_id, channel, params)

    def _open(self, command_id: int, channel: Channel, params: Params) -> None:
        """Open a channel, or merge further markets into it, and acknowledge before any data."""
        named = None if channel in UNFILTERED or not params.tickers() else dict.fromkeys(params.tickers())
        subscription = self.subscriptions.get(channel)
        if subscription is None:
            self._last_sid += 1
            subscription = Subscription(self._last_sid, channel, named, bool(params.use_yes_price))
            self.subscriptions[channel] = subscription
            added = list(named) if named is not None else self._views.all_tickers()
        else:
            added = _merge(subscription, named)
        ack = encode({"channel": channel.value, "sid": subscription.sid})
        self._pass_on(Outgoing(subscription, "subscribed", None, ack, command_id))
        if channel is Channel.BOOK:
            self._send_snapshots(subscription, added)
        elif channel is Channel.TICKER and params.send_initial_snapshot:
            for ticker in added:
                msg = self._views.ticker(ticker)
                if msg is not None:
                    self.send(subscription, "ticker", msg, ticker=ticker)

    def _unsubscribe(self, command_id: int, params: Params) -> None:
        sids = params.subscription_ids()
        if not sids:
            self._complain(command_id, Complaint.SIDS_REQUIRED)
            return
        for sid in sids:
            subscription = self._by_sid(sid)
            if subscription is None:
                self._complain(command_id, Complaint.UNKNOWN_SID)
                continue
            del self.subscriptions[subscription.channel]
            self.put(_control("unsubscribed", command_id, **_numbered(subscription)))

    def _update(self, command_id: int, params: Params) -> None:
        sids = params.subscription_ids()
        if len(sids) != 1:
            self._complain(command_id, Complaint.ONE_SID_REQUIRED)
            return
        subscription = self._by_sid(sids[0])
        if subscription is None:
            self._complain(command_id, Complaint.UNKNOWN_SID)
            return
        if not params.action:
            self._complain(command_id, Complaint.ACTION_REQUIRED)
            return
        action = {
            "add_markets": self._add_markets,
            "delete_markets": self._delete_markets,
            "get_snapshot": self._get_snapshot,
        }.get(params.action)
        if action is None:
            self._complain(command_id, Complaint.UNSUPPORTED_ACTION)
        elif not params.tickers():
            self._complain(command_id, Complaint.TICKER_REQUIRED)
        else:
            action(command_id, subscription, params)

    def _add_markets(self, command_id: int, subscription: Subscription, params: Params) -> None:
        added = _merge(subscription, dict.fromkeys(params.tickers()))
        self._acknowledge_update(command_id, subscription, params)
        if subscription.channel is Channel.BOOK:
            self._send_snapshots(subscription, added)

    def _delete_markets(self, command_id: int, subscription: Subscription, params: Params) -> None:
        if subscription.tickers is None:
            self._complain(command_id, Complaint.INVALID_PARAMETER)
            return
        for ticker in params.tickers():
            subscription.tickers.pop(ticker, None)
        self._acknowledge_update(command_id, subscription, params)

    def _get_snapshot(self, command_id: int, subscription: Subscription, params: Params) -> None:
        wanted = [ticker for ticker in params.tickers() if subscription.wants(ticker)]
        if subscription.channel is not Channel.BOOK or not wanted:
            self._complain(command_id, Complaint.INVALID_PARAMETER)
            return
        self._send_snapshots(subscription, wanted, command_id=command_id)

    def _acknowledge_update(self, command_id: int, subscription: Subscription, params: Params) -> None:
        fields = _numbered(subscription)
        if not params.skip_ticker_ack:
            fields["msg"] = {"market_tickers": list(subscription.tickers or ())}
        self.put(_control("ok", command_id, **fields))

    def _send_snapshots(self, subscription: Subscription, tickers: list[str], *, command_id: int = 0) -> None:
        for ticker in tickers:
            msg = self._views.snapshot(ticker, subscription.use_yes_price)
            if msg is not None:
                self.send(subscription, "orderbook_snapshot", msg, ticker=ticker, command_id=command_id)

    def _complain(self, command_id: int, complaint: Complaint) -> None:
        code, text = complaint.value
        self.put(_control("error", command_id, msg={"code": code, "msg": text}))

    def _by_sid(self, sid: int) -> Subscription | None:
        return next((sub for sub in self.subscriptions.values() if sub.sid == sid), None)


def _merge(subscription: Subscription, named: dict[str, None] | None) -> list[str]:
    """Add markets to a subscription; returns those that are new to it. No names means every market."""
    if subscription.tickers is None:
        return []
    if named is None:
        subscription.tickers = None
        return []
    added = [ticker for ticker in named if ticker not in subscription.tickers]
    subscription.tickers.update(dict.fromkeys(added))
    return added


def _numbered(subscription: Subscription) -> dict[str, object]:
    """The sid and, on a sequenced channel, the next number."""
    fields: dict[str, object] = {"sid": subscription.sid}
    if subscription.channel in SEQUENCED:
        subscription.seq += 1
        fields["seq"] = subscription.seq
    return fields


def _control(frame_type: str, command_id: int, **fields: object) -> bytes:
    frame: dict[str, object] = {"type": frame_type}
    if command_id:
        frame["id"] = command_id
    return encode({**frame, **fields}) + b"\n"
