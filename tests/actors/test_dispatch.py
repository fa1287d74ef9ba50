"""What leaves first, and what has to wait: slots, tokens, and whatever makes us safer before whatever does not."""

import pytest

from edgelock.actors.dispatch import BATCH_MAX
from edgelock.actors.messages import FeedNews, GuardMarket, OrderOutcome
from edgelock.actors.order_gateway import Rejected, RenewOrder, ResendOrder
from edgelock.core.facts import IntentRefused
from edgelock.core.guardian import OnQuarantine
from edgelock.core.intents import AmendOrder
from edgelock.core.order import CancelReason
from edgelock.core.rate_limit import CANCEL_COST, ORDER_COST
from edgelock.core.settings import TradingSettings
from edgelock.core.units import SECOND
from tests.actors.door import REDUCE, A, Door, a_cancel, an_entry, an_exit, doors
from tests.core.builders import ASK, HALTED, OPEN, a_market, cents, contracts

MANY = tuple(f"M{number}" for number in range(BATCH_MAX + 2))
WIDE = TradingSettings.model_validate({"risk": {"max_global_inventory_contracts": 10_000}})


@pytest.fixture
def build(tmp_path):
    yield from doors(tmp_path)


def a_wide_door(build, count: int, **arguments) -> Door:
    """A door with so many markets, and limits that let all of them quote."""
    markets = tuple(a_market(ticker=ticker) for ticker in MANY[:count])
    return build(markets=markets, settings=WIDE, **arguments)


def all_rest(door: Door, *tickers: str) -> None:
    """An entry named like its market, resting, in each of them."""
    for ticker in tickers:
        door.submit(an_entry(ticker), ticker=ticker)
        door.venue.ack(ticker)


def in_one_go(door: Door, *wanted) -> None:
    """(ticker, intent): all of these wait, and then there is room for them at once."""
    door.gateway.max_in_flight = 0
    for ticker, wish in wanted:
        door.submit(wish, ticker=ticker)
    door.gateway.max_in_flight = 100
    door.look_again()


# --- slots ------------------------------------------------------------------------------------------------------


def test_entries_leave_one_slot_free_for_what_makes_us_safer(build):
    door = a_wide_door(build, 4)
    door.hold(ticker="M3")
    door.gateway.max_in_flight = 2
    door.submit(an_entry("a"), ticker="M0")
    door.submit(an_entry("b"), ticker="M1")
    assert door.gateway.sent()[1:] == ["place a"]

    door.submit(an_exit("x"), ticker="M3")

    assert door.gateway.sent()[1:] == ["place a", "place x"]
    door.venue.ack("x")
    assert "place b" not in door.gateway.sent()
    door.venue.ack("a")
    assert door.gateway.sent()[-1] == "place b"


def test_an_exit_waits_only_when_every_slot_is_taken(build):
    door = a_wide_door(build, 3)
    door.hold(ticker="M2")
    all_rest(door, "M1")
    door.gateway.max_in_flight = 2
    door.submit(an_entry("a"), ticker="M0")
    door.submit(a_cancel("M1"), ticker="M1")

    door.submit(an_exit("x"), ticker="M2")
    assert "place x" not in door.gateway.sent()
    door.venue.canceled("M1")

    assert door.gateway.sent()[-1] == "place x"


def test_a_batch_takes_one_slot_until_its_last_part_is_over(build):
    door = a_wide_door(build, 4)
    all_rest(door, "M0", "M1")
    in_one_go(door, ("M0", a_cancel("M0")), ("M1", a_cancel("M1")))
    assert door.gateway.batches == [("M0", "M1")]
    door.gateway.max_in_flight = 2

    door.submit(an_entry("c"), ticker="M2")
    assert "place c" not in door.gateway.sent()
    door.venue.canceled("M0")
    assert "place c" not in door.gateway.sent()
    door.venue.canceled("M1")

    assert door.gateway.sent()[-1] == "place c"


# --- what goes first --------------------------------------------------------------------------------------------


def test_cancels_go_first_then_exits_then_prolongations_then_entries(build):
    door = a_wide_door(build, 4)
    all_rest(door, "M0")
    door.hold(ticker="M1", name="h1")
    door.hold(ticker="M2", name="h2")
    door.submit(an_exit("old"), ticker="M1")
    door.venue.ack("old")
    already = len(door.gateway.requests)
    door.gateway.max_in_flight = 0

    door.submit(an_entry("new"), ticker="M3")
    door.gateway.wanted = [("M1", RenewOrder(client_order_id="old"))]
    door.submit(an_exit("x"), ticker="M2")
    door.gateway.wanted = []
    door.submit(a_cancel("M0"), ticker="M0")
    door.gateway.max_in_flight = 100
    door.permit(OPEN, "M0")

    assert door.gateway.sent()[already:] == ["cancel M0", "place x", "renew old", "place new"]


def test_cancels_of_several_markets_are_one_request(build):
    door = a_wide_door(build, 3)
    all_rest(door, "M0", "M1", "M2")

    in_one_go(door, *((ticker, a_cancel(ticker)) for ticker in ("M0", "M1", "M2")))

    assert door.gateway.batches == [("M0", "M1", "M2")]


def test_one_cancel_is_no_batch(build):
    door = a_wide_door(build, 1)
    all_rest(door, "M0")

    door.submit(a_cancel("M0"), ticker="M0")

    assert (door.gateway.sent()[-1], door.gateway.batches) == ("cancel M0", [])


def test_a_batch_is_no_larger_than_the_venue_takes(build):
    door = a_wide_door(build, len(MANY))
    all_rest(door, *MANY)

    in_one_go(door, *((ticker, a_cancel(ticker)) for ticker in MANY))

    assert [len(batch) for batch in door.gateway.batches] == [BATCH_MAX, 2]


def test_a_cancel_that_has_become_pointless_is_in_no_batch(build):
    door = a_wide_door(build, 2)
    all_rest(door, "M0", "M1")
    door.submit(an_entry("other", ASK, 66), ticker="M1")
    door.submit(a_cancel("M1"), ticker="M1")
    door.gateway.max_in_flight = 1
    door.submit(a_cancel("M0"), ticker="M0")
    door.venue.fill("M1", 10)
    already = len(door.gateway.requests)

    door.venue.ack("other")

    assert (door.gateway.sent()[already:], door.gateway.batches) == (["cancel M0"], [])


def test_with_tokens_for_some_cancels_those_are_sent_one_by_one(build):
    no_reserve = TradingSettings.model_validate({"risk": {"exit_token_reserve": 0}})
    markets = tuple(a_market(ticker=ticker) for ticker in MANY[:3])
    door = build(markets=markets, settings=no_reserve, tokens=3 * ORDER_COST + 2 * CANCEL_COST, refill=1)
    all_rest(door, "M0", "M1", "M2")

    in_one_go(door, *((ticker, a_cancel(ticker)) for ticker in ("M0", "M1", "M2")))

    assert door.gateway.batches == []
    assert door.gateway.sent()[3:] == ["cancel M0", "cancel M1"]


# --- tokens -----------------------------------------------------------------------------------------------------


def test_an_exit_behind_a_waiting_entry_of_its_market_does_not_wait(build):
    """The legacy strategy enters while it holds."""
    door = build(tokens=40, refill=10, enforce_gates=False)
    door.hold()
    door.submit(an_exit("u", size=4))
    door.venue.ack("u")  # 20 left, an entry needs 30
    door.submit(an_entry("b", price=40, size=1))

    door.submit(an_exit("x", size=6))

    assert door.gateway.sent()[2:] == ["place x"]
    door.venue.ack("x")
    door.wait(2 * SECOND)
    assert door.gateway.sent()[2:] == ["place x", "place b"]


def test_a_cancel_behind_a_waiting_entry_of_its_market_does_not_wait(build):
    door = build(tokens=30, refill=1)
    door.submit(an_entry("a"))
    door.venue.ack("a")  # 20 left, an entry needs 30
    door.submit(an_entry("b", ASK, 66))

    door.submit(a_cancel("a"))

    assert door.gateway.sent() == ["place a", "cancel a"]


def test_a_command_about_the_waiting_order_itself_does_not_overtake_it(build):
    door = build(tokens=30, refill=10)
    door.submit(an_entry("a"))
    door.venue.ack("a")  # 20 left, an entry needs 30
    door.submit(an_entry("b", ASK, 66))
    door.submit(a_cancel("b"))
    assert door.gateway.sent() == ["place a"]

    door.wait(SECOND)

    assert door.gateway.sent() == ["place a", "place b"]
    door.venue.ack("b")
    assert door.gateway.sent()[-1] == "cancel b"


def test_too_many_requests_empties_the_bucket(build):
    door = build(tokens=1000, refill=10)
    door.submit(an_entry("a"))
    about = {"ticker": A, "client_order_id": "a", "at": door.clock.now()}
    door.venue.say(Rejected(**about, code="too_many_requests", text="slow down", is_judged=False))
    door.venue.done("a")

    door.submit(an_entry("b"))
    assert "place b" not in door.gateway.sent()
    door.wait(2 * SECOND)
    assert "place b" not in door.gateway.sent()
    door.wait(SECOND)

    assert door.gateway.sent()[-1] == "place b"
    assert not [news for news in door.risk.taken() if isinstance(news, OrderOutcome)]  # nobody judged the order


# --- prolongations ----------------------------------------------------------------------------------------------


def held_and_quoted(build) -> Door:
    """One resting entry `a` and one resting exit `x` in the same market."""
    door = build()
    door.hold_and_enter("a")
    door.submit(an_exit("x", size=5))
    door.venue.ack("x")
    door.facts()
    return door


def renewed(door: Door) -> list[str]:
    """What is renewed when both are due."""
    already = len(door.gateway.requests)
    for name in ("a", "x"):
        door.gateway.wanted = [(A, RenewOrder(client_order_id=name))]
        door.look_again()
        door.gateway.wanted = []
        if name in door.gateway.under_way:
            door.venue.done(name)
    return door.gateway.sent()[already:]


def test_entries_and_exits_are_prolonged_while_everything_is_well(build):
    assert renewed(held_and_quoted(build)) == ["renew a", "renew x"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda door: door.permit(REDUCE),
        lambda door: door.tell(FeedNews(A, is_live=False)),
        lambda door: door.clock.timer.advance(5 * SECOND + 1),
    ],
    ids=["not_open", "no_feed", "old_verdict"],
)
def test_exits_are_prolonged_and_entries_are_not(build, spoil):
    door = held_and_quoted(build)

    spoil(door)
    if "a" in door.gateway.under_way:
        door.venue.silent("a")

    assert renewed(door) == ["renew x"]


def test_nothing_is_prolonged_while_the_market_is_halted(build):
    door = held_and_quoted(build)
    door.permit(HALTED)

    assert renewed(door) == []


def test_an_entry_that_the_door_withdraws_is_not_prolonged(build):
    door = held_and_quoted(build)
    already = len(door.gateway.requests)
    door.gateway.max_in_flight = 0
    door.gateway.wanted = [(A, RenewOrder(client_order_id="a"))]
    door.look_again()
    door.gateway.wanted = []

    door.tell(GuardMarket(A, OnQuarantine.KEEP))
    door.gateway.max_in_flight = 4
    door.look_again()

    assert door.gateway.sent()[already:] == ["cancel a"]


def test_a_prolongation_tells_the_market_nothing_and_changes_nothing(build):
    door = held_and_quoted(build)
    before = door.actor._desks[A].ledger

    assert renewed(door) == ["renew a", "renew x"]

    assert (door.facts(), door.actor._desks[A].ledger) == ([], before)


def test_an_order_is_sent_again_only_while_nobody_knows_what_became_of_it(build):
    door = build()
    door.hold()
    door.submit(an_exit("x"))
    door.venue.silent("x")
    door.gateway.wanted = [(A, ResendOrder(client_order_id="x"))]

    door.look_again()
    assert door.gateway.sent()[-1] == "resend x"
    door.venue.ack("x")
    door.look_again()

    assert door.gateway.sent().count("resend x") == 1
    door.gateway.wanted = [(A, ResendOrder(client_order_id="nobody's"))]
    door.look_again()
    assert door.gateway.sent()[-1] == "resend x"


def test_what_is_due_waits_while_its_market_is_busy(build):
    door = held_and_quoted(build)
    door.submit(AmendOrder(client_order_id="x", price=cents(54), size=contracts(5), reason=CancelReason.EXIT))
    door.gateway.wanted = [(A, RenewOrder(client_order_id="a"))]
    door.look_again()
    assert door.gateway.sent()[-1] == "amend x"

    door.venue.amended("x", 54, 5)

    assert door.gateway.sent()[-1] == "renew a"


# --- the gate and the journal -----------------------------------------------------------------------------------


def test_a_refused_entry_costs_no_token_and_no_slot(build):
    door = build(tokens=30, refill=1)
    door.gateway.max_in_flight = 2

    door.submit(an_entry("a", price=49), an_entry("b"))

    assert [fact.limit for fact in door.facts() if isinstance(fact, IntentRefused)] == ["price_gate"]
    assert door.gateway.sent() == ["place b"]
