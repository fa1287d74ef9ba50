"""Order groups on the wire: what is asked, and what an answer proves. Source: venue reference §7 (read 2026-11-22).

The answer to a change of a group says nothing but that it was done, so every change can be asked for again while it
is `Unknown`; only a creation cannot, because groups have no name to know them by.
"""

from dataclasses import dataclass

import msgspec

from edgelock.core.units import Size, size_text
from edgelock.kalshi.account import OrderGroup
from edgelock.kalshi.wire import WireError, decode, id_field, size_field
from edgelock.kalshi.wire_orders import Refused, Unknown, is_success, refusal

_CREATE = "POST /portfolio/order_groups/create"
_CHANGE = "change of an order group"


@dataclass(frozen=True, slots=True)
class GroupCreated:
    """The venue made a group of this id."""

    group_id: str


@dataclass(frozen=True, slots=True)
class GroupDone:
    """The venue did what was asked of a group."""


CreateGroupOutcome = GroupCreated | Refused | Unknown
GroupOutcome = GroupDone | Refused | Unknown


class _CreatedBody(msgspec.Struct):
    order_group_id: str
    exchange_index: int


class _Group(msgspec.Struct):
    id: str
    is_auto_cancel_enabled: bool
    exchange_index: int
    contracts_limit_fp: str | None = None


class _GroupsBody(msgspec.Struct):
    order_groups: list[_Group]


class _DoneBody(msgspec.Struct):
    error: msgspec.Raw | None = None
    code: msgspec.Raw | None = None


def create_group_body(limit: Size, exchange_index: int) -> bytes:
    """The body of a new group."""
    return msgspec.json.encode({"contracts_limit_fp": size_text(limit), "exchange_index": exchange_index})


def limit_group_body(limit: Size) -> bytes:
    """The body of another limit."""
    return msgspec.json.encode({"contracts_limit_fp": size_text(limit)})


def read_create_group_answer(status: int, body: bytes, exchange_index: int) -> CreateGroupOutcome:
    """What the answer to a creation proves."""
    if not is_success(status):
        return refusal(status, body)
    try:
        found = decode(body, _CreatedBody, endpoint=_CREATE)
        group_id = id_field(found.order_group_id, "order_group_id", _CREATE)
    except WireError as error:
        return Unknown(str(error))
    if found.exchange_index != exchange_index:
        return Unknown(f"{_CREATE}: the group is on shard {found.exchange_index}, not {exchange_index}")
    return GroupCreated(group_id)


def read_group_answer(status: int, body: bytes) -> GroupOutcome:
    """What the answer to a trigger, reset, new limit or deletion proves: an object without an error means done."""
    if not is_success(status):
        return refusal(status, body)
    try:
        found = decode(body, _DoneBody, endpoint=_CHANGE)
    except WireError as error:
        return Unknown(str(error))
    if found.error is not None or found.code is not None:
        return Unknown(f"{_CHANGE}: HTTP {status} with an error in it")
    return GroupDone()


def read_order_groups(body: bytes) -> tuple[OrderGroup, ...]:
    """GET /portfolio/order_groups. Raises WireError."""
    endpoint = "GET /portfolio/order_groups"
    return tuple(_group(group, endpoint) for group in decode(body, _GroupsBody, endpoint=endpoint).order_groups)


def _group(group: _Group, endpoint: str) -> OrderGroup:
    limit = group.contracts_limit_fp
    if group.exchange_index < 0:
        raise WireError(f"{endpoint}: exchange_index is {group.exchange_index}, which is no shard")
    return OrderGroup(
        group_id=id_field(group.id, "id", endpoint),
        limit=None if limit is None else size_field(limit, "contracts_limit_fp", endpoint),
        exchange_index=group.exchange_index,
        is_auto_cancel_enabled=group.is_auto_cancel_enabled,
    )
