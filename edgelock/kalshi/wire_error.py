"""The venue's refusals, in the four shapes it writes them. Source: venue reference §3, §8.4 (read 2026-11-22)."""

import msgspec

TOO_MANY_REQUESTS = "too_many_requests"
_STATUS_TOO_MANY_REQUESTS = 429


class VenueError(Exception):
    """The venue answered, and the answer is no.

    status   HTTP status
    code     the venue's word for it, such as "insufficient_balance"; "too_many_requests" for every 429, else
             "http_STATUS" where it says none
    message  its sentence, and details, "" where it gives none
    """

    def __init__(self, status: int, code: str, message: str, details: str) -> None:
        super().__init__(f"{status} {code}: {message}{f' ({details})' if details else ''}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    @property
    def text(self) -> str:
        """Message and details in one line."""
        return f"{self.message} ({self.details})" if self.details else self.message


class _Said(msgspec.Struct):
    code: str
    message: str | None = None
    details: str | None = None


class _Body(msgspec.Struct):
    error: _Said | str | None = None
    code: str | None = None
    message: str | None = None
    details: str | None = None
    msg: str | None = None


def read_error(status: int, body: bytes) -> VenueError | None:
    """The refusal in an answer that is not 2xx; None when its body is in none of the venue's shapes."""
    try:
        said = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    unnamed = f"http_{status}"
    if isinstance(said.error, _Said):
        code, message, details = said.error.code, said.error.message, said.error.details
    elif isinstance(said.error, str):
        code, message, details = unnamed, said.error, None
    elif said.code is not None:
        code, message, details = said.code, said.message, said.details
    elif said.msg is not None:
        code, message, details = unnamed, said.msg, None
    else:
        return None
    if status == _STATUS_TOO_MANY_REQUESTS:
        code = TOO_MANY_REQUESTS
    return VenueError(status, code or unnamed, message or "", details or "")
