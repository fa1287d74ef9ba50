"""Which filters of the list of markets go together."""

import asyncio

import pytest

from tests.exchange.engine_builders import NOON, TICKER, FlowScript
from tests.exchange.served import serving

LONG_AGO = (NOON // 1_000_000_000) - 10_000


def status_of(path: str) -> int:
    async def asked() -> int:
        async with serving(FlowScript().opened_market(TICKER).lasting().flow()) as served:
            return (await served.ann.request("GET", path, headers={}))[0]

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"min_created_ts={LONG_AGO}", 200),
        (f"min_created_ts={LONG_AGO}&status=open", 200),
        (f"min_created_ts={LONG_AGO}&status=settled", 400),
        (f"min_close_ts={LONG_AGO}&status=closed", 200),
        (f"min_close_ts={LONG_AGO}&status=open", 400),
        (f"max_settled_ts={LONG_AGO}&status=settled", 200),
        (f"min_created_ts={LONG_AGO}&min_close_ts={LONG_AGO}", 400),
        (f"min_updated_ts={LONG_AGO}&mve_filter=exclude", 200),
        (f"min_updated_ts={LONG_AGO}", 400),
    ],
)
def test_time_filters_exclude_each_other_and_fit_some_statuses_only(query: str, status: int) -> None:
    assert status_of(f"/markets?{query}") == status
