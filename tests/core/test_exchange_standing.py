"""A shard that stands otherwise than open has a word for it, and only a pause refuses orders."""

import pytest

from edgelock.core.exchange_standing import ShardStanding, Standing

PAUSES = (Standing.TRADING_PAUSED, Standing.EXCHANGE_PAUSED)


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("is_scheduled", [True, False])
def test_only_an_open_shard_has_no_reason(standing, is_scheduled):
    shard = ShardStanding(standing=standing, is_scheduled=is_scheduled)

    expected = "maintenance" if is_scheduled else standing.value
    assert shard.reason == ("" if standing is Standing.OPEN else expected)


@pytest.mark.parametrize("standing", list(Standing))
def test_only_a_pause_refuses_orders(standing):
    assert standing.is_paused == (standing in PAUSES)
