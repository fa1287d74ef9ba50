"""An event's own fees: what is charged, and what is told."""

from fractions import Fraction

import pytest

from edgelock.core.units import Money
from edgelock.exchange.facts import FeesOverridden
from tests.exchange.engine_builders import ASK, BID, EVENT, FREE_OF_FEES, Desk, a_listing, at, contracts


def taker_fee(desk: Desk, *, seconds: float) -> Money:
    desk.house(ASK, 50, 100, now=at(seconds))
    return desk.placed(BID, 50, 100, now=at(seconds)).taker_fees


def test_an_override_is_charged_from_its_instant_and_none_gives_the_series_fees_back() -> None:
    desk = Desk()
    usual = taker_fee(desk, seconds=0)
    desk.engine.override_fees(EVENT, None, Fraction(1, 2), at(1))
    assert taker_fee(desk, seconds=2) == usual // 2
    desk.engine.override_fees(EVENT, None, None, at(3))
    assert taker_fee(desk, seconds=4) == usual


def test_an_override_may_change_the_kind_of_fees() -> None:
    desk = Desk()
    desk.engine.override_fees(EVENT, "quadratic", None, at(1))
    order = desk.placed(BID, 50, 10, now=at(2))
    desk.house(ASK, 50, 10, now=at(2))
    assert (order.filled, order.maker_fees) == (contracts(10), 0)


def test_what_resting_orders_reserve_follows_the_fees() -> None:
    desk = Desk(a_listing(**FREE_OF_FEES))
    desk.placed(BID, 50, 100)
    before = desk.member().available
    desk.engine.override_fees(EVENT, None, Fraction(1), at(1))
    assert desk.member().available < before


def test_a_market_listed_later_has_its_events_override() -> None:
    desk = Desk()
    desk.engine.override_fees(EVENT, None, Fraction(0), at(1))
    later = desk.engine.list_market(a_listing("LATER"), at(2))
    assert later.fees.taker_rate == 0


def test_an_override_is_told_and_an_unknown_event_has_none() -> None:
    desk = Desk()
    desk.engine.override_fees(EVENT, "quadratic", Fraction(2), at(1))
    (told,) = [fact for fact in desk.drain() if isinstance(fact, FeesOverridden)]
    assert (told.event_ticker, told.fee_type, told.multiplier) == (EVENT, "quadratic", Fraction(2))
    with pytest.raises(KeyError):
        desk.engine.override_fees("NOBODY", None, None, at(1))


def test_an_announced_override_is_on_the_list_at_once_and_charged_from_its_time() -> None:
    desk = Desk()
    usual = taker_fee(desk, seconds=0)
    desk.engine.override_fees(EVENT, None, Fraction(1, 2), at(1), starts_at=at(60))
    assert [change.at for change in desk.engine.venue.fee_overrides] == [at(60)]
    assert taker_fee(desk, seconds=59) == usual
    assert not [fact for fact in desk.drain() if isinstance(fact, FeesOverridden)]
    assert desk.engine.next_due() == at(60)
    assert taker_fee(desk, seconds=61) == usual // 2
    assert [fact.at for fact in desk.drain() if isinstance(fact, FeesOverridden)] == [at(60)]
