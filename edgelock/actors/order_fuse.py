"""The fuse at the venue: one order group per shard, which withdraws our entries when we cannot.

The venue counts what the orders of a group trade within 15 s; beyond the limit it cancels them all and refuses new
ones until a reset (venue reference §7). A kill trips it by hand: one request withdraws every entry of a shard, and an
entry that is still on its way is refused when it arrives. Its thread goes on until the venue has confirmed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from edgelock.actors.clock import monotonic_s
from edgelock.core.units import Size
from edgelock.kalshi.private_events import GroupSeen
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.wire_groups import CreateGroupOutcome, GroupCreated, GroupDone, GroupOutcome
from edgelock.kalshi.wire_orders import Refused

RETRY_S = 0.25
_NOT_FOUND = 404


@dataclass(slots=True)
class _Group:
    """group_id is None until the venue gave one.

    wants_out  it should withdraw and refuse
    is_out     it does, as far as was asked last; is_sure: the venue has confirmed that
    """

    group_id: str | None = None
    is_out: bool = False
    is_sure: bool = False
    wants_out: bool = False

    @property
    def is_settled(self) -> bool:
        return self.group_id is not None and self.is_sure and self.is_out == self.wants_out

    def now(self, *, is_out: bool) -> None:
        """The venue says so."""
        self.is_out, self.is_sure = is_out, True


class OrderFuse:
    """`need` a shard once, then `trip` and `mend`; all of it returns at once.

    limit         contracts matched within 15 s
    on_triggered  called with the shard and whether its fuse is out, when the venue says so unasked
    """

    def __init__(
        self,
        open_rest: Callable[[], TradingRest],
        limit: Size,
        *,
        on_triggered: Callable[[int, bool], None],
        say: Callable[[str], None],
    ) -> None:
        self._open_rest = open_rest
        self._limit = limit
        self._on_triggered = on_triggered
        self._say = say
        self._changed = threading.Condition()
        self._groups: dict[int, _Group] = {}
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="order-fuse", daemon=True)

    def start(self) -> None:
        """Begin to look after the groups."""
        self._thread.start()

    def end(self) -> None:
        """Delete the groups and the entries that name them, as far as that goes at once, and end."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def join(self, deadline: float) -> None:
        """Wait until its thread has ended, at most until then (monotonic seconds)."""
        if self._thread.ident is not None:
            self._thread.join(max(deadline - monotonic_s(), 0))

    def need(self, shard: int) -> None:
        """Have a group on this shard."""
        with self._changed:
            if shard not in self._groups:
                self._groups[shard] = _Group(wants_out=any(group.wants_out for group in self._groups.values()))
                self._changed.notify_all()

    def trip(self) -> None:
        """Withdraw and refuse entries on every shard."""
        self._want(out=True)

    def mend(self) -> None:
        """Let entries through again."""
        self._want(out=False)

    def group_id(self, shard: int) -> str | None:
        """The group that an entry on this shard has to name; None while entries are not taken."""
        with self._changed:
            group = self._groups.get(shard)
            return group.group_id if group is not None and not (group.is_out or group.wants_out) else None

    @property
    def is_whole(self) -> bool:
        """Whether entries are taken on every shard."""
        with self._changed:
            return all(group.is_settled and not group.is_out for group in self._groups.values())

    def heard(self, event: GroupSeen) -> None:
        """The venue says something about one of the groups."""
        with self._changed:
            shard = next((s for s, group in self._groups.items() if group.group_id == event.group_id), None)
            if shard is None:
                return
            group = self._groups[shard]
            if event.event == "deleted":
                group.group_id = None
                self._changed.notify_all()
            if event.event != "triggered" or group.wants_out:
                return
            group.wants_out = True
            group.now(is_out=True)
        self._on_triggered(shard, True)

    def _want(self, *, out: bool) -> None:
        with self._changed:
            for group in self._groups.values():
                group.wants_out = out
            self._changed.notify_all()

    def _run(self) -> None:
        rest = self._open_rest()
        try:
            while not self._is_stopping:
                outcomes = [self._settle(rest, shard) for shard in tuple(self._groups)]
                is_done = all(outcomes)
                with self._changed:
                    if not self._is_stopping and (not is_done or self._all_settled()):
                        self._changed.wait(None if is_done else RETRY_S)
            for shard, group in self._groups.items():
                if group.group_id is not None:
                    rest.delete_group(group.group_id, shard)
        finally:
            rest.close()

    def _all_settled(self) -> bool:
        return all(group.is_settled for group in self._groups.values())

    def _settle(self, rest: TradingRest, shard: int) -> bool:
        """One step towards what is wanted; False when the venue did not take it."""
        with self._changed:
            group = self._groups[shard]
            if group.is_settled:
                return True
            group_id, wants_out = group.group_id, group.wants_out
            # Until it is confirmed it may be done or not: a wish that changes meanwhile has to be asked for as well.
            group.is_out, group.is_sure = wants_out, False
        if group_id is None:
            created = rest.create_group(self._limit, shard)
            if isinstance(created, GroupCreated):
                with self._changed:
                    group.group_id = created.group_id
                    group.now(is_out=False)
                return True
            return self._failed("create", shard, created)
        outcome = rest.trigger_group(group_id) if wants_out else rest.reset_group(group_id)
        if isinstance(outcome, GroupDone):
            with self._changed:
                group.now(is_out=wants_out)
            return True
        if isinstance(outcome, Refused) and outcome.status == _NOT_FOUND:
            with self._changed:
                group.group_id = None  # it is gone, and its orders with it: another one takes its place
        return self._failed("trigger" if wants_out else "reset", shard, outcome)

    def _failed(self, what: str, shard: int, outcome: GroupOutcome | CreateGroupOutcome) -> bool:
        self._say(f"order group of shard {shard}: {what} failed: {outcome}")
        return False
