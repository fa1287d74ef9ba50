"""Tests of the remembered house book: whatever is asked of it, its actions never cross a book that obeys them."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.price_grid import CENT_GRID
from edgelock.core.units import CENT, CONTRACT, Price, Size, Timestamp
from edgelock.exchange.flow import BookSide, ChangePhase, List, MarketListing, MarketPhase, SetLevel
from edgelock.exchange.flow_book import FlowBook, opposite
from tests.exchange.plain_book import PlainBooks

TICKER = "KXNHLGAME-26NOV22VGKMIN-VGK"
LISTING = MarketListing(
    ticker=TICKER,
    event_ticker="KXNHLGAME-26NOV22VGKMIN",
    series_ticker="KXNHLGAME",
    title="Vegas wins",
    yes_sub_title="Vegas",
    open_time=Timestamp(0),
    close_time=Timestamp(1),
    expected_expiration_time=Timestamp(1),
    grid=CENT_GRID,
)
SIDES = st.sampled_from(BookSide)
PRICES = st.integers(1, 99).map(lambda cents: Price(cents * CENT))
SIZES = st.integers(0, 50).map(lambda contracts: Size(contracts * CONTRACT))
WISHES = st.lists(st.tuples(st.sampled_from(["show", "take", "withdraw"]), SIDES, PRICES, SIZES), max_size=40)


def an_open_market() -> PlainBooks:
    books = PlainBooks()
    books.apply(List(LISTING))
    books.apply(ChangePhase(TICKER, MarketPhase.ACTIVE))
    return books


@given(WISHES)
def test_any_series_of_wishes_keeps_the_book_uncrossed_and_remembered_as_it_is(
    wishes: list[tuple[str, BookSide, Price, Size]],
) -> None:
    book, books = FlowBook(TICKER), an_open_market()
    for wish, side, price, size in wishes:
        if wish == "take" and size:
            books.apply(book.take(side, price, size))
        elif wish == "show":
            for action in book.show(side, price, size):
                books.apply(action)
        elif wish == "withdraw":
            for action in book.withdraw_side(side):
                books.apply(action)
        for remembered, actual in ((BookSide.BID, books.bids[TICKER]), (BookSide.ASK, books.asks[TICKER])):
            assert {p: s for p, s in book.levels(remembered).items() if s} == actual
            assert book.best(remembered) == (
                None if not actual else max(actual) if remembered is BookSide.BID else min(actual)
            )


def test_an_unchanged_level_is_not_stated_again_but_one_that_was_traded_is() -> None:
    book = FlowBook(TICKER)
    assert len(list(book.show(BookSide.ASK, Price(5_000), Size(1_000)))) == 1
    assert list(book.show(BookSide.ASK, Price(5_000), Size(1_000))) == []
    book.take(BookSide.BID, Price(5_000), Size(400))
    assert list(book.show(BookSide.ASK, Price(5_000), Size(600))) == [
        SetLevel(TICKER, BookSide.ASK, Price(5_000), Size(600))
    ]


def test_restating_a_book_asks_for_every_level_again() -> None:
    book = FlowBook(TICKER)
    levels = [(BookSide.BID, Price(4_900)), (BookSide.ASK, Price(5_000))]
    for side, price in levels:
        list(book.show(side, price, Size(100)))
    assert list(book.restate()) == [SetLevel(TICKER, side, price, Size(100)) for side, price in levels]


def test_a_new_level_withdraws_what_stands_in_its_way_first() -> None:
    book = FlowBook(TICKER)
    list(book.show(BookSide.ASK, Price(5_000), Size(100)))
    actions = list(book.show(BookSide.BID, Price(5_100), Size(200)))
    assert actions == [
        SetLevel(TICKER, BookSide.ASK, Price(5_000), Size(0)),
        SetLevel(TICKER, BookSide.BID, Price(5_100), Size(200)),
    ]


def test_the_sides_are_each_others_opposites() -> None:
    assert [opposite(opposite(side)) for side in BookSide] == list(BookSide)
