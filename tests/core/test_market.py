"""Sides mirror each other, and a market's life has an end."""

import pytest

from edgelock.core.market import MarketStatus, Side
from tests.core.builders import ASK, BID


@pytest.mark.parametrize("side", list(Side))
def test_the_opposite_of_the_opposite_is_the_side_itself_and_its_sign_is_mirrored(side):
    assert side.opposite is not side
    assert side.opposite.opposite is side
    assert side.sign == -side.opposite.sign


def test_a_bid_adds_to_the_position_and_an_ask_takes_from_it():
    assert (BID.sign, ASK.sign) == (1, -1)


def test_a_market_is_over_once_it_closed_and_not_while_it_is_paused():
    going_on = {status for status in MarketStatus if not status.is_over}

    assert going_on == {MarketStatus.INITIALIZED, MarketStatus.ACTIVE, MarketStatus.INACTIVE}
