"""One HTTP call to the venue: signed at the last moment, bounded in time and size, and sent exactly once.

`requests` has no time limit for a whole answer, follows redirects with our signature in its headers, and reads proxies
and passwords from the environment; all three are off.
"""

import ipaddress
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
import urllib3

from edgelock.kalshi.rest_deadline import CallDeadline, DeadlineAdapter
from edgelock.kalshi.signing import Credentials

BODY_BYTES_MAX = 16 * 1024 * 1024


class VenueUnreachable(Exception):
    """No answer, or none in time. What was asked may have been done all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Real seconds: to connect, between two bytes, and for a whole call with its repetitions and pauses."""

    connect_s: float = 3.0
    read_s: float = 5.0
    deadline_s: float = 10.0
    attempts_max: int = 4
    pause_s: float = 0.2
    pause_max_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and whole body."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300


def wall_clock_ms() -> int:
    """Unix milliseconds, for signatures; the venue refuses a few seconds' skew."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far our wall clock is ahead of the venue's (negative: behind), as far as one answer can tell.

    The venue writes whole seconds and the request took some time, so the truth lies between the two bounds.
    """

    least_ms: int
    most_ms: int


class VenueConnection:
    """A kept-alive connection to one base URL. For one thread at a time.

    clock_offset is what the last answer's Date said; None before there was one.

    base_url     such as https://host/trade-api/v2, without a slash at its end; plain http only to this machine
    credentials  None sends nothing signed, which public market data allows
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        limits: CallLimits,
        *,
        wall_ms: Callable[[], int] = wall_clock_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        require_safe_url(base_url, ("https", "http"))
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._limits = limits
        self._wall_ms = wall_ms
        self._monotonic = monotonic
        self._session = requests.Session()
        self._session.trust_env = False
        self._deadline = CallDeadline(limits.read_s, monotonic)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, DeadlineAdapter(self._deadline))
        # Answers are short, and a packed body could be larger than it looks.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers["Accept"] = "application/json"
        self.clock_offset: ClockOffset | None = None

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: bytes | None = None,
        deadline: float,
    ) -> Answer:
        """One request, once. `deadline` is on the monotonic clock, in seconds. Raises VenueUnreachable.

        A query parameter with several values is repeated, which is how the venue takes some lists.
        """
        remaining = deadline - self._monotonic()
        if remaining <= 0:
            raise VenueUnreachable(f"{method} {path}: no time left")
        request = self._session.prepare_request(
            requests.Request(method, self._base_url + path, params=dict(query or {}), data=body)
        )
        if body is not None:
            request.headers["Content-Type"] = "application/json"
        if self._credentials is not None:
            signed_path = urlsplit(str(request.url)).path
            request.headers.update(self._credentials.headers(method, signed_path, self._wall_ms()))
        self._deadline.at = deadline
        timeout = (min(self._limits.connect_s, remaining), min(self._limits.read_s, remaining))
        sent_ms = self._wall_ms()
        try:
            with self._session.send(request, timeout=timeout, allow_redirects=False, stream=True) as response:
                self.clock_offset = _offset(response.headers.get("Date"), sent_ms, self._wall_ms())
                return Answer(response.status_code, _whole_body(response, f"{method} {path}"))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The library's error holds the request, and with it our signature; only its name goes on.
            is_late = self._monotonic() >= deadline
            said = "the answer did not end in time" if is_late else type(error).__name__
            raise VenueUnreachable(f"{method} {path}: {said}") from None


def _whole_body(response: requests.Response, what: str) -> bytes:
    parts: list[bytes] = []
    length = 0
    for part in iter(lambda: response.raw.read1(1 << 16), b""):
        parts.append(part)
        length += len(part)
        if length > BODY_BYTES_MAX:
            raise VenueUnreachable(f"{what}: body is longer than {BODY_BYTES_MAX} bytes")
    return b"".join(parts)


def _offset(date: str | None, sent_ms: int, received_ms: int) -> ClockOffset | None:
    """None where the answer carries no date that can be read: an unknown offset is not an offset of zero."""
    try:
        venue_ms = int(parsedate_to_datetime(date or "").timestamp()) * 1000
    except ValueError:
        return None
    return ClockOffset(least_ms=sent_ms - (venue_ms + 999), most_ms=received_ms - venue_ms)


def require_safe_url(url: str, schemes: tuple[str, str]) -> None:
    """Raises ValueError unless `url` has the safe scheme, the first; the second only to this machine."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"{url!r} is not a plain {schemes[0]} URL")
    if parts.scheme != schemes[0] and not _is_this_machine(parts.hostname):
        raise ValueError(f"{url!r} would send signatures in the clear; {schemes[1]} is for this machine only")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
