"""REST of order groups (venue reference §7). Successful changes answer with an empty object."""

import msgspec

from edgelock.core.units import CONTRACT, Size, parse_size, size_text
from edgelock.exchange.group_control import group_orders
from edgelock.exchange.order_groups import OrderGroup
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.rest_call import Answer, Call, Rejected, Route, private, write
from edgelock.exchange.rest_errors import nested, refusal
from edgelock.exchange.rest_order_bodies import decode, refuse_subaccount

WireObject = dict[str, object]


class OrderGroupLimitRequest(msgspec.Struct):
    """Body of a create and of a new limit: whole contracts or a fixed-point text; both must agree."""

    contracts_limit: int | None = None
    contracts_limit_fp: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None


def create_group(call: Call) -> Answer:
    """Open a group."""
    body = decode(call, OrderGroupLimitRequest)
    refused = refuse_subaccount(body.subaccount)
    if refused is not None:
        return refusal(refused)
    shard = body.exchange_index if body.exchange_index is not None else 0
    group = call.engine.create_group(call.member, _limit(body), call.now, exchange_index=shard)
    if isinstance(group, Refused):
        return refusal(group)
    return Answer(201, {"order_group_id": group.group_id, "subaccount": 0, "exchange_index": shard})


def get_groups(call: Call) -> Answer:
    """All groups of the member."""
    groups = [
        {
            "id": group.group_id,
            "contracts_limit_fp": size_text(group.contracts_limit),
            "is_auto_cancel_enabled": True,
            "exchange_index": group.exchange_index,
        }
        for group in call.member.groups.values()
    ]
    return Answer(200, {"order_groups": groups})


def get_group(call: Call) -> Answer:
    """One group with its resting orders."""
    group = _group(call)
    return Answer(
        200,
        {
            "is_auto_cancel_enabled": True,
            "contracts_limit_fp": size_text(group.contracts_limit),
            "orders": [order.order_id for order in group_orders(call.member, group.group_id)],
            "exchange_index": group.exchange_index,
        },
    )


def reset_group(call: Call) -> Answer:
    """Count from zero, accept orders again."""
    return _done(call.engine.reset_group(call.member, _group(call).group_id, call.now))


def trigger_group(call: Call) -> Answer:
    """Trip by hand."""
    return _done(call.engine.trigger_group(call.member, _group(call).group_id, call.now))


def limit_group(call: Call) -> Answer:
    """Another limit."""
    limit = _limit(decode(call, OrderGroupLimitRequest))
    return _done(call.engine.limit_group(call.member, _group(call).group_id, limit, call.now))


def delete_group(call: Call) -> Answer:
    """Cancel the group's orders and forget it."""
    return _done(call.engine.delete_group(call.member, _group(call).group_id, call.now))


def _done(refused: Refused | None) -> Answer:
    return Answer(200, {}) if refused is None else refusal(refused)


def _group(call: Call) -> OrderGroup:
    group = call.member.groups.get(call.path["group_id"])
    if group is None:
        raise Rejected(refusal(Refused(Reason.GROUP_NOT_FOUND)))
    return group


def _limit(body: OrderGroupLimitRequest) -> Size:
    whole = Size(body.contracts_limit * CONTRACT) if body.contracts_limit is not None else None
    try:
        exact = parse_size(body.contracts_limit_fp) if body.contracts_limit_fp is not None else None
    except ValueError:
        raise Rejected(refusal(Refused(Reason.INVALID_PARAMETERS, "contracts_limit_fp"))) from None
    if whole is None and exact is None:
        raise Rejected(nested(400, "missing_parameters"))
    if whole is not None and exact is not None and whole != exact:
        raise Rejected(refusal(Refused(Reason.INVALID_PARAMETERS, "contracts_limit and contracts_limit_fp differ")))
    return whole if whole is not None else Size(exact or 0)


_GROUPS = "/portfolio/order_groups"

ROUTES: tuple[Route, ...] = (
    private(_GROUPS, get_groups),
    private(f"{_GROUPS}/{{group_id}}", get_group),
    write("POST", f"{_GROUPS}/create", create_group),
    write("PUT", f"{_GROUPS}/{{group_id}}/reset", reset_group),
    write("PUT", f"{_GROUPS}/{{group_id}}/trigger", trigger_group),
    write("PUT", f"{_GROUPS}/{{group_id}}/limit", limit_group),
    write("DELETE", f"{_GROUPS}/{{group_id}}", delete_group),
)
