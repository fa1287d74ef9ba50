"""The paper fill model: hand-made scenarios with a known answer, and what must hold in every flow."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.book import Book, Level
from edgelock.core.facts import Print
from edgelock.core.fees import GAME_FEES, fee_schedule
from edgelock.core.fill_model import PaperMarket
from edgelock.core.fill_outcomes import (
    Accepted,
    AmendRefused,
    AmendTaken,
    CancelRefused,
    Outcome,
    PaperFill,
    PlaceRefused,
    Withdrawn,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.order import CancelReason, Kind, Role, TimeInForce
from edgelock.core.price_grid import CENT_GRID, linear_grid
from edgelock.core.units import Price, Size, Timestamp

BID, ASK = Side.BID, Side.ASK
IOC, GTC = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.GOOD_TILL_CANCELED
MARKET = Market(
    ticker="KXNHLGAME-T",
    event_ticker="KXNHLGAME",
    series_ticker="KXNHLGAME",
    family="NHL",
    title="a game",
    grid=CENT_GRID,
    fees=GAME_FEES,
    status=MarketStatus.ACTIVE,
    close_time=Timestamp(10**18),
)


def a_paper_market(**changes) -> PaperMarket:
    return PaperMarket(replace(MARKET, **changes), run="r1")


def a_book(bids=((48, 100), (47, 50)), asks=((50, 30), (51, 40), (53, 20))) -> Book:
    """Prices in cents, sizes in contracts."""
    return Book(
        [Level(Price(p * 100), Size(s * 100)) for p, s in bids],
        [Level(Price(p * 100), Size(s * 100)) for p, s in asks],
    )


def an_order(name="a", side=BID, cents=48, contracts=10, post_only=True, tif=GTC) -> PlaceOrder:
    return PlaceOrder(
        client_order_id=name,
        side=side,
        price=Price(cents * 100),
        size=Size(contracts * 100),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=tif,
        post_only=post_only,
        skew="FLAT",
    )


def an_amendment(name="a", cents=48, contracts=10) -> AmendOrder:
    return AmendOrder(
        client_order_id=name, price=Price(cents * 100), size=Size(contracts * 100), reason=CancelReason.REPLACE
    )


def a_cancel(name="a") -> CancelOrder:
    return CancelOrder(client_order_id=name, reason=CancelReason.QUOTE)


def a_print(cents, contracts, taker=ASK) -> tuple[Print]:
    return (Print("t", Price(cents * 100), Size(contracts * 100), taker),)


def open_ids(paper: PaperMarket) -> tuple[str, ...]:
    return tuple(order.client_order_id for order in paper.resting_orders)


def fills(outcomes: tuple[Outcome, ...]) -> list[tuple[int, int, bool]]:
    """(cents, contracts, is_taker) of every fill."""
    return [(f.price // 100, f.size // 100, f.is_taker) for f in outcomes if isinstance(f, PaperFill)]


def refusal_code(outcomes: tuple[Outcome, ...]) -> str:
    (refused,) = outcomes
    assert isinstance(refused, PlaceRefused | AmendRefused | CancelRefused)
    return refused.code


# --- resting and the queue ---


def test_a_resting_order_waits_behind_what_is_displayed_at_its_price():
    paper = a_paper_market()
    assert paper.place(an_order(), a_book()) == (
        Accepted(client_order_id="a", venue_order_id="paper-r1-KXNHLGAME-T-o1"),
    )

    assert fills(paper.on_prints(a_print(48, 60))) == []
    (fill,) = paper.on_prints(a_print(48, 45))

    assert (fill.size, fill.queue_ahead, fill.trade_id) == (500, 4000, "paper-r1-KXNHLGAME-T-1")
    assert fills(paper.on_prints(a_print(48, 100))) == [(48, 5, False)]
    assert open_ids(paper) == ()


def test_an_order_that_improves_the_book_is_first_in_its_queue():
    paper = a_paper_market()
    paper.place(an_order(cents=49), a_book())

    assert fills(paper.on_prints(a_print(49, 4))) == [(49, 4, False)]


def test_an_ask_mirrors_a_bid():
    paper = a_paper_market()
    paper.place(an_order(side=ASK, cents=50), a_book())

    assert fills(paper.on_prints(a_print(50, 32, taker=BID))) == [(50, 2, False)]
    assert fills(paper.on_prints(a_print(51, 1, taker=BID))) == [(50, 8, False)]


def test_a_print_taken_by_our_own_side_does_not_touch_the_queue():
    paper = a_paper_market()
    paper.place(an_order(cents=49), a_book())

    assert fills(paper.on_prints(a_print(49, 50, taker=BID))) == []


def test_a_print_through_the_price_fills_the_whole_rest_at_our_price():
    paper = a_paper_market()
    paper.place(an_order(), a_book())

    assert fills(paper.on_prints(a_print(47, 1))) == [(48, 10, False)]


def test_a_print_short_of_the_price_fills_nothing():
    paper = a_paper_market()
    paper.place(an_order(cents=47), a_book())

    assert fills(paper.on_prints(a_print(48, 500))) == []


def test_a_display_smaller_than_the_queue_proves_cancellations_ahead():
    paper = a_paper_market()
    paper.place(an_order(), a_book())

    paper.on_book(a_book(bids=((48, 20),)))
    paper.on_book(a_book(bids=((48, 80),)))

    assert fills(paper.on_prints(a_print(48, 25))) == [(48, 5, False)]


def test_a_display_that_still_covers_the_queue_proves_nothing():
    paper = a_paper_market()
    paper.place(an_order(), a_book(bids=((48, 20),)))
    paper.on_book(a_book(bids=((48, 100),)))
    paper.on_book(a_book(bids=((48, 30),)))

    assert fills(paper.on_prints(a_print(48, 20))) == []
    assert fills(paper.on_prints(a_print(48, 1))) == [(48, 1, False)]


def test_the_print_that_explains_a_shrunken_display_is_not_counted_twice():
    paper = a_paper_market()
    paper.place(an_order(), a_book(bids=((48, 30),)))

    paper.on_book(a_book(bids=((47, 50),)))

    assert fills(paper.on_prints(a_print(48, 30))) == []
    assert fills(paper.on_prints(a_print(48, 3))) == [(48, 3, False)]


def test_a_print_told_before_the_shrunken_display_is_not_counted_twice_either():
    paper = a_paper_market()
    paper.place(an_order(), a_book(bids=((48, 30),)))

    paper.on_prints(a_print(48, 20))
    paper.on_book(a_book(bids=((48, 10),)))

    assert fills(paper.on_prints(a_print(48, 10))) == []
    assert fills(paper.on_prints(a_print(48, 1))) == [(48, 1, False)]


def test_two_of_our_orders_at_one_price_share_a_print_the_earlier_first():
    paper = a_paper_market()
    paper.place(an_order("a", cents=49, contracts=5), a_book())
    paper.place(an_order("b", cents=49, contracts=5), a_book())

    outcomes = paper.on_prints(a_print(49, 7))

    assert [(f.client_order_id, f.size) for f in outcomes] == [("a", 500), ("b", 200)]


# --- crossing ---


def test_a_display_through_our_price_fills_us_at_our_price_for_what_is_shown():
    paper = a_paper_market()
    paper.place(an_order(), a_book())

    assert fills(paper.on_book(a_book(bids=((46, 10),), asks=((47, 4), (49, 9))))) == [(48, 4, False)]
    assert fills(paper.on_book(a_book(bids=((46, 10),), asks=((47, 4), (49, 9))))) == []
    assert fills(paper.on_book(a_book(bids=((46, 10),), asks=((47, 5), (48, 9))))) == [(48, 1, False), (48, 5, False)]


def test_a_book_between_two_changes_fills_nobody():
    paper = a_paper_market()
    paper.place(an_order(), a_book())
    book = a_book()
    book.change(ASK, Price(4800), Size(500))

    assert fills(paper.on_book(book)) == []
    book.change(BID, Price(4800), Size(-10_000))
    assert fills(paper.on_book(book)) == [(48, 5, False)]


def test_of_two_crossed_orders_the_more_aggressive_one_is_met_first():
    paper = a_paper_market()
    paper.place(an_order("low", cents=47), a_book())
    paper.place(an_order("high", cents=48), a_book())

    outcomes = paper.on_book(a_book(bids=(), asks=((46, 12),)))

    assert [(f.client_order_id, f.size) for f in outcomes] == [("high", 1000), ("low", 200)]


@pytest.mark.parametrize(("side", "cents"), [(BID, 50), (BID, 60), (ASK, 48), (ASK, 40)])
def test_a_post_only_order_that_would_cross_is_refused(side, cents):
    assert refusal_code(a_paper_market().place(an_order(side=side, cents=cents), a_book())) == "post_only_cross"


def test_a_post_only_order_that_would_cross_our_own_is_refused():
    paper = a_paper_market()
    paper.place(an_order("a", cents=49), a_book())

    assert refusal_code(paper.place(an_order("b", side=ASK, cents=49), a_book())) == "post_only_cross"


def test_a_taker_walks_the_levels_up_to_its_limit_and_an_immediate_one_leaves():
    outcomes = a_paper_market().place(an_order(cents=51, contracts=100, post_only=False, tif=IOC), a_book())

    assert fills(outcomes) == [(50, 30, True), (51, 40, True)]
    assert isinstance(outcomes[0], Accepted)
    assert outcomes[-1] == Withdrawn(client_order_id="a", reason="unfilled")


def test_a_fully_filled_taker_is_not_withdrawn():
    outcomes = a_paper_market().place(an_order(side=ASK, cents=47, contracts=120, post_only=False, tif=IOC), a_book())

    assert fills(outcomes) == [(48, 100, True), (47, 20, True)]
    assert not any(isinstance(o, Withdrawn) for o in outcomes)


def test_the_rest_of_a_crossing_order_that_may_wait_rests_at_its_limit():
    paper = a_paper_market()

    assert fills(paper.place(an_order(cents=50, contracts=40, post_only=False), a_book())) == [(50, 30, True)]
    assert fills(paper.on_book(a_book())) == []
    assert fills(paper.on_prints(a_print(50, 3))) == [(50, 3, False)]


def test_displayed_contracts_are_taken_once_until_the_level_is_refreshed():
    paper = a_paper_market()

    def taken(name, book):
        return fills(paper.place(an_order(name, cents=50, contracts=20, post_only=False, tif=IOC), book))

    assert taken("a", a_book()) == [(50, 20, True)]
    assert taken("b", a_book()) == [(50, 10, True)]
    assert taken("c", a_book()) == []
    paper.on_book(a_book(asks=((50, 35),)))
    assert taken("d", a_book(asks=((50, 35),))) == [(50, 5, True)]
    paper.on_book(a_book(asks=((51, 40),)))
    paper.on_book(a_book())
    assert taken("e", a_book()) == [(50, 20, True)]


def test_a_taker_stops_before_our_own_order_and_its_rest_is_cancelled():
    paper = a_paper_market()
    book = a_book(bids=((48, 100),), asks=((52, 5),))
    paper.place(an_order("own", side=ASK, cents=51), book)
    thin = a_book(bids=((48, 100),), asks=((50, 5), (52, 5)))

    outcomes = paper.place(an_order("taker", cents=52, contracts=20, post_only=False), thin)

    assert fills(outcomes) == [(50, 5, True)]
    assert outcomes[-1] == Withdrawn(client_order_id="taker", reason="self_trade")
    assert open_ids(paper) == ("own",)


def test_an_immediate_order_that_crosses_nothing_leaves_at_once():
    outcomes = a_paper_market().place(an_order(post_only=False, tif=IOC), a_book())

    assert [type(o) for o in outcomes] == [Accepted, Withdrawn]


# --- amending and cancelling ---


def test_a_smaller_size_keeps_its_place_in_the_queue():
    paper = a_paper_market()
    paper.place(an_order(), a_book())
    paper.on_prints(a_print(48, 100))

    assert paper.amend(an_amendment(contracts=4), a_book()) == (
        AmendTaken(client_order_id="a", price=Price(4800), size=Size(400)),
    )
    assert fills(paper.on_prints(a_print(48, 50))) == [(48, 4, False)]


@pytest.mark.parametrize(("cents", "contracts", "ahead"), [(48, 12, 100), (47, 10, 50)])
def test_another_price_or_a_larger_size_goes_to_the_back_of_the_queue(cents, contracts, ahead):
    paper = a_paper_market()
    paper.place(an_order(), a_book())
    paper.on_prints(a_print(48, 100))

    paper.amend(an_amendment(cents=cents, contracts=contracts), a_book())

    assert fills(paper.on_prints(a_print(cents, ahead))) == []
    assert fills(paper.on_prints(a_print(cents, 1))) == [(cents, 1, False)]


def test_an_amended_size_counts_what_is_filled_already():
    paper = a_paper_market()
    paper.place(an_order(cents=49), a_book())
    paper.on_prints(a_print(49, 6))

    assert refusal_code(paper.amend(an_amendment(cents=49, contracts=5), a_book())) == "invalid_order_size"
    assert isinstance(paper.amend(an_amendment(cents=49, contracts=6), a_book())[0], AmendTaken)
    assert open_ids(paper) == ()


def test_an_amendment_that_crosses_trades_as_taker_unless_it_is_post_only():
    paper = a_paper_market()
    paper.place(an_order("maker"), a_book())
    paper.place(an_order("taker", post_only=False), a_book())

    assert refusal_code(paper.amend(an_amendment("maker", cents=50), a_book())) == "post_only_cross"
    assert fills(paper.amend(an_amendment("taker", cents=50), a_book())) == [(50, 10, True)]
    assert open_ids(paper) == ("maker",)


def test_a_refused_amendment_leaves_the_order_as_it_was():
    paper = a_paper_market()
    paper.place(an_order(cents=49), a_book())

    assert refusal_code(paper.amend(replace(an_amendment(), price=Price(4850)), a_book())) == "invalid_price"
    assert fills(paper.on_prints(a_print(49, 2))) == [(49, 2, False)]


def test_what_is_not_there_is_not_found():
    paper = a_paper_market()
    paper.place(an_order(), a_book())

    assert paper.cancel(a_cancel()) == (Withdrawn(client_order_id="a", reason="asked"),)
    assert refusal_code(paper.cancel(a_cancel())) == "not_found"
    assert refusal_code(paper.amend(an_amendment(), a_book())) == "not_found"
    assert fills(paper.on_prints(a_print(40, 500))) == []


# --- refusals ---


def test_a_client_order_id_is_used_once():
    paper = a_paper_market()
    paper.place(an_order(), a_book())
    paper.cancel(a_cancel())

    assert refusal_code(paper.place(an_order(), a_book())) == "order_already_exists"


def test_an_order_without_size_or_off_the_grid_is_refused():
    paper = a_paper_market()

    assert refusal_code(paper.place(an_order(contracts=0), a_book())) == "invalid_order_size"
    assert refusal_code(paper.place(replace(an_order(), price=Price(4850)), a_book())) == "invalid_price"
    paper.on_grid(linear_grid(Price(50)))
    assert isinstance(paper.place(replace(an_order(), price=Price(4850)), a_book())[0], Accepted)


def test_a_pause_refuses_orders_and_leaves_the_resting_ones():
    paper = a_paper_market()
    paper.place(an_order(), a_book())

    assert paper.on_status(MarketStatus.INACTIVE) == ()
    assert refusal_code(paper.place(an_order("b"), a_book())) == "trading_is_paused"
    assert open_ids(paper) == ("a",)
    assert paper.on_status(MarketStatus.ACTIVE) == ()
    assert isinstance(paper.place(an_order("b"), a_book())[0], Accepted)


@pytest.mark.parametrize("status", [s for s in MarketStatus if s.is_over])
def test_the_end_of_a_market_takes_its_orders_off_the_book(status):
    paper = a_paper_market()
    paper.place(an_order(), a_book())

    assert paper.on_status(status) == (Withdrawn(client_order_id="a", reason="market_over"),)
    assert refusal_code(paper.place(an_order("b"), a_book())) == "market_inactive"


# --- fees ---


def test_a_taker_pays_the_taker_rate_on_each_level():
    outcomes = a_paper_market().place(
        an_order(cents=53, contracts=2, post_only=False, tif=IOC), a_book(bids=(), asks=((52, 1), (53, 1)))
    )

    # Venue reference §9.3: 0.52 x 1 taker costs 0.0175; 0.53 x 1 is 0.017437, up to the next 0.0001.
    assert [fill.fee for fill in outcomes if isinstance(fill, PaperFill)] == [17_500, 17_500]


def test_changed_fees_are_charged_from_then_on():
    paper = a_paper_market()
    paper.place(an_order(cents=48, contracts=2), a_book())
    paper.on_fees(fee_schedule("quadratic", Fraction(1)))

    assert [fill.fee for fill in paper.on_prints(a_print(40, 1))] == [0]


@pytest.mark.parametrize(("side", "taker"), [(BID, ASK), (ASK, BID)])
def test_a_maker_pays_the_maker_rate_and_gets_gathered_rounding_back(side, taker):
    paper = a_paper_market()
    paper.place(an_order(side=side, cents=50, contracts=4), a_book(bids=(), asks=()))

    # Venue reference §9.3: 0.50 x 1 maker costs 0.0044 of a model of 0.004375; the fourth rounding fills a step.
    assert [f.fee for _ in range(4) for f in paper.on_prints(a_print(50, 1, taker))] == [4_400, 4_400, 4_400, 4_300]


# --- what must hold in every flow ---

CENTS = st.integers(40, 60)
CONTRACTS = st.integers(1, 30)
SIDES = st.sampled_from([BID, ASK])


@st.composite
def books(draw):
    touch = draw(st.integers(42, 58))
    bids = draw(st.dictionaries(st.integers(40, touch - 1), CONTRACTS, max_size=4))
    asks = draw(st.dictionaries(st.integers(touch, 60), CONTRACTS, max_size=4))
    return a_book(tuple(bids.items()), tuple(asks.items()))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("book"), books()),
        st.tuples(st.just("print"), CENTS, CONTRACTS, SIDES),
        st.tuples(st.just("place"), SIDES, CENTS, CONTRACTS, st.booleans(), st.sampled_from([IOC, GTC])),
        st.tuples(st.just("amend"), st.integers(0, 5), CENTS, CONTRACTS),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
    ),
    max_size=40,
)


@given(STEPS)
def test_no_flow_fills_an_order_beyond_its_limit_its_size_or_what_was_there(steps):
    paper, book = a_paper_market(), a_book()
    limits: dict[str, tuple[Side, Price, Size]] = {}
    filled: dict[str, int] = {}
    trade_ids: list[str] = []
    for number, step in enumerate(steps):
        resting_before = {name: limits[name] for name in open_ids(paper)}
        if step[0] == "book":
            book = step[1]
            outcomes = paper.on_book(book)
            at_most = sum(level.size for side in (BID, ASK) for level in book.levels(side))
        elif step[0] == "print":
            _, cents, contracts, taker = step
            outcomes = paper.on_prints(a_print(cents, contracts, taker))
            through = sum(
                size - filled.get(name, 0)
                for name, (side, price, size) in resting_before.items()
                if side is taker.opposite and side.sign * (price - cents * 100) > 0
            )
            at_most = contracts * 100 + through
        elif step[0] == "place":
            _, side, cents, contracts, post_only, tif = step
            order = an_order(f"o{number}", side, cents, contracts, post_only and tif is GTC, tif)
            outcomes = paper.place(order, book)
            if isinstance(outcomes[0], Accepted):
                limits[order.client_order_id] = (side, order.price, order.size)
            at_most = sum(level.size for level in book.levels(side.opposite))
        elif step[0] == "amend":
            names = open_ids(paper)
            name = names[step[1] % len(names)] if names else "none"
            outcomes = paper.amend(an_amendment(name, step[2], step[3]), book)
            if isinstance(outcomes[0], AmendTaken):
                limits[name] = (limits[name][0], outcomes[0].price, outcomes[0].size)
            at_most = sum(level.size for side in (BID, ASK) for level in book.levels(side))
        else:
            names = open_ids(paper)
            outcomes = paper.cancel(a_cancel(names[step[1] % len(names)] if names else "none"))
            at_most = 0
        for fill in (o for o in outcomes if isinstance(o, PaperFill)):
            side, limit, size = limits[fill.client_order_id]
            filled[fill.client_order_id] = filled.get(fill.client_order_id, 0) + fill.size
            trade_ids.append(fill.trade_id)
            at_most -= fill.size
            assert fill.size > 0
            assert filled[fill.client_order_id] <= size
            assert side.sign * (limit - fill.price) >= 0
            assert fill.is_taker or fill.price == limit
            assert fill.fee >= 0
            assert fill.is_taker is (fill.queue_ahead is None)
            assert fill.queue_ahead is None or fill.queue_ahead >= 0
        assert at_most >= 0
        assert all(filled.get(name, 0) < limits[name][2] for name in open_ids(paper))
    assert len(set(trade_ids)) == len(trade_ids)


@given(st.lists(st.tuples(CENTS, CONTRACTS), max_size=20), books())
def test_takers_never_take_more_than_an_unchanged_book_displays(takers, book):
    paper = a_paper_market()
    taken: dict[int, int] = {}
    for number, (cents, contracts) in enumerate(takers):
        for fill in paper.place(an_order(f"o{number}", BID, cents, contracts, False, IOC), book):
            if isinstance(fill, PaperFill):
                taken[fill.price] = taken.get(fill.price, 0) + fill.size
        paper.on_book(book)

    assert all(size <= book.size_at(ASK, Price(price)) for price, size in taken.items())


@given(st.lists(st.tuples(st.booleans(), CONTRACTS), max_size=30))
def test_prints_at_the_price_fill_exactly_what_exceeds_the_queue(prints):
    """With a display that never changes, the order gets what the prints bring beyond the 20 displayed."""
    paper = a_paper_market()
    paper.place(an_order(contracts=500), a_book(bids=((48, 20),)))
    got = 0
    for _, contracts in prints:
        got += sum(f.size for f in paper.on_prints(a_print(48, contracts)))

    assert got == min(max(sum(c for _, c in prints) - 20, 0), 500) * 100
