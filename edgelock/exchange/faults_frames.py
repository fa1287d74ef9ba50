"""The faults that strike the frames of one connection, on their way from its session into its outbox."""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random

import msgspec

from edgelock.core.units import ONE_DOLLAR, SECOND, Price, parse_price, price_text
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_bodies import with_bad_field, with_value
from edgelock.exchange.faults_schedule import Occasion, Strike
from edgelock.exchange.faults_socket_kinds import (
    BadMessageField,
    CrossBook,
    Disconnect,
    EndSubscription,
    Garble,
    Late,
    Lose,
    Repeat,
    ReplacedMessageField,
    Silence,
    SkipNumbers,
    Swap,
    WrongScale,
)
from edgelock.exchange.ws_protocol import Channel
from edgelock.exchange.ws_session import Outgoing, Session

Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many real seconds."""

_BOGUS_PRICE, _BOGUS_SIZE = "0.9900", "100.00"
_NO_SIDE = "no_dollars_fp"


class FrameFaults:
    """The gate of one connection: every frame that its session makes goes through `pass_on`.

    is_mute  nothing more is to leave the connection, not even a ping
    hangup   how the connection has to end once its outbox is empty; None while it lives
    """

    def __init__(
        self,
        board: FaultBoard,
        account_id: str,
        *,
        struck: Callable[[Strike, Outgoing], None],
        later: Later,
        wake: Callable[[], None],
    ) -> None:
        self._board = board
        self._account_id = account_id
        self._struck = struck
        self._later = later
        self._wake = wake
        self._silent: set[Channel] = set()
        self._swapped: dict[Channel, bytes] = {}
        self.is_mute = False
        self.hangup: Disconnect | None = None

    def pass_on(self, session: Session, outgoing: Outgoing) -> None:
        """Queue what the client is to get in place of this frame."""
        if self.hangup is not None:
            return
        channel = outgoing.subscription.channel
        if channel in self._silent or self.is_mute:
            session.text_of(outgoing)
            return
        tickers = (outgoing.ticker,) if outgoing.ticker is not None else ()
        occasion = Occasion(channel.value, tickers, self._account_id, outgoing.frame_type)
        strike = self._board.strike(occasion)
        if strike is None:
            session.put(session.text_of(outgoing))
        else:
            self._struck(strike, outgoing)
            self._carry_out(strike, session, outgoing)
        if channel in self._swapped and not (strike is not None and isinstance(strike.rule.fault, Swap)):
            session.put(self._swapped.pop(channel))

    def _carry_out(self, strike: Strike, session: Session, outgoing: Outgoing) -> None:
        channel = outgoing.subscription.channel
        match strike.rule.fault:
            case Lose():
                session.text_of(outgoing)
            case SkipNumbers(by=by):
                outgoing.subscription.seq += by
                session.put(session.text_of(outgoing))
            case Repeat(is_renumbered=is_renumbered):
                text = session.text_of(outgoing)
                session.put(text)
                session.put(session.text_of(outgoing) if is_renumbered else text)
            case Swap():
                if channel in self._swapped:
                    session.put(session.text_of(outgoing))
                else:
                    self._swapped[channel] = session.text_of(outgoing)
            case Late(delay_ms=span):
                self._put_later(span.draw_ms(strike.chance) / 1000, session, session.text_of(outgoing))
            case Silence() as silence:
                session.text_of(outgoing)
                self._fall_silent(strike, silence)
            case Disconnect() as hangup:
                self.hangup = hangup
                self._wake()
            case EndSubscription(code=code):
                session.end(outgoing.subscription, code, "the channel has ended")
            case fault:
                for text in _altered(fault, session, outgoing, strike.chance):
                    session.put(text)

    def _put_later(self, wait_s: float, session: Session, text: bytes) -> None:
        def put() -> None:
            session.put(text)
            self._wake()

        self._later(wait_s, put)

    def _fall_silent(self, strike: Strike, silence: Silence) -> None:
        channels = {channel for channel in Channel if channel.value in strike.rule.targets}
        if silence.is_mute:
            self.is_mute = True
        else:
            self._silent |= channels

        def speak_again() -> None:
            if silence.is_mute:
                self.is_mute = False
            else:
                self._silent -= channels

        if silence.hold_s is not None:
            self._later(silence.hold_s / SECOND, speak_again)


def _altered(fault: object, session: Session, outgoing: Outgoing, chance: Random) -> list[bytes]:
    """The texts that go out instead of the frame, when what is wrong is in the text."""
    match fault:
        case Garble(how=how):
            return [_garbled(how, session.text_of(outgoing))]
        case BadMessageField() as bad:
            msg = with_bad_field(bad.how, bad.field, outgoing.msg, chance)
            return [session.text_of(replace(outgoing, msg=msg))]
        case ReplacedMessageField(field=name, value=value):
            return [session.text_of(replace(outgoing, msg=with_value(name, value, outgoing.msg)))]
        case WrongScale():
            return [session.text_of(replace(outgoing, msg=_turned(outgoing.msg)))]
        case CrossBook():
            bogus = replace(outgoing, frame_type="orderbook_delta", msg=_bogus_delta(outgoing.msg))
            return [session.text_of(outgoing), session.text_of(bogus)]
    raise AssertionError(f"{fault!r} is no fault of a frame")


def _garbled(how: str, text: bytes) -> bytes:
    match how:
        case "truncated":
            return text[: len(text) // 2]
        case "not_json":
            return b"upstream connect error"
    return b"\xff\xfe" + text


def _turned(msg: bytes) -> bytes:
    """A book message with every NO price turned into its complement."""
    content = json.loads(msg)
    if _NO_SIDE in content:
        content[_NO_SIDE] = [[_complement(price), size] for price, size in content[_NO_SIDE]]
    if content.get("side") == "no":
        content["price_dollars"] = _complement(content["price_dollars"])
    return msgspec.json.encode(content)


def _complement(price: str) -> str:
    return price_text(Price(ONE_DOLLAR - parse_price(price)))


def _bogus_delta(msg: bytes) -> bytes:
    content = json.loads(msg)
    named = {name: content[name] for name in ("market_ticker", "market_id", "clock") if name in content}
    bid = {"price_dollars": _BOGUS_PRICE, "delta_fp": _BOGUS_SIZE, "side": "yes"}
    times = {name: content[name] for name in ("ts", "ts_ms") if name in content}
    return msgspec.json.encode({**named, **bid, **times})
