"""The ledger as an audit reads it: every order's whole life, every fill with its fee, and money that adds up."""

import json

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.flow import MarketPhase
from edgelock.exchange.ledger_view import ledger_object
from edgelock.exchange.orders import TimeInForce
from tests.exchange.engine_builders import ASK, BID, FREE_OF_FEES, NOON, Desk, a_listing, at, dollars


def ledger_of(desk: Desk) -> dict:
    """As it goes over the wire."""
    return json.loads(json.dumps(ledger_object(desk.engine)))


def ann_of(desk: Desk) -> dict:
    (account,) = [each for each in ledger_of(desk)["accounts"] if each["account_id"] == "ann"]
    return account


def test_an_order_keeps_its_terms_for_as_long_as_the_account():
    desk = Desk()
    desk.placed(
        BID, 40, 10, client_order_id="mine", is_post_only=True, cancels_on_pause=True,
        expires_at=Timestamp(NOON + 60 * SECOND),
    )  # fmt: skip

    (order,) = ann_of(desk)["order_history"]

    assert (order["client_order_id"], order["ticker"], order["book_side"], order["yes_price"]) == (
        "mine", desk.ticker, "bid", 4000,
    )  # fmt: skip
    assert (order["post_only"], order["cancel_on_pause"], order["order_group_id"]) == (True, True, None)
    assert (order["count_fp"], order["filled_fp"], order["status"]) == ("10.00", "0.00", "resting")
    assert (order["created_at_ns"], order["ended_at_ns"], order["expires_at_ns"]) == (NOON, None, NOON + 60 * SECOND)


def test_an_order_that_expired_ended_when_the_exchange_next_looked():
    desk = Desk()
    desk.placed(BID, 40, 10, expires_at=at(60))

    desk.engine.advance(at(90))

    (order,) = ann_of(desk)["order_history"]
    assert (order["status"], order["ended_at_ns"]) == ("canceled", at(90))
    assert ann_of(desk)["open_orders"] == []


def test_a_withdrawn_order_ended_when_it_was_withdrawn():
    desk = Desk()
    order = desk.placed(BID, 40, 10)

    desk.engine.cancel(desk.member(), order.order_id, at(7))

    (told,) = ann_of(desk)["order_history"]
    assert (told["status"], told["ended_at_ns"]) == ("canceled", at(7))


def test_a_fill_has_its_order_its_price_its_fee_and_who_took():
    desk = Desk()
    desk.house(ASK, 40, 10)
    desk.placed(BID, 40, 10, client_order_id="mine", time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL, now=at(3))

    account = ann_of(desk)

    (fill,) = account["fill_history"]
    assert (fill["client_order_id"], fill["book_side"], fill["yes_price"]) == ("mine", "bid", 4000)
    assert (fill["count_fp"], fill["is_taker"], fill["at_ns"]) == ("10.00", True, at(3))
    assert fill["fee"] > 0
    assert account["cash"] == dollars(1000) - dollars(4) - fill["fee"]


def test_a_settlement_has_what_each_contract_paid():
    desk = Desk(a_listing(**FREE_OF_FEES))
    desk.house(ASK, 40, 10)
    desk.placed(BID, 40, 10)
    desk.engine.change_phase(desk.ticker, MarketPhase.CLOSED, at(10))
    desk.engine.determine(desk.ticker, 10_000, at(11))
    desk.engine.advance(at(100_000))

    account = ann_of(desk)

    (settlement,) = account["settlement_history"]
    assert (settlement["ticker"], settlement["value"], settlement["position_fp"]) == (desk.ticker, 10_000, "10.00")
    assert account["cash"] == dollars(1006)


def test_cash_collateral_and_fees_are_the_deposits_to_the_last_unit():
    desk = Desk()
    desk.house(ASK, 43, 7)
    desk.house(BID, 41, 9)
    desk.placed(BID, 43, 5)
    desk.placed(ASK, 41, 8)
    desk.placed(BID, 30, 3)

    ledger = ledger_of(desk)

    cash = sum(account["cash"] for account in ledger["accounts"]) + ledger["house_cash"]
    assert cash + ledger["collateral"] + ledger["fees_collected"] == ledger["deposited"]
