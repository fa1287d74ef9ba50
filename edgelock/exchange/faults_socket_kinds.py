"""The kinds of faults that strike the frames of a socket, with their settings.

The occasion is one frame to one connection. The connection, its subscriptions and the engine know nothing of a lost
frame: on a sequenced channel it has used up its number.
"""

from dataclasses import dataclass

from edgelock.core.units import Duration
from edgelock.exchange.faults_rest_kinds import ANY_FIELD
from edgelock.exchange.faults_values import Span, scalar, setting, some_seconds, span_ms, text, whole, word


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """The frame is not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipNumbers:
    """The frame is sent with a number that is `by` too high, and the count goes on from there."""

    by: int = setting(whole(1, 1_000_000), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The frame is sent twice: the same again, or the same message under the next number."""

    is_renumbered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """The frame is sent after the next one of its channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """The frame is sent so much later, whatever goes out meanwhile."""

    delay_ms: Span = setting(span_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """From this frame on the connection sends nothing on the rule's channels; a mute one nothing at all, no pings.

    hold_s  real seconds until it sends again; None: as long as the connection lives
    """

    is_mute: bool
    hold_s: Duration | None = setting(some_seconds, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """The connection ends instead of this frame. `code` is that of the close frame; 0 sends none."""

    is_reset: bool = False
    code: int = setting(whole(0, 4999), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSubscription:
    """An error frame ends the subscription, and the socket lives on."""

    code: int = setting(whole(1, 99), 25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garble:
    """The frame is not what the protocol says: cut in the middle, no JSON at all, or not even text."""

    how: str = setting(word("truncated", "not_json", "not_text"), "truncated")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadMessageField:
    """One field of the frame's `msg` is missing, renamed, null, retyped or scaled."""

    how: str
    field: str = setting(text, ANY_FIELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedMessageField:
    """One field of the frame's `msg` has another value."""

    field: str = setting(text)
    value: object = setting(scalar)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongScale:
    """NO prices of a book frame are turned into their complement: the scale that was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossBook:
    """After the frame comes a delta that never happened: a bid of 100 contracts at $0.99."""


SocketFault = (
    Lose
    | SkipNumbers
    | Repeat
    | Swap
    | Late
    | Silence
    | Disconnect
    | EndSubscription
    | Garble
    | BadMessageField
    | ReplacedMessageField
    | WrongScale
    | CrossBook
)
