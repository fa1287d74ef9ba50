"""What the account's keys may do, and until when its location is attested: the pre-flight's questions.

Source: venue reference §2.4 and the official client's models of `GET /api_keys` (read 2026-11-22).
"""

from dataclasses import dataclass

import msgspec

from edgelock.core.units import Timestamp
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.wire import decode, id_field, seconds_field

_ENDPOINT = "GET /api_keys"


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """One key of the account.

    scopes         the venue's words, such as "read", "write" or "write::trade"; unknown ones are kept
    subaccount     the only subaccount it may act for, None when it is not bound to one
    is_subtraders  whether it belongs to another institution's subtrader, who may not use this interface at all
    """

    key_id: str
    scopes: frozenset[str]
    subaccount: int | None
    is_subtraders: bool

    @property
    def may_trade(self) -> bool:
        """Whether orders can be placed with it."""
        return bool(self.scopes & {"write", "write::trade"})

    @property
    def may_read(self) -> bool:
        """Whether orders, fills and positions can be read with it."""
        return "read" in self.scopes


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """All keys; attested_until is None when the account's location was never attested."""

    keys: tuple[KeyTerms, ...]
    attested_until: Timestamp | None

    def of(self, key_id: str) -> KeyTerms | None:
        """The key with this id, None when the account has none."""
        return next((key for key in self.keys if key.key_id == key_id), None)


class KeyRest(KalshiRest):
    """Everything that can be read, and what the keys may do."""

    def api_keys(self) -> AccountKeys:
        """The account's keys. Raises like every other read."""
        return read_api_keys(self._get("/api_keys"))


class _Key(msgspec.Struct):
    api_key_id: str
    scopes: list[str]
    subaccount: int | None = None
    fcm_subtrader_id: str | None = None


class _Body(msgspec.Struct):
    api_keys: list[_Key]
    api_key_region_expiration_ts: int | None = None


def read_api_keys(body: bytes) -> AccountKeys:
    """The answer to `GET /api_keys`. Raises WireError."""
    said = decode(body, _Body, endpoint=_ENDPOINT)
    until = said.api_key_region_expiration_ts
    return AccountKeys(
        tuple(
            KeyTerms(
                id_field(key.api_key_id, "api_key_id", _ENDPOINT),
                frozenset(key.scopes),
                key.subaccount,
                key.fcm_subtrader_id is not None,
            )
            for key in said.api_keys
        ),
        None if until is None else seconds_field(until, "api_key_region_expiration_ts", _ENDPOINT),
    )
