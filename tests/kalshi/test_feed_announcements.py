"""Trades and announcements, read one by one."""

import pytest

from edgelock.core.market import MarketStatus
from edgelock.core.units import Price
from edgelock.kalshi.feed_announcements import Announcements
from edgelock.kalshi.feed_events import FeesOverridden, LifeChanged, OutcomePaid
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_feed import FeeBody, LifecycleBody, TradeBody


def a_trade(trade_id="t-1", *, is_block=False, price="0.4700"):
    return TradeBody(trade_id, "A", price, "2.00", "ask", is_block)


def test_a_trade_is_told_once_and_one_made_off_the_book_never():
    announcements = Announcements()

    assert len(announcements.trade(a_trade())) == 1
    assert announcements.trade(a_trade()) == []
    assert announcements.trade(a_trade("t-2", is_block=True)) == []


def test_a_trade_that_could_not_be_read_may_come_again():
    announcements = Announcements()
    with pytest.raises(WireError):
        announcements.trade(a_trade(price="47"))

    assert len(announcements.trade(a_trade())) == 1


def test_a_scalar_outcome_is_paid_with_its_value():
    announcements = Announcements()
    announcements.life(LifecycleBody("A", "determined", settlement_value="0.5000"))

    assert announcements.life(LifecycleBody("A", "settled")) == [
        LifeChanged("A", MarketStatus.FINALIZED, None),
        OutcomePaid("A", Price(5000)),
    ]


def test_an_outcome_that_was_forgotten_is_paid_without_a_value():
    announcements = Announcements()
    announcements.life(LifecycleBody("A", "determined", settlement_value="1.0000"))
    announcements.forget("A")

    assert announcements.life(LifecycleBody("A", "settled"))[-1] == OutcomePaid("A", None)


def test_a_step_of_a_name_that_is_not_known_changes_nothing():
    assert Announcements().life(LifecycleBody("A", "metadata_updated")) == []


def test_overrides_that_are_taken_back_are_told_as_none():
    assert Announcements().fees(FeeBody("E", None, None)) == [FeesOverridden("E", None, None)]
