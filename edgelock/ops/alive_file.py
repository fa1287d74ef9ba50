"""The life-sign in the state directory: one small file that is renewed every second and speaks for the moment only.

Its age is the message. A file that is old says that nobody is there, or that nobody should be trusted to be; so the
reader needs no process, no socket and no answer.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edgelock.core.units import SECOND, Timestamp

FILE_NAME = "alive"
_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSign:
    """What the file says.

    at        when it was written, UTC to the millisecond, by the machine's clock
    healthy   ready, and not merely alive
    why       one line: what it does, or what is wrong
    """

    pid: int
    run: str
    at: str
    alive: bool
    healthy: bool
    why: str


class UnreadableSign(Exception):
    """There is no life-sign, or it cannot be understood; one line for people."""


def write_sign(directory: Path, sign: LifeSign) -> None:
    """Replace the file at once and as a whole. Raises OSError when the disk does not let us."""
    path = directory / FILE_NAME
    beside = path.with_name(f"{FILE_NAME}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.encode(sign) + b"\n")
    os.replace(beside, path)


def read_sign(directory: Path) -> LifeSign:
    """The newest sign, whatever its age. Raises UnreadableSign."""
    path = directory / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=LifeSign)
    except FileNotFoundError:
        raise UnreadableSign(f"no bot has given a sign in {directory}") from None
    except OSError as error:
        raise UnreadableSign(f"{path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UnreadableSign(f"{path}: {error}") from None


def text_of(at: Timestamp) -> str:
    """UTC to the millisecond, such as 2026-11-22T19:05:00.123Z."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at // 1_000_000 % 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a sign of that age means, in one line."""

    is_well: bool
    words: str


def verdict(sign: LifeSign, *, now: Timestamp, max_age_ns: int, must_be_ready: bool) -> Verdict:
    """Whether somebody has to look. A sign from the future is as wrong as an old one: the clock was moved."""
    age_ns = now - _nanoseconds(sign.at)
    who = f"pid {sign.pid}, run {sign.run}"
    if abs(age_ns) > max_age_ns:
        return Verdict(False, f"silent for {age_ns // SECOND} s ({who}); its last word was: {sign.why}")
    if not sign.alive:
        return Verdict(False, f"not alive ({who}): {sign.why}")
    if not sign.healthy:
        return Verdict(not must_be_ready, f"alive, but not ready ({who}): {sign.why}")
    return Verdict(True, f"alive and ready ({who}): {sign.why}")


def _nanoseconds(at: str) -> int:
    """Raises UnreadableSign when it is no time."""
    try:
        moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise UnreadableSign(f"the life-sign's time is odd: {at!r}") from None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000
