"""Parts of the venue that hold nothing here, in the venue's shapes: history, transfers, combos, milestones, rewards.

Clients that look there are answered as by a venue on which none of it has happened yet (venue reference §4.1, §8.1).
"""

from edgelock.core.units import Timestamp
from edgelock.exchange.rest_call import Access, Answer, Call, Handler, Route
from edgelock.exchange.wire_text import rfc3339

_NEVER = rfc3339(Timestamp(0))

_PUBLIC: dict[str, dict[str, object]] = {
    "/historical/cutoff": {
        "market_settled_ts": _NEVER,
        "trades_created_ts": _NEVER,
        "orders_updated_ts": _NEVER,
        "market_positions_last_updated_ts": _NEVER,
    },
    "/historical/markets": {"markets": [], "cursor": ""},
    "/historical/trades": {"trades": [], "cursor": ""},
    "/events/multivariate": {"events": [], "cursor": ""},
    "/multivariate_event_collections": {"multivariate_contracts": [], "cursor": ""},
    "/milestones": {"milestones": [], "cursor": ""},
    "/structured_targets": {"structured_targets": [], "cursor": ""},
    "/incentive_programs": {"incentive_programs": [], "next_cursor": ""},
    "/search/tags_by_categories": {"tags_by_categories": {}},
    "/search/filters_by_sport": {"filters_by_sports": {}, "sport_ordering": []},
}
_PRIVATE: dict[str, dict[str, object]] = {
    "/historical/fills": {"fills": [], "cursor": ""},
    "/historical/orders": {"orders": [], "cursor": ""},
    "/historical/positions": {"cursor": "", "market_positions": [], "event_positions": []},
    "/portfolio/deposits": {"deposits": [], "cursor": ""},
    "/portfolio/withdrawals": {"withdrawals": [], "cursor": ""},
    "/portfolio/subaccounts/transfers": {"transfers": [], "cursor": ""},
    "/portfolio/subaccounts/netting": {
        "netting_configs": [{"subaccount_number": 0, "enabled": False, "exchange_index": 0}]
    },
    "/portfolio/intra_exchange_instance_transfers": {"transfers": [], "cursor": ""},
    "/portfolio/target_balance_allocation": {
        "allocations": [{"exchange_index": 0, "percent": 100}],
        "resting_margin_reservation": "none",
    },
    "/account/api_usage_level/volume_progress": {"volume_progress": []},
}


def _always(body: dict[str, object]) -> Handler:
    def answer(_: Call) -> Answer:
        return Answer(200, body)

    return answer


ROUTES: tuple[Route, ...] = tuple(
    Route(method="GET", path=path, handler=_always(body), access=access)
    for access, bodies in ((Access.PUBLIC, _PUBLIC), (Access.PRIVATE, _PRIVATE))
    for path, body in bodies.items()
)
