"""A life of the door that follows on another one, or on another run: what is taken up, refused, and waited for."""

from dataclasses import replace

import pytest

from edgelock.actors.journal import RecordedFill
from edgelock.actors.messages import (
    AddMarket,
    DropMarket,
    GatewayNews,
    GuardMarket,
    MarketNews,
    PositionsToCome,
    ResultRealized,
    ResultsRecovered,
    SettlementNews,
)
from edgelock.actors.order_gateway import Acknowledged, EarlierOrdersOver, GatewayBroken, MarketLoaded
from edgelock.core.facts import IntentRefused, MarketSettled, MarketStatusChanged, Recovered
from edgelock.core.guardian import OnQuarantine
from edgelock.core.intents import PlaceOrder
from edgelock.core.market import MarketStatus
from edgelock.core.order import Kind, OrderState
from edgelock.core.recovery import PaidOut, PastFill, Recorded, Recovery, Swept, recover
from edgelock.core.telemetry import Reconcile
from edgelock.core.units import SECOND, Money, Size, Timestamp
from tests.actors.door import A, B, Door, an_entry, an_exit, doors
from tests.actors.trading_doubles import ObedientGateway
from tests.core.builders import ASK, BID, NOON, a_market, cents, contracts

C = "KXNHLGAME-C"
EARLIER = Timestamp(NOON - 3600 * SECOND)


@pytest.fixture
def build(tmp_path):
    yield from doors(tmp_path)


def a_fill(trade="t1", side=BID, size=10, price=46, at=EARLIER) -> PastFill:
    return PastFill(
        trade_id=trade,
        order_id="earlier-1",
        side=side,
        price=cents(price),
        size=contracts(size),
        fee=Money(0),
        is_taker=False,
        at=at,
    )


def found(*fills: PastFill, known: tuple[PastFill, ...] = (), payout: PaidOut | None = None) -> Recovery:
    net = sum(fill.side.sign * fill.size for fill in fills)
    sweep = Swept(fills=fills, net=Size(0 if payout else net), payout=payout)
    return recover(Recorded(fills=known), sweep, counted_from=NOON)


def a_door_before_loading(build, **arguments) -> Door:
    """Its markets have claimed it and wait for their past."""
    gateway = ObedientGateway()
    gateway.is_loading_slow = True
    return build(gateway=gateway, **arguments)


def results(door: Door) -> dict[str, list[tuple[int, int]]]:
    """What the risk side has counted of each market by now, as times and amounts."""
    counted: dict[str, list[tuple[int, int]]] = {}
    for message in door.risk.taken():
        match message:
            case ResultsRecovered(ticker, found):
                counted[ticker] = list(found)
            case ResultRealized(ticker, at, pnl):
                counted.setdefault(ticker, []).append((at, pnl))
    return counted


# --- its gateway ------------------------------------------------------------------------------------------------


def test_the_gateway_of_the_life_before_is_stopped_before_the_own_one_starts(build):
    before = ObedientGateway()
    door = build(predecessor=before)
    before.log = door.log

    door.actor.on_start()

    assert door.log == ["stop", "start"]


def test_what_the_gateway_of_an_earlier_life_still_still_says_is_refused_and_told_once(build):
    door = build(generation=2)
    door.submit(an_entry("a"))

    door.actor.handle(GatewayNews(GatewayBroken("an order worker: it woke up"), 1))
    about = {"ticker": A, "client_order_id": "a", "at": NOON}
    door.actor.handle(GatewayNews(Acknowledged(**about, venue_order_id="v"), 1))

    assert door.facts() == []
    assert warnings(door) == ["the gateway of life 1 still has news of orders; this is life 2"]
    door.actor.handle(GatewayNews(Acknowledged(**about, venue_order_id="v"), 2))
    assert len(door.facts()) == 1


def test_what_is_told_of_markets_that_a_new_life_does_not_know_does_no_harm(build):
    door = build()

    door.tell(MarketNews("X", MarketStatusChanged(at=NOON, status=MarketStatus.CLOSED, close_time=NOON)))
    door.tell(SettlementNews("X", cents(100), NOON))
    door.tell(DropMarket("X"))
    door.tell(GuardMarket("X", OnQuarantine.CANCEL))
    door.submit(an_entry("a"), ticker="X")
    about = {"ticker": "X", "client_order_id": "a", "at": NOON}
    door.venue.say(Acknowledged(**about, venue_order_id="v"))

    assert door.gateway.sent() == []


def test_an_intent_that_arrives_after_its_market_was_claimed_anew_is_refused_and_counted(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.claim(incarnation=2)

    door.submit(an_entry("late", ASK, 66), incarnation=1)

    assert (door.gateway.sent(), door.board.fenced(A)) == (["place a"], 1)


def warnings(door):
    """What people are told of it, once."""
    return [line.message for line in door.telemetry.records() if getattr(line, "severity", "") == "WARNING"]


def test_people_are_told_once_a_life_that_an_older_one_still_wishes(build):
    door = build()
    for life in (2, 3):
        door.claim(incarnation=life)
        door.submit(an_entry(f"late {life}"), an_entry("other", ASK, 66), incarnation=1)
        door.submit(an_entry(f"later {life}"), incarnation=-1)

    assert warnings(door) == [f"{A}: 2 wishes of a life that was replaced are refused"] * 2
    assert door.board.fenced(A) == 6


# --- what is taken up -------------------------------------------------------------------------------------------


def test_fills_from_before_are_journaled_once_counted_once_and_told_to_people(build):
    door = a_door_before_loading(build)
    recovery = found(a_fill("t1"), a_fill("t2", ASK, 4, 50, at=NOON - SECOND))

    door.venue.say(MarketLoaded(A, recovery))
    door.venue.say(MarketLoaded(A, recovery))

    assert [fill.trade_id for fill in door.journal.fills(A, run="r1")] == ["t1", "t2"]
    assert results(door) == {A: [(NOON - SECOND, 400 * 400)]}
    (record,) = (each for each in door.telemetry.records() if isinstance(each, Reconcile))
    assert (record.found, record.adopted, record.cancelled) == (2, 2, 0)
    assert record.detail == f"{A}: 2 fills from before, net 6.00, vwap 0.4600"
    (recovered,) = door.facts()
    assert isinstance(recovered, Recovered)
    assert (recovered.position.net, recovered.position.opened_at) == (600, EARLIER)


def test_a_fill_that_was_journaled_before_the_death_and_not_counted_is_counted_now(build):
    door = a_door_before_loading(build)
    fill = a_fill("t2", ASK, 4, 50)
    door.journal.record_fill(
        RecordedFill(
            run="r1", ticker=A, client_order_id="earlier-1", trade_id="t2", side=fill.side, price=fill.price,
            size=fill.size, fee=fill.fee, is_taker=False, at=fill.at,
        )
    )  # fmt: skip

    door.venue.say(MarketLoaded(A, found(a_fill("t1", at=EARLIER - SECOND), fill)))

    assert results(door) == {A: [(fill.at, 4 * 400 * 100)]}


def test_the_past_of_a_market_that_nobody_trades_any_more_is_journaled_and_counted(build):
    door = build()
    paid = PaidOut(value=cents(0), fee=Money(0), at=NOON)
    recovery = found(a_fill("t1"), payout=paid)

    door.venue.say(MarketLoaded(C, recovery))
    door.venue.say(MarketLoaded(C, recovery))

    assert [fill.trade_id for fill in door.journal.fills(C, run="r1")] == ["t1"]
    assert results(door)[C] == [(NOON, -4_600_000)]


def test_a_market_that_is_flat_and_has_no_past_is_not_told_of(build):
    door = a_door_before_loading(build)

    door.venue.say(MarketLoaded(A, Recovery()))

    assert door.telemetry.records() == []


def test_with_a_broken_journal_what_was_missed_is_said_and_told_all_the_same(build):
    door = a_door_before_loading(build)
    door.journal.is_broken = True

    door.venue.say(MarketLoaded(A, found(a_fill("t1"), a_fill("t2", ASK, 4, 50))))

    assert [pnl for _, pnl in results(door)[A]] == [4 * 400 * 100]
    said = [record.message for record in door.telemetry.records() if hasattr(record, "message")]
    assert said == [f"fill {trade} not journaled: the disk is full" for trade in ("t1", "t2")]


def test_earlier_orders_that_are_over_have_a_recorded_end(build):
    door = build()
    wish: PlaceOrder = an_entry("earlier-1")
    door.journal.record_intent(run="r0", ticker=A, incarnation=1, intent=wish, at=EARLIER)
    door.journal.record_intent(run="r0", ticker=A, incarnation=1, intent=an_entry("earlier-2"), at=EARLIER)

    door.venue.say(EarlierOrdersOver(frozenset({"earlier-1"})))

    assert [each.intent.client_order_id for each in door.journal.unfinished_intents()] == ["earlier-2"]


def test_an_order_whose_end_is_proven_by_the_lists_is_recorded_with_that_end(build):
    door = a_door_before_loading(build)
    door.journal.record_intent(run="r0", ticker=A, incarnation=1, intent=an_entry("earlier-1"), at=EARLIER)

    door.venue.say(MarketLoaded(A, Recovery(finished=(("earlier-1", OrderState.FILLED),))))

    assert door.journal.unfinished_intents() == ()


# --- payouts ----------------------------------------------------------------------------------------------------


def test_a_payout_is_journaled_and_one_that_came_before_the_past_was_known_waits_for_it(build):
    door = a_door_before_loading(build)
    door.tell(SettlementNews(A, cents(100), NOON))
    assert door.facts() == []

    door.venue.say(MarketLoaded(A, found(a_fill("t1"), known=(a_fill("t1"),))))

    recovered, settled = door.facts()
    assert isinstance(recovered, Recovered)
    assert isinstance(settled, MarketSettled)
    assert [pnl for _, pnl in results(door)[A]] == [5_400_000]


def test_a_market_that_was_paid_out_before_is_not_paid_again(build):
    door = a_door_before_loading(build)
    paid = PaidOut(value=cents(100), fee=Money(0), at=NOON)
    door.venue.say(MarketLoaded(A, found(a_fill("t1"), known=(a_fill("t1"),), payout=paid)))
    door.facts()

    door.tell(SettlementNews(A, cents(100), NOON))

    assert door.facts() == []
    assert [pnl for _, pnl in results(door)[A]] == [5_400_000]


# --- exits before entries ---------------------------------------------------------------------------------------


def held_and_waiting(build) -> Door:
    """A holds 10 from before, B is flat; both are loaded, and nobody has an exit yet."""
    door = a_door_before_loading(build)
    door.venue.say(MarketLoaded(A, found(a_fill("t1"), known=(a_fill("t1"),))))
    door.venue.say(MarketLoaded(B, Recovery()))
    door.facts(A), door.facts(B)
    return door


def refused(door: Door, ticker: str) -> list[str]:
    return [fact.limit for fact in door.facts(ticker) if isinstance(fact, IntentRefused)]


def test_no_entry_leaves_before_every_position_from_before_has_its_exit(build):
    door = held_and_waiting(build)
    door.submit(an_entry("b"), ticker=B)
    assert (refused(door, B), door.board.unarmed()) == (["exits_not_armed"], 1)
    door.submit(an_exit("x"))
    door.submit(an_entry("b2"), ticker=B)
    assert (refused(door, B), door.gateway.sent()) == (["exits_not_armed"], ["place x"])

    door.venue.ack("x")
    door.submit(an_entry("b3"), ticker=B)

    assert (door.gateway.sent(), door.board.unarmed()) == (["place x", "place b3"], 0)


def test_no_entry_leaves_while_a_market_is_not_known_yet(build):
    door = a_door_before_loading(build)
    door.venue.say(MarketLoaded(B, Recovery()))

    door.submit(an_entry("b"), ticker=B)

    assert refused(door, B) == ["exits_not_armed"]


def test_no_entry_leaves_before_the_markets_with_positions_have_been_added(build):
    door = a_door_before_loading(build)
    door.tell(PositionsToCome(frozenset({A, C})))
    door.venue.say(MarketLoaded(A, Recovery()))
    door.venue.say(MarketLoaded(B, Recovery()))
    door.submit(an_entry("b"), ticker=B)
    assert (refused(door, B), door.board.unarmed()) == (["exits_not_armed"], 1)

    door.tell(PositionsToCome(frozenset()))
    door.submit(an_entry("b2"), ticker=B)

    assert door.gateway.sent() == ["place b2"]


def test_once_all_had_their_exits_a_later_position_holds_nobody_back(build):
    door = build()
    door.hold(ticker=A)

    door.submit(an_entry("b"), ticker=B)

    assert door.gateway.sent()[-1] == "place b"


def test_a_trim_is_no_exit_of_the_position(build):
    door = held_and_waiting(build)
    door.submit(an_exit("trim", size=2, kind=Kind.MAE_TRIM))
    door.venue.ack("trim")

    door.submit(an_entry("b"), ticker=B)

    assert refused(door, B) == ["exits_not_armed"]


@pytest.mark.parametrize("refusals", [2, 3])
def test_a_position_whose_exits_the_venue_goes_on_refusing_holds_the_others_back_no_longer(build, refusals):
    door = held_and_waiting(build)
    for number in range(refusals):
        door.submit(an_exit(f"x{number}"))
        door.venue.reject(f"x{number}")

    door.submit(an_entry("b"), ticker=B)

    assert (door.gateway.sent()[-1] == "place b") is (refusals == 3)


def test_a_market_that_takes_no_orders_or_has_no_actor_holds_nobody_back(build):
    door = held_and_waiting(build)
    door.tell(MarketNews(A, MarketStatusChanged(at=NOON, status=MarketStatus.INACTIVE, close_time=NOON)))
    door.submit(an_entry("b"), ticker=B)
    assert door.gateway.sent() == ["place b"]

    door = held_and_waiting(build)
    door.tell(GuardMarket(A, OnQuarantine.KEEP))
    door.submit(an_entry("b"), ticker=B)
    assert door.gateway.sent()[-1] == "place b"


def test_a_position_that_was_left_meanwhile_needs_no_exit(build):
    door = held_and_waiting(build)
    door.tell(SettlementNews(A, cents(100), NOON))

    door.submit(an_entry("b"), ticker=B)

    assert door.gateway.sent() == ["place b"]


def test_a_market_added_later_begins_like_all_others(build):
    door = build()
    door.tell(AddMarket(replace(a_market(ticker=C)), door.markets[A].address))

    door.claim(A, incarnation=1)

    assert [market.ticker for market in door.gateway.markets] == [A, B, C]
