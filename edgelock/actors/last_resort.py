"""When the door itself is gone: withdraw what is ours by the venue's own list, with nothing but a connection.

It trusts no record of ours, because whatever kept the record has failed. It lists what rests, cancels what is ours in
batches, and lists again, until nothing of ours is shown or the time is over.
"""

import time
from collections.abc import Callable

from edgelock.kalshi.account import VenueOrder
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError

BATCH_MAX = 20
PAUSE_S = 0.25
"""Between two looks: reads lag a little, and the write budget is not ours alone."""
CLEAR_LOOKS = 2
"""Looks in a row that show nothing of ours: one may be older than an order that was still on its way."""


def withdraw_everything(
    rest: TradingRest,
    is_ours: Callable[[str], bool],
    *,
    timeout_s: float,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[VenueOrder, ...] | None:
    """What of ours the venue showed last: () when nothing is left; None when its list could not be read at all.

    is_ours  of a client order id: orders of other programs and people are never touched
    """
    deadline = monotonic() + timeout_s
    shown: tuple[VenueOrder, ...] | None = None
    clear = 0
    while monotonic() < deadline:
        try:
            shown = tuple(order for order in rest.orders(status="resting") if is_ours(order.client_order_id))
        except (VenueError, VenueUnreachable, WireError):
            sleep(PAUSE_S)
            continue
        clear = 0 if shown else clear + 1
        if clear == CLEAR_LOOKS:
            return ()
        for first in range(0, len(shown), BATCH_MAX):
            # What came of it, the next look shows.
            rest.cancel_orders([(order.order_id, order.ticker) for order in shown[first : first + BATCH_MAX]])
        sleep(PAUSE_S)
    return shown
