"""The kinds of faults that strike REST calls and handshakes, with their settings.

`applies` tells whether the engine carries the request out; a fault that does not apply it leaves no trace of it.
"""

from dataclasses import dataclass

from edgelock.core.units import SECOND, Duration
from edgelock.exchange.faults_values import Reader, Span, scalar, setting, some_seconds, span_ms, text, whole, word

BEFORE, AFTER = "before", "after"
"""Whether a fault strikes before the engine has the request, or after it carried the request out."""

_moment: Reader = word(BEFORE, AFTER)
ANY_FIELD = "any"
"""Stands for a field that chance picks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The connection is closed without an answer; a reset does it with RST instead of FIN."""

    applies: bool
    is_reset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The request reaches the engine late, or its answer the client."""

    delay_ms: Span = setting(span_ms)
    when: str = setting(_moment, AFTER)

    @property
    def applies(self) -> bool:
        """Always: only late."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """No answer comes; after `hang_s` real seconds the connection is closed."""

    hang_s: Duration = setting(some_seconds, Duration(60 * SECOND))
    when: str = setting(_moment, AFTER)

    @property
    def applies(self) -> bool:
        """When it hangs after applying."""
        return self.when == AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An error answer in the venue's shape, instead of the true one."""

    status: int = setting(whole(400, 599))
    code: str = setting(text, "")
    when: str = setting(_moment, BEFORE)

    @property
    def applies(self) -> bool:
        """When it is told after applying."""
        return self.when == AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """The true status with a body that is none of the venue's."""

    how: str = setting(word("truncated", "html", "empty", "not_json", "array", "null", "wrong_types"), "truncated")
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BadField:
    """One field of the answer is not what it should be, wherever it occurs in the body.

    how  missing, renamed, null, retyped (text for a number, number for a text) or scaled (a hundred times as much)
    """

    how: str
    field: str = setting(text, ANY_FIELD)
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedField:
    """One field of the answer has another value, a text or a number, wherever it occurs in the body."""

    field: str = setting(text)
    value: object = setting(scalar)
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """The body comes in small pieces over `drip_s` real seconds."""

    drip_s: Duration = setting(some_seconds, Duration(10 * SECOND))
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Huge:
    """The body is `megabytes` long."""

    megabytes: int = setting(whole(1, 1000), 100)
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherOrder:
    """The answer names another order than the request did; what was done is right."""

    applies: bool = True


RestFault = Drop | Delay | Hang | Status | Malformed | BadField | ReplacedField | Drip | Huge | OtherOrder
