"""The door and what only a venue does: kills that race with orders, positions that drift, news that comes very late."""

import pytest

from edgelock.actors.exchange_actor import GatewayFailed
from edgelock.actors.messages import AddMarket, DriftNews, DropMarket, GatewayNews, GuardMarket
from edgelock.actors.order_gateway import Acknowledged, Filled, GatewayBroken, MarketLoaded, PositionsSeen
from edgelock.core.facts import OrderFilled, Recovered
from edgelock.core.guardian import OnQuarantine
from edgelock.core.order import OrderState
from edgelock.core.order_ledger import ENDED_ORDERS_KEPT
from edgelock.core.permit import GROUP_REASON, Mode, Permit
from edgelock.core.recovery import Recovery
from edgelock.core.units import Money
from tests.actors.door import REDUCE, A, B, a_cancel, an_entry, an_exit, doors
from tests.actors.trading_doubles import two_markets
from tests.core.builders import OPEN, a_position, cents, contracts

FIRED = Permit(mode=Mode.REDUCE_ONLY, reason=GROUP_REASON)
STOPPING = Permit(mode=Mode.HALTED, reason="stopping")


@pytest.fixture
def build(tmp_path):
    yield from doors(tmp_path)


# --- a kill -----------------------------------------------------------------------------------------------------


def test_a_kill_trips_the_fuse_and_withdraws_the_entries_of_every_market(build):
    door = build()
    door.submit(an_entry("a"))
    door.submit(an_entry("b"), ticker=B)
    door.venue.ack("a")
    door.venue.ack("b")

    door.permit(REDUCE, A)
    door.permit(REDUCE, B)

    assert set(door.gateway.fuse) == {"trip"}
    assert door.gateway.sent()[2:] == ["cancel a", "cancel b"]


def test_an_order_acknowledged_after_the_kill_is_withdrawn(build):
    door = build()
    door.submit(an_entry("a"))
    door.permit(REDUCE)
    assert door.gateway.sent() == ["place a"]

    door.venue.ack("a")

    assert door.gateway.sent() == ["place a", "cancel a"]


def test_an_order_that_comes_to_light_long_after_the_kill_is_withdrawn(build):
    door = build()
    door.submit(an_entry("a"))
    door.permit(REDUCE)
    door.venue.silent("a")
    door.venue.not_found("a")
    assert door.gateway.sent() == ["place a", "cancel a"]

    door.venue.ack("a")

    assert door.gateway.sent() == ["place a", "cancel a", "cancel a"]


def test_a_cancel_that_nobody_looked_at_is_sent_again(build):
    """Too many requests: the cancel is refused, and the order rests as before."""
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.permit(REDUCE)
    door.venue.not_found("a")

    door.venue.ack("a")

    assert door.gateway.sent() == ["place a", "cancel a", "cancel a"]


def test_only_a_verdict_that_opens_mends_the_fuse(build):
    """Stopping, an exchange on pause, a loss limit: each can hide the kill that put the fuse out."""
    door = build()
    door.permit(REDUCE)
    assert door.gateway.fuse == ["trip"]

    door.permit(STOPPING)
    door.permit(Permit(mode=Mode.REDUCE_ONLY, reason="loss_limit"), B)
    assert door.gateway.fuse == ["trip"]
    door.permit(OPEN)
    door.permit(OPEN)

    assert door.gateway.fuse == ["trip", "mend"]


def test_a_fuse_that_the_venue_tripped_is_mended_at_the_resume_and_not_before(build):
    door = build()
    door.permit(FIRED)
    door.permit(FIRED)
    assert door.gateway.fuse == []

    door.permit(OPEN)

    assert door.gateway.fuse == ["mend"]


def test_what_the_door_withdraws_outlives_a_restart_of_the_market(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.gateway.max_in_flight = 0
    door.permit(REDUCE)

    door.claim(incarnation=2)
    door.gateway.max_in_flight = 4
    door.look_again()

    assert (door.gateway.sent(), door.board.fenced(A)) == (["place a", "cancel a"], 0)


def test_a_quarantine_drops_what_the_market_wanted_and_keeps_what_the_door_withdraws(build):
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.gateway.max_in_flight = 0
    door.permit(REDUCE)
    door.submit(an_entry("b", price=44))

    door.tell(GuardMarket(A, OnQuarantine.KEEP))
    door.gateway.max_in_flight = 4
    door.look_again()

    assert (door.gateway.sent(), door.board.fenced(A)) == (["place a", "cancel a"], 1)


# --- a market that begins ---------------------------------------------------------------------------------------


def late_start(build):
    """A door whose gateway has not yet read what happened before."""
    door = build()
    door.gateway.is_loading_slow = True
    door.tell(DropMarket(A))
    door.tell(AddMarket(two_markets()[0], door.markets[A].address))
    return door


def test_a_market_is_told_nothing_before_what_it_held_has_been_read(build):
    door = late_start(build)
    door.claim(incarnation=1)
    assert door.facts() == []

    door.venue.say(MarketLoaded(A, Recovery(position=a_position(net=7))))

    (record,) = door.facts()
    assert isinstance(record, Recovered)
    assert (record.position.net, record.orders) == (contracts(7), ())


def test_what_was_held_before_the_claim_is_told_at_the_claim(build):
    door = late_start(build)
    door.venue.say(MarketLoaded(A, Recovery(position=a_position(net=7))))
    assert door.facts() == []

    door.claim(incarnation=1)

    assert [fact.position.net for fact in door.facts()] == [contracts(7)]


def test_nothing_is_taken_from_a_market_before_what_it_held_has_been_read(build):
    """It would be placed without knowing the position, and forgotten when that is read."""
    door = late_start(build)
    door.claim(incarnation=1)
    door.permit(OPEN)

    door.submit(an_entry("a"))

    assert (door.gateway.sent(), door.board.fenced(A)) == ([], 1)


def test_what_was_read_twice_changes_nothing(build):
    door = build()
    door.hold()

    door.venue.say(MarketLoaded(A, Recovery(position=a_position(net=7))))
    door.claim(incarnation=2)

    assert [fact.position.net for fact in door.facts()] == [contracts(10)]


def test_what_was_held_before_is_what_an_exit_may_sell(build):
    door = late_start(build)
    door.claim(incarnation=1)
    door.venue.say(MarketLoaded(A, Recovery(position=a_position(net=7))))
    door.permit(OPEN)

    door.submit(an_exit("x", size=7), an_exit("y", size=1))
    door.venue.ack("x")

    assert door.gateway.sent() == ["place x"]


# --- late and foreign news --------------------------------------------------------------------------------------


def forgotten(build):
    """An entry `old` that was cancelled, and after it more orders than a market remembers."""
    door = build()
    for name in ("old", *(f"n{number}" for number in range(ENDED_ORDERS_KEPT + 1))):
        door.submit(an_entry(name))
        door.venue.ack(name)
        door.submit(a_cancel(name))
        door.venue.canceled(name)
    door.facts()
    assert door.actor._desks[A].ledger.find("old") is None
    return door


def test_a_fill_of_an_order_that_everybody_has_forgotten_is_booked_and_told_with_the_order(build):
    door = forgotten(build)

    door.venue.fill("old", 3, trade="late")

    (fill,) = door.facts()
    assert isinstance(fill, OrderFilled)
    assert fill.late_order is not None
    assert (fill.late_order.client_order_id, fill.late_order.state) == ("old", OrderState.CANCELED)
    assert [(each.trade_id, each.side) for each in door.journal.fills(A, run="r1")] == [("late", an_entry().side)]
    door.claim(incarnation=2)
    assert door.facts()[0].position.net == contracts(3)


def test_a_late_fill_told_twice_counts_once(build):
    door = forgotten(build)

    door.venue.fill("old", 3, trade="late")
    door.venue.fill("old", 3, trade="late")

    assert len(door.facts()) == 1


def test_news_of_an_order_that_nobody_placed_is_told_and_changes_nothing(build):
    door = build()
    about = {"ticker": A, "client_order_id": "somebody's", "at": door.clock.now()}

    door.venue.say(Acknowledged(**about, venue_order_id="v-1"))
    door.venue.say(
        Filled(**about, trade_id="t", price=cents(46), size=contracts(1), fee=Money(0), is_taker=False,
               queue_ahead=None)
    )  # fmt: skip

    assert door.facts() == []
    assert [record.message.split(":")[0] for record in door.telemetry.records()] == [
        "news of order somebody's, which nobody here placed"
    ] * 2
    assert door.journal.fills(A, run="r1") == ()


def test_news_of_a_market_that_was_dropped_frees_its_slot_and_is_nobodys(build):
    door = build()
    door.gateway.max_in_flight = 2
    door.submit(an_entry("a"))
    door.tell(DropMarket(A))
    door.submit(an_entry("b"), ticker=B)
    assert "place b" not in door.gateway.sent()

    door.venue.ack("a")

    assert door.gateway.sent()[-1] == "place b"
    assert door.facts() == []


def test_a_gateway_that_broke_is_the_end_of_the_door(build):
    door = build()

    with pytest.raises(GatewayFailed, match="an order worker"):
        door.tell(GatewayNews(GatewayBroken("an order worker: OSError: no more threads")))


# --- positions --------------------------------------------------------------------------------------------------


def drift_told(door) -> list[DriftNews]:
    return [news for news in door.risk.taken() if isinstance(news, DriftNews)]


def seen(door, net: int) -> None:
    door.venue.say(PositionsSeen(((A, contracts(net)), ("nobody's", contracts(9)))))


def test_one_look_at_another_position_may_be_a_lag_and_a_second_is_an_alarm_at_every_look(build):
    door = build()
    door.hold()

    seen(door, 7)
    assert drift_told(door) == []
    seen(door, 7)
    seen(door, 7)

    assert drift_told(door) == [DriftNews(A, is_drifting=True)] * 2
    assert [record.message for record in door.telemetry.records()] == [f"{A}: our position is 1000, the venue's is 700"]
    door.claim(incarnation=2)
    assert door.facts()[-1].position.net == contracts(10)


def test_the_alarm_ends_when_both_agree_again(build):
    door = build()
    door.hold()
    seen(door, 7)
    seen(door, 7)
    drift_told(door)

    seen(door, 10)

    assert drift_told(door) == [DriftNews(A, is_drifting=False)]


def test_looks_that_differ_only_now_and_then_are_no_alarm(build):
    door = build()
    door.hold()

    for net in (7, 10, 7, 10):
        seen(door, net)

    assert drift_told(door) == []


def test_positions_of_a_market_that_was_not_read_yet_are_not_compared(build):
    door = late_start(build)

    seen(door, 7)
    seen(door, 7)

    assert drift_told(door) == []
