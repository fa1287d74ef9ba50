"""A list that may be old can close a market at once, and opens it only when it says so for long enough."""

import pytest

from edgelock.core.market import MarketStatus
from edgelock.core.units import SECOND
from edgelock.ops.listing_news import ListingNews, ListingNewsReader
from tests.core.builders import FINE_ENDS, a_market, after, cents
from tests.ops.trading_house import a_listing

A = "KXNHLGAME-A"
ACTIVE, PAUSED, CLOSED = MarketStatus.ACTIVE, MarketStatus.INACTIVE, MarketStatus.CLOSED
DETERMINED, DISPUTED, AMENDED = MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED
FINALIZED = MarketStatus.FINALIZED
CACHE_NS = 20 * SECOND
NOTHING = ListingNews()


def a_reader(cache_ns=CACHE_NS) -> ListingNewsReader:
    return ListingNewsReader(cache_ns=cache_ns)


def known(status=ACTIVE, closes=3600):
    return a_market(ticker=A, status=status, close_time=after(closes))


def listed(status=ACTIVE, closes=3600, **changes):
    return a_listing(A, status=status, close_time=after(closes), **changes)


def test_a_listing_that_says_what_is_known_is_no_news():
    assert a_reader().news(known(), listed(), 0) == NOTHING


@pytest.mark.parametrize(
    ("before", "listing"),
    [
        (known(), listed(PAUSED)),
        (known(), listed(CLOSED, closes=60)),
        (known(), listed(closes=60)),
        (known(PAUSED), listed(CLOSED)),
        (known(CLOSED), listed(DETERMINED)),
        (known(DETERMINED), listed(DISPUTED)),
        (known(AMENDED), listed(FINALIZED)),
    ],
)
def test_what_makes_a_market_no_more_open_is_believed_at_once(before, listing):
    assert a_reader().news(before, listing, 0).life == (listing.status, listing.close_time)


@pytest.mark.parametrize(
    ("before", "listing"),
    [
        (known(PAUSED), listed()),
        (known(CLOSED), listed()),
        (known(closes=60), listed(closes=3600)),
        (known(DETERMINED, closes=60), listed(closes=7200)),
    ],
)
def test_what_makes_it_more_open_is_believed_when_no_cache_can_say_it_any_more(before, listing):
    reader = a_reader()

    assert reader.news(before, listing, 0).life is None
    assert reader.news(before, listing, CACHE_NS - 1).life is None
    assert reader.news(before, listing, CACHE_NS).life == (listing.status, listing.close_time)


def test_a_doubt_that_changes_begins_anew_and_one_that_goes_is_forgotten():
    reader = a_reader()
    reader.news(known(PAUSED), listed(), 0)
    assert reader.news(known(PAUSED), listed(closes=7200), CACHE_NS).life is None
    reader.news(known(PAUSED), listed(PAUSED), CACHE_NS + 1)

    assert reader.news(known(PAUSED), listed(closes=7200), 2 * CACHE_NS).life is None


def test_a_market_that_was_left_and_comes_back_is_doubted_anew():
    reader = a_reader()
    reader.news(known(PAUSED), listed(grid=FINE_ENDS), 0)

    reader.forget(A)

    assert reader.news(known(PAUSED), listed(grid=FINE_ENDS), CACHE_NS) == NOTHING


def test_our_own_exchange_has_no_cache_and_is_believed_at_once():
    assert a_reader(0).news(known(PAUSED), listed(), 0).life is not None


def test_another_grid_is_believed_when_no_cache_can_say_it_any_more():
    reader = a_reader()

    assert reader.news(known(), listed(grid=FINE_ENDS), 0).grid is None
    assert reader.news(known(), listed(grid=FINE_ENDS), CACHE_NS).grid == FINE_ENDS


@pytest.mark.parametrize("status", [status for status in MarketStatus if status is not FINALIZED])
def test_what_is_paid_for_good_is_not_undone_by_an_old_list(status):
    assert a_reader(0).news(known(FINALIZED), listed(status), 0).life is None


@pytest.mark.parametrize("before", [CLOSED, DETERMINED, DISPUTED, AMENDED, FINALIZED])
@pytest.mark.parametrize("status", [CLOSED, DETERMINED, DISPUTED, AMENDED, FINALIZED])
def test_a_value_is_a_payment_only_when_both_sides_know_the_market_as_paid_out(before, status):
    news = a_reader().news(known(before), listed(status, settlement_value=cents(37)), 0)

    assert news.paid == (cents(37) if before is status is FINALIZED else None)


def test_a_paid_market_without_a_value_is_waited_for():
    assert a_reader().news(known(FINALIZED), listed(FINALIZED), 0).paid is None
