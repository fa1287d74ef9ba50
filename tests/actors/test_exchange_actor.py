"""The door to the venue's orders: in order, fenced, gated, durable before sent, and honest about what it knows."""

import pytest

from edgelock.actors.closing import CLOSE_RETRY_NS
from edgelock.actors.journal import Journal
from edgelock.actors.messages import (
    AddMarket,
    CancelSent,
    DropMarket,
    FeedNews,
    GuardMarket,
    MarketNews,
    OrderOutcome,
    ResultRealized,
    SettingsNews,
    SettlementNews,
    Tick,
)
from edgelock.core.facts import (
    IntentRefused,
    MarketSettled,
    MarketStatusChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderUnanswered,
    Recovered,
    TimePassed,
)
from edgelock.core.guardian import OnQuarantine
from edgelock.core.intents import AmendOrder, CancelOrder
from edgelock.core.market import MarketStatus
from edgelock.core.order import CancelReason, Kind, OrderState, TimeInForce
from edgelock.core.settings import TradingSettings
from edgelock.core.units import SECOND
from tests.actors.door import REDUCE, A, B, a_cancel, an_entry, an_exit, doors
from tests.actors.trading_doubles import two_markets
from tests.core.builders import ASK, BID, HALTED, NOON, cents, contracts

LIMIT_S = 5


@pytest.fixture
def build(tmp_path):
    yield from doors(tmp_path)


# --- order ------------------------------------------------------------------------------------------------------


def test_one_command_per_market_is_in_flight_and_the_next_goes_in_order(build):
    door = build()

    door.submit(an_entry("a"), an_entry("b", ASK, 66))
    assert door.gateway.sent() == ["place a"]
    door.venue.ack("a")
    assert door.gateway.sent() == ["place a", "place b"]
    door.submit(a_cancel("a"))
    assert door.gateway.sent() == ["place a", "place b"]
    door.venue.reject("b")

    assert door.gateway.sent() == ["place a", "place b", "cancel a"]


def test_a_fill_is_not_the_answer_that_frees_the_way(build):
    door = build()
    door.submit(an_entry("a"), an_entry("b", ASK, 66))

    door.venue.fill("a", 4)

    assert door.gateway.sent() == ["place a"]


def test_a_slow_market_does_not_hold_another_one(build):
    door = build()
    door.submit(an_entry("a"))

    door.submit(an_entry("b"), ticker=B)

    assert door.gateway.sent() == ["place a", "place b"]


def test_cancels_and_exits_of_all_markets_go_before_entries(build):
    door = build(tokens=40, refill=10)
    door.hold(ticker=B, name="held")
    for name in ("w", "x", "y"):
        door.submit(an_exit(name, size=2), ticker=B)
        door.venue.ack(name)
    door.submit(an_entry("a"))
    door.submit(an_exit("z", size=2), ticker=B)

    door.wait(4 * SECOND)  # one pump, with tokens for everything

    assert door.gateway.sent()[-2:] == ["place z", "place a"]


def test_what_became_of_an_order_is_told_with_dense_numbers(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.venue.fill("a", 4)
    door.submit(a_cancel("a"))
    door.venue.canceled("a")

    facts = door.facts()
    assert [type(fact) for fact in facts] == [OrderAcknowledged, OrderFilled, OrderCanceled]
    assert [fact.sequence for fact in facts] == [1, 2, 3]
    assert facts[2].reason is None


def test_a_cancel_of_an_order_that_ended_meanwhile_is_not_sent(build):
    door = build()
    door.submit(an_entry("a"))
    door.submit(a_cancel("a"))

    door.venue.fill("a", 10)
    door.venue.ack("a")

    assert door.gateway.sent() == ["place a"]


def test_an_amendment_is_sent_and_its_answer_is_told(build):
    door = build()
    door.hold()
    door.submit(an_exit("x"))
    door.venue.ack("x")
    wish = AmendOrder(client_order_id="x", price=cents(54), size=contracts(10), reason=CancelReason.EXIT)

    door.submit(wish)
    door.venue.amended("x", 54, 10)

    assert door.gateway.sent()[-1] == "amend x"
    assert door.facts()[-1].price == cents(54)


# --- incarnations -----------------------------------------------------------------------------------------------


def test_intents_of_an_older_life_are_refused_and_counted(build):
    door = build()
    door.claim(incarnation=2)

    door.submit(an_entry("a"), an_entry("b", ASK, 66), incarnation=1)

    assert (door.gateway.sent(), door.board.fenced(A)) == ([], 2)


def test_intents_of_a_life_that_did_not_claim_are_refused(build):
    door = build()

    door.submit(an_entry("a"), incarnation=2)

    assert (door.gateway.sent(), door.board.fenced(A)) == ([], 1)


def test_what_an_older_life_still_wanted_is_refused_at_the_claim_and_counted(build):
    door = build()
    door.submit(an_entry("a"), an_entry("b", ASK, 66))

    door.claim(incarnation=2)
    door.venue.ack("a")

    assert (door.gateway.sent(), door.board.fenced(A)) == (["place a"], 1)


def test_a_late_claim_of_an_older_life_changes_nothing(build):
    door = build()
    door.claim(incarnation=2)
    door.facts()

    door.claim(incarnation=1)
    door.submit(an_entry("a"), incarnation=2)

    assert (door.facts(), door.gateway.sent()) == ([], ["place a"])


def test_a_claim_is_answered_with_what_is_on_record(build):
    door = build()
    door.hold(4, name="e")
    door.submit(an_exit("x", size=4))
    door.venue.ack("x")
    trim = an_exit("m", size=4, kind=Kind.MAE_TRIM, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    door.submit(a_cancel("x", CancelReason.EXIT))
    door.venue.canceled("x")
    door.submit(trim)
    door.facts()

    door.claim(incarnation=2)

    (record,) = door.facts()
    assert isinstance(record, Recovered)
    assert (record.sequence, record.position.net, record.last_trim_at) == (4, contracts(4), NOON)
    states = {order.client_order_id: order.state for order in record.orders}
    assert states == {"e": OrderState.FILLED, "x": OrderState.CANCELED, "m": OrderState.PLACING}


def test_an_answer_that_was_under_way_at_the_claim_is_told_to_the_new_life(build):
    door = build()
    door.submit(an_entry("a"))
    door.claim(incarnation=2)
    door.facts()

    door.venue.ack("a")

    assert [fact.sequence for fact in door.facts()] == [1]


# --- the last gate ----------------------------------------------------------------------------------------------

CLOSED = MarketStatusChanged(at=NOON, status=MarketStatus.CLOSED, close_time=NOON)
NARROW = TradingSettings.model_validate(
    {
        "strategy": {"max_inventory_per_market": 15},
        "risk": {"max_order_notional_usd": 8, "max_global_inventory_contracts": 25},
    }
)


@pytest.mark.parametrize(
    ("limit", "prepare", "wish"),
    [
        ("permit", lambda door: door.permit(REDUCE), an_entry("a")),
        ("halted", lambda door: door.permit(HALTED), an_exit("a")),
        ("feed", lambda door: door.tell(FeedNews(A, is_live=False)), an_entry("a")),
        ("market_status", lambda door: door.tell(MarketNews(A, CLOSED)), an_entry("a")),
        ("price_gate", None, an_entry("a", price=49)),
        ("price_gate", None, an_entry("a", ASK, 64)),
        ("one_entry_per_side", lambda door: door.submit(an_entry("first", size=1)), an_entry("a", size=1)),
        ("order_notional", None, an_entry("a", size=20, price=45)),
        ("inventory_market", lambda door: door.hold(10), an_entry("a")),
        ("inventory_global", lambda door: (door.hold(10, B, "h"), door.hold(6)), an_entry("a", size=9, price=45)),
        ("exit_exceeds_position", lambda door: door.hold(10), an_exit("a", size=11)),
        ("exit_exceeds_position", None, an_exit("a", size=1)),
        ("order_group", lambda door: setattr(door.gateway, "takes_entries", False), an_entry("a")),
        ("not_flat", lambda door: door.hold(1), an_entry("a", price=40)),
    ],
)
def test_every_limit_refuses_at_the_gate_and_the_market_is_told_which(build, limit, prepare, wish):
    settings = NARROW
    if limit == "inventory_global":
        settings = TradingSettings.model_validate(
            {"risk": {"max_order_notional_usd": 8, "max_global_inventory_contracts": 18}}
        )
    door = build(settings=settings)
    if prepare is not None:
        prepare(door)
    if limit == "one_entry_per_side":
        door.venue.ack("first")
    door.facts()

    door.submit(wish)

    (refused,) = door.facts()
    assert isinstance(refused, IntentRefused)
    assert (refused.limit, refused.intent) == (limit, wish)
    assert "place a" not in door.gateway.sent()
    assert door.gateway.open_orders() == () or limit == "one_entry_per_side"


def test_limits_count_orders_of_which_nothing_was_heard(build):
    door = build(settings=NARROW)
    door.submit(an_entry("u"), an_entry("a"))

    door.venue.silent("u")

    facts = door.facts()
    assert [type(fact) for fact in facts] == [OrderUnanswered, IntentRefused]
    assert facts[1].limit == "one_entry_per_side"


def test_new_limits_hold_from_the_moment_they_are_told(build):
    door = build()
    settings = TradingSettings.model_validate({"risk": {"max_order_notional_usd": 1}})

    door.tell(SettingsNews(settings))
    door.submit(an_entry("a"))

    assert [fact.limit for fact in door.facts()] == ["order_notional"]


def test_a_permit_that_was_not_renewed_closes_entries_and_lets_exits_and_cancels_pass(build):
    door = build()
    door.hold_and_enter("b")
    door.clock.timer.advance(LIMIT_S * SECOND + 1)
    door.facts()

    door.submit(an_entry("a", ASK, 66), an_exit("x"), a_cancel("b"))
    door.venue.ack("x")

    assert door.gateway.sent()[-2:] == ["place x", "cancel b"]
    assert [fact.limit for fact in door.facts() if isinstance(fact, IntentRefused)] == ["permit"]


def test_a_permit_at_the_end_of_its_life_still_holds(build):
    door = build()
    door.clock.timer.advance(LIMIT_S * SECOND)

    door.submit(an_entry("a"))

    assert door.gateway.sent() == ["place a"]


def test_nobody_enters_before_the_risk_side_has_spoken(build):
    door = build(permit=None)

    door.submit(an_entry("a"))

    assert [fact.limit for fact in door.facts()] == ["permit"]


def test_a_verdict_that_falls_while_an_entry_waits_refuses_it(build):
    door = build()
    door.submit(an_entry("a"), an_entry("b", ASK, 66))

    door.permit(REDUCE)
    door.venue.ack("a")

    assert [fact.limit for fact in door.facts() if isinstance(fact, IntentRefused)] == ["permit"]
    assert "place b" not in door.gateway.sent()


def test_a_kill_withdraws_entries_at_the_door_even_when_the_market_does_not(build):
    """A market that is hung, or between two lives, would leave its entry on the book."""
    door = build()
    door.hold_and_enter("a")
    door.submit(an_exit("x"))
    door.venue.ack("x")

    door.permit(REDUCE)
    door.permit(REDUCE)

    assert door.gateway.sent() == ["place a", "place x", "cancel a"]


@pytest.mark.parametrize(
    ("policy", "canceled"), [(OnQuarantine.KEEP, ["cancel a"]), (OnQuarantine.CANCEL, ["cancel a", "cancel x"])]
)
def test_a_quarantined_market_leaves_no_entry_on_the_book_and_its_exits_by_policy(build, policy, canceled):
    door = build()
    door.hold_and_enter("a")
    door.submit(an_exit("x"))
    door.venue.ack("x")

    door.tell(GuardMarket(A, policy))
    if policy is OnQuarantine.CANCEL:
        door.venue.canceled("a")

    assert door.gateway.sent()[2:] == canceled


def test_an_amendment_that_could_flip_the_position_is_refused_and_leaves_the_order_resting(build):
    door = build()
    door.hold()
    door.submit(an_exit("x"))
    door.venue.ack("x")

    too_much = AmendOrder(client_order_id="x", price=cents(55), size=contracts(11), reason=CancelReason.EXIT)
    door.submit(too_much)

    assert [fact.limit for fact in door.facts() if isinstance(fact, IntentRefused)] == ["exit_exceeds_position"]
    assert "amend x" not in door.gateway.sent()
    door.submit(CancelOrder(client_order_id="x", reason=CancelReason.EXIT))
    assert door.gateway.sent()[-1] == "cancel x"


# --- tokens -----------------------------------------------------------------------------------------------------


def test_entries_wait_for_tokens_while_exits_use_the_reserve_and_it_is_told_once(build):
    door = build(tokens=40, refill=10)
    door.hold()
    door.submit(an_exit("b", size=4))
    door.venue.ack("b")  # 20 left
    door.submit(an_entry("c"), ticker=B)
    door.submit(an_exit("x", size=6))

    assert door.gateway.sent() == ["place entry", "place b", "place x"]
    door.wait(SECOND - 1)
    assert "place c" not in door.gateway.sent()
    door.wait(2 * SECOND)
    assert door.gateway.sent()[-1] == "place c"
    (limited,) = door.telemetry.records()
    assert (limited.action, limited.market, limited.what, limited.wait_s) == ("rate_limited", B, "entry", SECOND)


def test_an_exit_without_tokens_is_due_before_an_entry_that_waits_already(build):
    door = build(tokens=30, refill=10)
    door.hold()
    door.submit(an_exit("x", size=4))
    door.venue.ack("x")
    door.submit(an_exit("y", size=4))
    door.venue.ack("y")  # nothing left
    door.submit(an_entry("c"), ticker=B)
    door.submit(an_exit("z", size=2))

    door.wait(SECOND)

    assert door.gateway.sent()[-1] == "place z"
    assert len(door.telemetry.records()) == 1


def test_a_cancel_costs_less_than_an_order(build):
    door = build(tokens=32, refill=1)
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.submit(an_entry("b", ASK, 66))
    assert door.gateway.sent() == ["place a"]  # 22 left, 30 needed

    door.submit(a_cancel("a"))
    door.claim(incarnation=2)
    door.submit(a_cancel("a"), incarnation=2)

    assert door.gateway.sent() == ["place a", "cancel a"]


# --- the journal ------------------------------------------------------------------------------------------------


def test_an_order_is_durable_before_it_is_sent(build):
    door = build()

    door.submit(an_entry("a"))

    assert door.log == ["durable a", "place a"]
    (recorded,) = door.journal.unfinished_intents()
    assert (recorded.ticker, recorded.incarnation, recorded.intent) == (A, 1, an_entry("a"))


def test_without_a_journal_entries_are_refused_and_exits_and_cancels_are_sent(build):
    door = build()
    door.hold_and_enter("b")
    door.facts()
    door.journal.is_broken = True

    door.submit(an_entry("a"), ticker=B)
    door.submit(an_exit("x"), a_cancel("b"))
    door.venue.ack("x")

    assert door.gateway.sent()[-2:] == ["place x", "cancel b"]
    assert [fact.limit for fact in door.facts(B)] == ["journal"]
    assert [record.message for record in door.telemetry.records()] == ["order not journaled: the disk is full"] * 2


def test_a_fill_is_told_even_when_it_cannot_be_journaled(build):
    door = build()
    door.submit(an_entry("a"))
    door.journal.is_broken = True

    door.venue.fill("a", 10)

    (fill,) = door.facts()
    assert isinstance(fill, OrderFilled)
    assert "fill x1 not journaled" in door.telemetry.records()[0].message


def test_fills_and_ends_are_on_record(build, tmp_path):
    door = build()
    door.submit(an_entry("a"), an_entry("b", ASK, 66))
    door.venue.ack("a")
    door.venue.fill("a", 10)
    door.venue.reject("b")

    other = Journal(tmp_path / "0")
    fills, unfinished = other.fills(A, run="r1"), other.unfinished_intents()
    other.close()

    assert [(fill.trade_id, fill.side, fill.size) for fill in fills] == [("x1", BID, contracts(10))]
    assert unfinished == ()


# --- what is known ----------------------------------------------------------------------------------------------


def test_a_fill_told_twice_counts_once(build):
    door = build()
    door.submit(an_entry("a"))

    door.venue.fill("a", 4)
    door.venue.fill("a", 4)

    assert [type(fact) for fact in door.facts()] == [OrderFilled]
    assert door.board.fills() == 1


@pytest.mark.parametrize("answer", ["silent", "not_found"])
def test_an_answer_that_proves_nothing_never_ends_an_order(build, answer):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.submit(a_cancel("a"))

    getattr(door.venue, answer)("a")
    door.claim(incarnation=2)

    record = door.facts()[-1]
    assert [(order.client_order_id, order.state) for order in record.orders] == [("a", OrderState.UNKNOWN)]
    assert [intent.intent.client_order_id for intent in door.journal.unfinished_intents()] == ["a"]


def test_an_unknown_order_that_is_acknowledged_late_rests_and_can_be_cancelled(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.silent("a")
    door.venue.ack("a")

    door.submit(a_cancel("a"))

    assert door.gateway.sent() == ["place a", "cancel a"]


def test_the_risk_side_hears_of_outcomes_quoting_cancels_and_results(build):
    door = build()
    door.hold()
    door.submit(an_exit("x"))
    door.venue.reject("x")
    door.submit(an_exit("y"))
    door.venue.ack("y")
    door.venue.fill("y", 10, trade="x2", price=53)
    door.submit(an_entry("c"), an_entry("d", ASK, 66))
    door.venue.ack("c")
    door.venue.ack("d")
    door.submit(a_cancel("c"), CancelOrder(client_order_id="d", reason=CancelReason.KILL))
    door.venue.canceled("c")

    heard = door.risk.taken()

    assert [m.is_accepted for m in heard if isinstance(m, OrderOutcome)] == [True, False, True, True, True]
    assert [m.pnl for m in heard if isinstance(m, ResultRealized)] == [700_000]
    (cancel,) = (m for m in heard if isinstance(m, CancelSent))
    assert (cancel.ticker, cancel.conditions.is_skewed) == (A, False)


def test_a_settlement_is_booked_in_the_order_of_the_markets_facts(build):
    door = build()
    door.hold()

    door.tell(SettlementNews(A, cents(100), NOON))
    door.tell(SettlementNews("nobody's", cents(100), NOON))
    door.tell(SettlementNews(A, cents(100), NOON))  # the roster says it, too

    (settled,) = door.facts()
    assert isinstance(settled, MarketSettled)
    assert settled.sequence == 3
    assert door.risk.taken()[-1].pnl == 5_400_000


def test_a_dropped_market_is_forgotten(build):
    door = build()

    door.tell(DropMarket(A))
    door.submit(an_entry("a"))

    assert (door.gateway.sent(), door.board.fenced(A)) == ([], 1)


def test_a_market_added_again_keeps_what_is_on_record(build):
    door = build()
    door.hold()

    door.tell(AddMarket(two_markets()[0], door.markets[A].address))
    door.claim(incarnation=2)

    assert door.facts()[0].position.net == contracts(10)
    assert [market.ticker for market in door.gateway.markets] == [A, B]


def test_a_message_it_does_not_know_is_an_error(build):
    with pytest.raises(TypeError, match="does not handle Tick"):
        build().tell(Tick(TimePassed(at=NOON)))


# --- the end ----------------------------------------------------------------------------------------------------


def test_after_cancel_everything_nothing_is_sent_but_cancels(build):
    door = build()
    door.hold()
    door.submit(an_exit("x"))
    door.venue.ack("x")
    door.submit(a_cancel("x", CancelReason.EXIT), an_exit("y"), an_entry("a", ASK, 66))

    reports = door.close()
    door.submit(an_exit("z"), an_entry("b"))
    door.venue.canceled("x")

    assert door.gateway.sent() == ["place entry", "place x", "cancel x"]
    assert door.board.fenced(A) == 4
    assert len(reports) == 1


def test_cancel_everything_reports_when_every_order_has_ended(build):
    door = build()
    door.hold(4)
    door.submit(an_exit("x", size=4))
    door.venue.ack("x")
    door.submit(an_entry("b"), ticker=B)
    door.venue.ack("b")

    reports = door.close()
    assert door.gateway.sent()[-2:] == ["cancel x", "cancel b"]
    door.venue.canceled("x")
    assert reports == []
    door.venue.canceled("b")

    assert [(r.open_orders, r.positions, r.realized) for r in reports] == [((), ((A, contracts(4)),), 0)]
    canceled = [fact for fact in door.facts() if isinstance(fact, OrderCanceled)]
    assert [fact.reason for fact in canceled] == [CancelReason.SHUTDOWN]


def test_cancel_everything_with_nothing_open_reports_at_once(build):
    assert len(build().close()) == 1


def test_an_order_in_flight_at_that_moment_is_awaited_and_then_cancelled(build):
    door = build()
    door.submit(an_entry("a"))

    reports = door.close()
    assert (door.gateway.sent(), reports) == (["place a"], [])
    door.venue.ack("a")
    assert (door.gateway.sent(), reports) == (["place a", "cancel a"], [])
    door.venue.canceled("a")

    assert len(reports) == 1


def test_an_order_in_flight_that_is_rejected_needs_no_cancel(build):
    door = build()
    door.submit(an_entry("a"))
    reports = door.close()

    door.venue.reject("a")

    assert (door.gateway.sent(), len(reports)) == (["place a"], 1)


def test_an_order_of_which_nothing_was_heard_is_cancelled_too(build):
    door = build()
    door.submit(an_entry("a"))
    reports = door.close()

    door.venue.silent("a")
    assert door.gateway.sent() == ["place a", "cancel a"]
    door.venue.not_found("a")

    assert len(reports) == 1


def test_it_asks_the_venues_own_list_again_until_that_is_empty(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    reports = door.close()
    door.venue.silent("a")
    assert (door.gateway.sent(), reports) == (["place a", "cancel a"], [])

    door.wait(CLOSE_RETRY_NS)
    assert (door.gateway.sent(), reports) == (["place a", "cancel a", "cancel a"], [])
    door.venue.canceled("a")

    assert [report.open_orders for report in reports] == [()]


def test_an_order_rejected_by_the_venue_is_told_in_its_words(build):
    door = build()
    door.submit(an_entry("a"))

    door.venue.reject("a")

    (rejected,) = door.facts()
    assert isinstance(rejected, OrderRejected)
    assert (rejected.code, rejected.text) == ("no", "no")
