"""One REST call as the handlers see it: who asks, for what, and the answer. No socket in sight."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from edgelock.core.units import Timestamp
from edgelock.exchange.account_history import AccountHistory
from edgelock.exchange.accounts import Account
from edgelock.exchange.engine import Engine
from edgelock.exchange.rate_limit import CANCEL_COST, DEFAULT_COST, Bucket, Tier


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what to encode as its JSON body; None sends no body."""

    status: int
    body: object | None = None


class Rejected(Exception):
    """Ends a handler early with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `query` has every value of a repeated parameter; `now` is exchange time."""

    engine: Engine
    tier: Tier
    now: Timestamp
    account: Account | None
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: bytes
    is_json: bool

    @property
    def member(self) -> Account:
        """The account of a private call."""
        assert self.account is not None, "a private route was called without an account"
        return self.account

    @property
    def seen(self) -> AccountHistory:
        """The account of a private call as reads show it."""
        return self.engine.seen(self.member)

    def text(self, name: str) -> str | None:
        """A query parameter, or None when absent or empty."""
        values = self.query.get(name)
        return values[0] or None if values else None

    def texts(self, name: str) -> list[str]:
        """A comma-separated query parameter; [] when absent."""
        return [part for part in (self.text(name) or "").split(",") if part]


class Access(Enum):
    """Whether a route needs a signature."""

    PUBLIC = "public"
    PRIVATE = "private"


Handler = Callable[[Call], Answer]


def _one(_: Call) -> int:
    return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the REST interface; `path` is below the API's base and has {placeholders}.

    items  how many items a call carries; its cost is `cost` times that
    """

    method: str
    path: str
    handler: Handler
    access: Access = Access.PRIVATE
    bucket: Bucket = Bucket.READ
    cost: int = DEFAULT_COST
    items: Callable[[Call], int] = _one


def public(path: str, handler: Handler) -> Route:
    """A GET that anyone may make."""
    return Route(method="GET", path=path, handler=handler, access=Access.PUBLIC)


def private(path: str, handler: Handler, *, cost: int = DEFAULT_COST, bucket: Bucket = Bucket.READ) -> Route:
    """A GET that needs a signature."""
    return Route(method="GET", path=path, handler=handler, cost=cost, bucket=bucket)


def write(method: str, path: str, handler: Handler, *, items: Callable[[Call], int] = _one) -> Route:
    """A change that costs the default."""
    return Route(method=method, path=path, handler=handler, bucket=Bucket.WRITE, items=items)


def cancel(path: str, handler: Handler, *, items: Callable[[Call], int] = _one) -> Route:
    """A DELETE of orders, at the price of a cancel."""
    return Route(method="DELETE", path=path, handler=handler, bucket=Bucket.WRITE, cost=CANCEL_COST, items=items)
