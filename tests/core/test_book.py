"""The book holds what the venue said, refuses what it cannot hold, and shows small frozen views."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.book import EMPTY_VIEW, VIEW_DEPTH, Book, BookError, BookView, Level
from edgelock.core.market import Side
from edgelock.core.units import Price, Size

SIDES = st.sampled_from(list(Side))
PRICES = st.integers(1, 30).map(lambda cents: Price(cents * 100))
SIZES = st.integers(1, 500).map(Size)
LADDERS = st.dictionaries(PRICES, SIZES, max_size=10)


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    return tuple(Level(Price(price), Size(size)) for price, size in pairs)


VIEW = BookView(bids=levels((4800, 100), (4700, 50)), asks=levels((5000, 30), (5100, 40)))


@st.composite
def views(draw):
    bids = draw(LADDERS)
    asks = draw(st.dictionaries(PRICES.map(lambda price: Price(price + 3000)), SIZES, max_size=10))
    return Book(map(Level, bids, bids.values()), map(Level, asks, asks.values())).view()


def test_a_view_answers_for_its_touch():
    assert (VIEW.best_bid, VIEW.best_ask) == (4800, 5000)
    assert (VIEW.best(Side.BID), VIEW.best(Side.ASK)) == (4800, 5000)
    assert (VIEW.touch_size(Side.BID), VIEW.touch_size(Side.ASK)) == (100, 30)
    assert VIEW.levels(Side.BID) == VIEW.bids
    assert VIEW.double_mid == 9800
    assert VIEW.is_two_sided


def test_an_empty_side_has_no_touch_and_no_mid():
    assert (EMPTY_VIEW.best_bid, EMPTY_VIEW.best_ask, EMPTY_VIEW.double_mid) == (None, None, None)
    assert EMPTY_VIEW.touch_size(Side.ASK) == 0
    assert BookView(VIEW.bids, ()).double_mid is None
    assert not BookView(VIEW.bids, ()).is_two_sided
    assert not BookView((), VIEW.asks).is_two_sided


@pytest.mark.parametrize("ask", [4800, 4700])
def test_a_crossed_view_is_not_two_sided(ask):
    assert not BookView(VIEW.bids, levels((ask, 1))).is_two_sided


def test_without_takes_our_own_orders_out():
    own = [(Side.BID, Price(4800), Size(100)), (Side.ASK, Price(5000), Size(10)), (Side.ASK, Price(9900), Size(10))]

    assert VIEW.without(own) == BookView(levels((4700, 50)), levels((5000, 20), (5100, 40)))


def test_without_takes_a_level_out_that_shows_less_than_ours():
    assert VIEW.without([(Side.BID, Price(4800), Size(101))]).best_bid == 4700


@given(views(), st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=5))
def test_without_shows_at_every_price_what_others_show(view, own):
    seen = view.without(own)

    for side in Side:
        expected = {}
        for price, size in view.levels(side):
            others = size - sum(s for own_side, p, s in own if own_side is side and p == price)
            if others > 0:
                expected[price] = others
        assert dict(seen.levels(side)) == expected
        assert [p for p, _ in seen.levels(side)] == [p for p, _ in view.levels(side) if p in expected]


@given(views(), st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=5))
def test_without_undoes_adding_our_orders(view, own):
    ladders = {side: dict(view.levels(side)) for side in Side}
    shared = [(side, price, size) for side, price, size in own if price in ladders[side]]
    for side, price, size in shared:
        ladders[side][price] = Size(ladders[side][price] + size)
    with_ours = BookView(
        *(tuple(Level(price, size) for price, size in ladders[side].items()) for side in (Side.BID, Side.ASK))
    )

    assert with_ours.without(shared) == view


@given(st.lists(st.tuples(SIDES, PRICES, st.integers(-500, 500)), max_size=60))
def test_a_book_is_what_its_changes_add_up_to(changes):
    book = Book()
    model: dict[Side, dict[Price, int]] = {Side.BID: {}, Side.ASK: {}}
    for side, price, delta in changes:
        held = model[side].get(price, 0)
        if held + delta < 0:
            with pytest.raises(BookError, match="after a change"):
                book.change(side, price, Size(delta))
        else:
            book.change(side, price, Size(delta))
            model[side][price] = held + delta

    bids = sorted(((p, s) for p, s in model[Side.BID].items() if s), reverse=True)
    asks = sorted((p, s) for p, s in model[Side.ASK].items() if s)
    assert book.levels(Side.BID) == tuple(bids)
    assert book.levels(Side.ASK) == tuple(asks)
    assert book.view() == BookView(tuple(bids[:VIEW_DEPTH]), tuple(asks[:VIEW_DEPTH]))
    assert book.view(depth=1) == BookView(tuple(bids[:1]), tuple(asks[:1]))
    assert book.is_crossed is bool(bids and asks and bids[0][0] >= asks[0][0])
    for side in Side:
        for price in range(0, 3200, 100):
            assert book.size_at(side, Price(price)) == model[side].get(Price(price), 0)


def test_a_snapshot_replaces_everything():
    book = Book(levels((4800, 100)), levels((5000, 30)))

    book.replace(levels((100, 1)), ())

    assert book.view() == BookView(levels((100, 1)), ())


@pytest.mark.parametrize(
    ("bids", "asks", "complaint"),
    [
        (levels((4800, 0)), (), "has size 0"),
        ((), levels((4800, -1)), "has size -1"),
        (levels((4800, 1), (4800, 2)), (), "stated twice"),
        (levels((4800, 1)), levels((4800, 1)), "crossed"),
        (levels((4900, 1)), levels((4800, 1)), "crossed"),
    ],
)
def test_a_snapshot_that_cannot_be_is_refused_and_changes_nothing(bids, asks, complaint):
    book = Book(levels((4800, 100)), levels((5000, 30)))
    before = book.view()

    with pytest.raises(BookError, match=complaint):
        book.replace(bids, asks)
    assert book.view() == before


def test_a_copy_goes_its_own_way():
    book = Book(levels((4800, 100)), levels((5000, 30)))
    copy = book.copy()

    book.change(Side.BID, Price(4800), Size(-100))
    copy.change(Side.ASK, Price(5000), Size(5))

    assert (book.size_at(Side.BID, Price(4800)), copy.size_at(Side.BID, Price(4800))) == (0, 100)
    assert (book.size_at(Side.ASK, Price(5000)), copy.size_at(Side.ASK, Price(5000))) == (30, 35)
