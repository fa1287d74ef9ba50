"""Which markets are traded: the busiest that may be, until they are over, and whatever the venue's mood."""

from dataclasses import replace
from fractions import Fraction

import pytest

from edgelock.core.facts import Retired
from edgelock.core.fees import FeeTerms
from edgelock.core.market import MarketStatus
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.position import Position
from edgelock.core.settings import StrategySettings
from edgelock.core.units import Money
from edgelock.kalshi.rest_call import ClockOffset, VenueUnreachable
from edgelock.ops.market_selection import rank
from edgelock.ops.roster import RETURNS_AFTER_NS, Roster
from edgelock.ops.settings import Settings
from tests.actors.trading_doubles import HandClock, Ledger
from tests.core.builders import a_market, a_position, after, an_order, cents
from tests.ops.trading_house import ListedVenue, a_listing

A, B, C = "KXNHLGAME-A", "KXNHLGAME-B", "KXNHLGAME-C"


class Board:
    def __init__(self) -> None:
        self.by_ticker: dict[str, MarketState] = {}

    def state(self, ticker):
        return self.by_ticker.get(ticker)

    def states(self):
        return tuple(self.by_ticker.values())


class RememberingSystem:
    """Stands where the trading system stands: remembers what the roster wants of it."""

    def __init__(self, **selection: object) -> None:
        self.settings = Settings.model_validate({"selection": selection})
        self.clock = HandClock()
        self.boards = self
        self.markets = Board()
        self.records: list = []
        self.told: list = []
        self.traded: list[str] = []

    def tickers(self) -> tuple[str, ...]:
        return tuple(self.traded)

    def record(self, *records) -> None:
        self.records.extend(records)

    def add_market(self, market) -> None:
        self.traded.append(market.ticker)
        self.shows(market.ticker)

    def drop_market(self, ticker) -> None:
        self.traded.remove(ticker)
        del self.markets.by_ticker[ticker]

    def tell_status(self, ticker, fact) -> None:
        self.told.append((ticker, fact))

    def tell_market(self, ticker, fact) -> None:
        self.told.append((ticker, fact))

    def tell_clock_offset(self, offset) -> None:
        self.told.append(("clock", offset))

    def tell_settlement(self, ticker, value) -> None:
        self.told.append((ticker, value))

    def shows(self, ticker, status=MarketStatus.ACTIVE, **changes) -> None:
        """The market's own last state."""
        state = MarketState(
            market=a_market(ticker=ticker, status=status, close_time=after(24 * 3600)),
            settings=StrategySettings(),
            run_mode=RunMode.PAPER,
            order_prefix="t",
            is_recovered=True,
        )
        self.markets.by_ticker[ticker] = replace(state, **changes)

    def actions(self) -> list[str]:
        return [record.action for record in self.records]


def a_roster(venue, system=None, wanted=()) -> tuple[Roster, RememberingSystem]:
    system = system or RememberingSystem()
    return Roster(system, venue, wanted=wanted, poll_s=3600), system


def retired(system) -> list[str]:
    """The markets that were told to exit only, in the order of the telling."""
    return [ticker for ticker, fact in system.told if isinstance(fact, Retired)]


def said(system) -> list[str]:
    return [record.message for record in system.records if record.action == "log"]


# --- ranking ----------------------------------------------------------------------------------------------------


def test_the_busiest_come_first_and_equal_ones_by_ticker():
    listings = [a_listing(A, 10), a_listing(C, 30), a_listing(B, 30)]

    assert [listing.ticker for listing in rank(listings, min_spread=cents(2), most=9)] == [B, C, A]
    assert [listing.ticker for listing in rank(listings, min_spread=cents(2), most=2)] == [B, C]


@pytest.mark.parametrize(
    "unfit",
    [
        a_listing(bid=46, ask=47),
        a_listing(bid=None),
        a_listing(ask=None),
        *(a_listing(status=status) for status in MarketStatus if status is not MarketStatus.ACTIVE),
    ],
)
def test_only_active_two_sided_markets_with_room_between_are_ranked(unfit):
    assert rank([unfit], min_spread=cents(2), most=9) == ()
    assert rank([a_listing(bid=46, ask=48)], min_spread=cents(2), most=9)


# --- adding -----------------------------------------------------------------------------------------------------


def test_it_takes_as_many_as_it_may_and_says_of_each_what_it_trades_with():
    roster, system = a_roster(
        ListedVenue(a_listing(A, 1), a_listing(B, 3), a_listing(C, 2)), RememberingSystem(max_markets_to_trade=2)
    )

    roster.refresh()

    assert system.traded == [B, C]
    assert system.actions() == ["market_add", "startup_check"] * 2
    assert (system.records[0].spread_ticks, system.records[0].family) == (2, "NHL")


def test_the_least_spread_is_a_setting():
    roster, system = a_roster(ListedVenue(a_listing(A)), RememberingSystem(min_spread_c=3))

    roster.refresh()

    assert system.traded == []


def test_a_ranking_that_wobbles_changes_nothing_until_there_is_room():
    venue = ListedVenue(a_listing(A, 1))
    roster, system = a_roster(venue, RememberingSystem(max_markets_to_trade=1))
    roster.refresh()

    venue.list(a_listing(B, 100))
    roster.refresh()
    assert system.traded == [A]
    system.shows(A, MarketStatus.FINALIZED)
    roster.refresh()

    assert system.traded == [B]


def test_a_persons_own_list_is_taken_whole_and_in_its_order():
    venue = ListedVenue(a_listing(A, 1, bid=None), a_listing(B, 3), a_listing(C, 2))
    roster, system = a_roster(venue, RememberingSystem(max_markets_to_trade=1), wanted=(C, A))

    roster.refresh()

    assert system.traded == [C, A]
    assert system.records[2].spread_ticks is None


# --- watching and dropping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [{"position": a_position(10)}, {"orders": (an_order(),)}])
def test_a_market_with_a_position_or_an_order_is_never_dropped(held):
    roster, system = a_roster(ListedVenue(a_listing(A, status=MarketStatus.FINALIZED)), wanted=(A,))
    roster.refresh()
    system.shows(A, MarketStatus.FINALIZED, **held)

    roster.refresh()

    assert system.traded == [A]


@pytest.mark.parametrize("wanted", [(), (A,)])
def test_a_finished_market_is_dropped_with_its_result_and_does_not_come_back(wanted):
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue, wanted=wanted)
    roster.refresh()
    system.shows(A, MarketStatus.FINALIZED, position=Position(realized=Money(1_500_000)))

    roster.refresh()
    venue.listings.clear()  # nor is the venue asked for it, which may have forgotten it
    roster.refresh()

    assert (system.traded, roster.dropped_realized) == ([], 1_500_000)
    assert system.actions() == ["market_add", "startup_check", "market_retire"]
    assert roster.all_over()


def test_a_market_that_is_still_played_is_not_over():
    roster, system = a_roster(ListedVenue(a_listing(A), a_listing(B)))
    roster.refresh()
    assert not roster.all_over()

    system.shows(A, MarketStatus.FINALIZED)
    assert not roster.all_over()
    system.shows(B, MarketStatus.FINALIZED, position=a_position(10))

    assert roster.all_over()


def test_what_the_venue_changed_is_told_once_it_differs():
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()
    roster.refresh()
    assert system.told == []

    venue.list(a_listing(A, close_time=after(60)))
    roster.refresh()

    ((ticker, fact),) = system.told
    assert (ticker, fact.status, fact.close_time) == (A, MarketStatus.ACTIVE, after(60))


def test_a_settlement_that_the_socket_missed_is_read_from_the_list():
    finished = a_listing(A, status=MarketStatus.FINALIZED, settlement_value=cents(100))
    roster, system = a_roster(ListedVenue(finished), wanted=(A,))
    roster.refresh()
    system.shows(A, MarketStatus.FINALIZED, position=a_position(10))

    roster.refresh()

    assert (A, cents(100)) in system.told


def test_the_venues_clock_is_compared_at_every_look():
    venue = ListedVenue()
    venue.offset = ClockOffset(-20, 1010)
    roster, system = a_roster(venue)

    roster.refresh()

    assert system.told == [("clock", ClockOffset(-20, 1010))]


# --- a venue that cannot be read --------------------------------------------------------------------------------


def test_a_venue_that_cannot_be_read_at_the_start_is_the_callers_to_tell():
    venue = ListedVenue(a_listing(A))
    venue.is_down = True

    with pytest.raises(VenueUnreachable):
        a_roster(venue)[0].refresh()


def test_a_venue_that_cannot_be_read_later_is_told_and_nothing_is_dropped():
    venue = ListedVenue(a_listing(A))
    system = RememberingSystem()
    roster = Roster(system, venue, wanted=(), poll_s=0.001)  # type: ignore[arg-type]
    told = Ledger()
    system.record = told
    roster.refresh()
    roster.start()
    venue.is_down = True

    record = told.wait_for("log")
    venue.is_down = False
    venue.list(a_listing(B))
    told.wait_for("market_add", market=B)
    roster.stop()

    assert "could not be read: no answer" in record.message
    assert system.traded == [A, B]


def test_a_market_that_a_reload_no_longer_selects_gets_no_entries_and_is_dropped_when_flat():
    venue = ListedVenue(a_listing(A, 3), a_listing(B, 2))
    roster, system = a_roster(venue, RememberingSystem(max_markets_to_trade=2))
    roster.refresh()
    system.shows(B, position=a_position(10))

    system.settings = Settings.model_validate({"selection": {"max_markets_to_trade": 1}})
    roster.refresh()

    assert [ticker for ticker, fact in system.told if isinstance(fact, Retired)] == [B]
    assert system.traded == [A, B]
    system.shows(B)
    roster.refresh()
    assert system.traded == [A]
    assert system.records[-1].reason == "not selected any more"


def test_a_family_that_is_deselected_is_left_and_a_persons_own_list_never_is():
    nobody = {"selection": {"series": ["NFL"]}}
    for wanted, left in (((), [A]), ((A,), [])):
        roster, system = a_roster(ListedVenue(a_listing(A)), wanted=wanted)
        roster.refresh()
        system.settings = Settings.model_validate(nobody)
        roster.refresh()

        assert [ticker for ticker, fact in system.told if isinstance(fact, Retired)] == left


# --- leaving a market -------------------------------------------------------------------------------------------


def test_a_market_that_is_off_the_venues_list_for_three_looks_exits_only_and_is_dropped_when_flat():
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()
    system.shows(A, position=a_position(10))
    venue.listings.clear()

    roster.refresh()
    roster.refresh()
    patient = retired(system)
    roster.refresh()

    assert (patient, retired(system), system.traded) == ([], [A], [A])
    assert said(system) == [f"{A} is left when it is flat: not listed any more"]
    system.shows(A)
    roster.refresh()
    assert system.traded == []
    assert system.records[-1].reason == "not listed any more"


def test_a_market_that_is_missing_for_a_moment_stays():
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()

    for _ in range(5):
        venue.listings.clear()
        roster.refresh()
        roster.refresh()
        venue.list(a_listing(A))
        roster.refresh()

    assert retired(system) == []


def test_a_market_that_is_being_left_is_left_even_when_its_reason_goes():
    """It was told to exit only, and does not forget that; it comes back afresh."""
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()
    system.shows(A, position=a_position(10))
    system.settings = Settings.model_validate({"selection": {"series": ["NFL"]}})
    roster.refresh()
    system.settings = Settings.model_validate({})
    roster.refresh()

    system.shows(A)
    roster.refresh()
    dropped = list(system.traded)
    roster.refresh()

    assert (dropped, system.traded) == ([], [A]), "not at once: its actor may still be ending"
    assert [r.action for r in system.records if r.action.startswith("market_")] == [
        "market_add",
        "market_retire",
        "market_add",
    ]


def test_a_change_of_fees_is_said_once_and_the_market_stays():
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()
    roster.refresh()
    venue.charged = FeeTerms("quadratic", Fraction(3, 2))

    roster.refresh()
    roster.refresh()

    assert (retired(system), system.traded) == ([], [A])
    assert said(system) == [f"{A} is charged quadratic × 3/2 from now on"]


def test_a_market_whose_fees_nobody_knows_any_more_is_left_for_good_and_named_once():
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()
    venue.charged = FeeTerms("flat", Fraction(1))

    for _ in range(3):
        roster.refresh()

    assert system.traded == []
    assert said(system) == [f"{A} is left when it is flat: its fee_type is now 'flat'", f"{A} is not traded"]


def test_what_the_venue_lists_oddly_is_said_once():
    venue = ListedVenue(a_listing(A))
    venue.odd.append("GET /events (X): status is 'frozen'")
    roster, system = a_roster(venue)

    roster.refresh()
    roster.refresh()

    assert said(system) == venue.odd


# --- the end of a market ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [(), (A,)])
def test_a_market_that_closed_and_was_left_returns_when_the_venue_has_surely_reopened_it(wanted):
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue, wanted=wanted)
    roster.refresh()
    system.shows(A, MarketStatus.CLOSED)
    roster.refresh()
    closed = list(system.traded)

    system.clock.timer.advance(RETURNS_AFTER_NS - 1)
    roster.refresh()
    too_soon = list(system.traded)
    system.clock.timer.advance(1)
    venue.list(a_listing(A, status=MarketStatus.DETERMINED))
    roster.refresh()
    over = list(system.traded)
    venue.list(a_listing(A))
    roster.refresh()

    assert (closed, too_soon, over, system.traded) == ([], [], [], [A])


def test_a_market_that_was_paid_out_never_returns():
    venue = ListedVenue(a_listing(A))
    roster, system = a_roster(venue)
    roster.refresh()
    system.shows(A, MarketStatus.FINALIZED)
    roster.refresh()

    system.clock.timer.advance(10 * RETURNS_AFTER_NS)
    roster.refresh()

    assert system.traded == []


@pytest.mark.parametrize("status", [MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED])
def test_a_result_that_may_still_change_is_not_booked(status):
    roster, system = a_roster(ListedVenue(a_listing(A, status=status, settlement_value=cents(100))), wanted=(A,))
    roster.refresh()
    system.shows(A, status, position=a_position(10))

    roster.refresh()

    assert [told for told in system.told if told == (A, cents(100))] == []


def test_a_scalar_result_is_booked_at_its_own_value_and_only_while_there_is_a_position():
    roster, system = a_roster(
        ListedVenue(a_listing(A, status=MarketStatus.FINALIZED, settlement_value=cents(37))), wanted=(A,)
    )
    roster.refresh()
    system.shows(A, MarketStatus.FINALIZED, position=a_position(-10))
    roster.refresh()

    system.shows(A, MarketStatus.FINALIZED, orders=(an_order(),))
    roster.refresh()

    assert system.told.count((A, cents(37))) == 1
    assert system.traded == [A], "an order that is still known keeps its market"


def test_a_run_with_more_markets_than_it_may_trade_takes_no_other():
    venue = ListedVenue(a_listing(A, 3), a_listing(B, 2))
    roster, system = a_roster(venue, RememberingSystem(max_markets_to_trade=2))
    roster.refresh()
    system.shows(B, position=a_position(10))
    system.settings = Settings.model_validate({"selection": {"max_markets_to_trade": 1}})
    venue.list(a_listing(C, 9))

    roster.refresh()

    assert system.traded == [A, B]


# --- positions from before --------------------------------------------------------------------------------------


def test_a_position_in_a_market_with_unknown_fees_gets_its_actor_and_only_exits():
    venue = ListedVenue(a_listing(A))
    venue.charged = FeeTerms("flat", Fraction(1))
    system = RememberingSystem()
    roster = Roster(system, venue, wanted=(), held=(A,), poll_s=3600)

    roster.refresh()

    assert (system.traded, retired(system)) == ([A], [A])
    assert said(system) == [f"{A} is left when it is flat: its fee_type is now 'flat'"]


def test_a_position_in_a_market_that_the_venue_does_not_list_is_named_once():
    system = RememberingSystem()
    roster = Roster(system, ListedVenue(a_listing(B)), wanted=(), held=(A,), poll_s=3600)

    roster.refresh()
    roster.refresh()

    assert system.traded == [B]
    assert said(system) == [f"{A} is held from before, and the venue does not list it: nobody exits it"]


def test_a_position_from_before_that_was_exited_is_not_taken_up_again():
    system = RememberingSystem(series=["NFL"])
    roster = Roster(system, ListedVenue(a_listing(A, bid=None)), wanted=(), held=(A,), poll_s=3600)
    roster.refresh()
    system.shows(A, position=a_position(10))
    roster.refresh()
    held = list(system.traded)
    system.shows(A)

    for _ in range(3):
        roster.refresh()

    assert (held, system.traded) == ([A], [])
    assert system.actions().count("market_add") == 1


def test_a_market_that_does_not_know_yet_what_it_holds_is_not_taken_for_flat():
    system = RememberingSystem(series=["NFL"])
    roster = Roster(system, ListedVenue(a_listing(A)), wanted=(), held=(A,), poll_s=3600)
    roster.refresh()
    system.shows(A, is_recovered=False)

    roster.refresh()

    assert system.traded == [A]
