"""What members do with order groups, and what happens when one trips."""

from edgelock.core.units import Size, Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.exchange_pauses import halt_refusal
from edgelock.exchange.facts import GroupChange, GroupChanged
from edgelock.exchange.order_groups import CONTRACTS_LIMIT_MAX, OrderGroup
from edgelock.exchange.orders import Order, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.venue import Venue


def create_group(
    venue: Venue, account: Account, contracts_limit: Size, now: Timestamp, *, exchange_index: int = 0
) -> OrderGroup | Refused:
    """Open a group for orders of one shard. The limit is up to 1 000 000 contracts."""
    halted = halt_refusal(venue)
    if halted is not None:
        return halted
    if not 0 < contracts_limit <= CONTRACTS_LIMIT_MAX:
        return Refused(Reason.INVALID_PARAMETERS, "contracts_limit is out of range")
    group = OrderGroup(venue.new_id(), contracts_limit, exchange_index)
    account.groups[group.group_id] = group
    _tell(venue, account, group, GroupChange.CREATED, now)
    return group


def delete_group(venue: Venue, account: Account, group_id: str, now: Timestamp) -> Refused | None:
    """Cancel the group's resting orders and forget it."""
    group = _changeable(venue, account, group_id)
    if isinstance(group, Refused):
        return group
    _cancel_orders(venue, account, group_id, now)
    del account.groups[group_id]
    _tell(venue, account, group, GroupChange.DELETED, now)
    return None


def reset_group(venue: Venue, account: Account, group_id: str, now: Timestamp) -> Refused | None:
    """Let the group accept orders again, counting from zero."""
    group = _changeable(venue, account, group_id)
    if isinstance(group, Refused):
        return group
    group.reset()
    _tell(venue, account, group, GroupChange.RESET, now)
    return None


def trigger_group(venue: Venue, account: Account, group_id: str, now: Timestamp) -> Refused | None:
    """Trip the group by hand."""
    group = _changeable(venue, account, group_id)
    if isinstance(group, Refused):
        return group
    _trip(venue, account, group, now)
    return None


def limit_group(venue: Venue, account: Account, group_id: str, contracts_limit: Size, now: Timestamp) -> Refused | None:
    """Give the group another limit; it trips at once when the window has already reached it."""
    group = _changeable(venue, account, group_id)
    if isinstance(group, Refused):
        return group
    if not 0 < contracts_limit <= CONTRACTS_LIMIT_MAX:
        return Refused(Reason.INVALID_PARAMETERS, "contracts_limit is out of range")
    group.contracts_limit = contracts_limit
    _tell(venue, account, group, GroupChange.LIMIT_UPDATED, now)
    if group.has_reached_limit(now):
        _trip(venue, account, group, now)
    return None


def record_match(venue: Venue, account: Account, group_id: str, size: Size, now: Timestamp) -> None:
    """Count a fill of one of the group's orders, and trip the group at its limit."""
    group = account.groups.get(group_id)
    if group is None:
        return
    group.record(size, now)
    if group.has_reached_limit(now) and not group.is_tripped:
        _trip(venue, account, group, now)


def group_orders(account: Account, group_id: str) -> list[Order]:
    """The group's resting orders, oldest first."""
    resting = [order for orders in account.resting.values() for order in orders.values() if order.group_id == group_id]
    return sorted(resting, key=lambda order: order.number)


def _changeable(venue: Venue, account: Account, group_id: str) -> OrderGroup | Refused:
    halted = halt_refusal(venue)
    if halted is not None:
        return halted
    group = account.groups.get(group_id)
    return group if group is not None else Refused(Reason.GROUP_NOT_FOUND)


def _trip(venue: Venue, account: Account, group: OrderGroup, now: Timestamp) -> None:
    group.is_tripped = True
    _cancel_orders(venue, account, group.group_id, now)
    _tell(venue, account, group, GroupChange.TRIGGERED, now)


def _cancel_orders(venue: Venue, account: Account, group_id: str, now: Timestamp) -> None:
    for order in group_orders(account, group_id):
        venue.cancel(order, UpdateReason.NONE, now)


def _tell(venue: Venue, account: Account, group: OrderGroup, change: GroupChange, now: Timestamp) -> None:
    venue.facts.append(GroupChanged(now, account.account_id, group.group_id, change, group.contracts_limit))
