"""Subscriptions, acknowledgements, numbering and overflow, without a socket."""

import json
from fractions import Fraction
from typing import Any

import pytest

from edgelock.core.price_grid import linear_grid
from edgelock.core.units import Price
from edgelock.exchange.ws_broadcast import Broadcast
from edgelock.exchange.ws_session import Session
from tests.exchange.engine_builders import ASK, BID, EVENT, NOON, TICKER, Desk, a_listing

OTHER = "KXNHLGAME-26NOV22VGKMIN-MIN"


class Connected(Desk):
    """An exchange with two open markets and one connection of ann's."""

    def __init__(self, *, outbox_max: int = 1000) -> None:
        super().__init__()
        self.engine.list_market(a_listing(OTHER), NOON)
        self.broadcast = Broadcast(self.engine, lambda: NOON)
        self.session = Session("ann", self.broadcast.views, lambda: NOON, outbox_max=outbox_max)
        self.broadcast.join(self.session, lambda: None)
        self.member()
        self.broadcast.flush()

    def command(self, command_id: int, cmd: str, **params: Any) -> list[Any]:
        self.broadcast.flush()
        self.session.receive(json.dumps({"id": command_id, "cmd": cmd, "params": params}))
        return self.frames()

    def frames(self) -> list[Any]:
        self.broadcast.flush()
        found = [json.loads(frame) for frame in self.session.outbox]
        self.session.outbox.clear()
        return found

    def subscribe_book(self, **params: Any) -> list[Any]:
        return self.command(
            1, "subscribe", channels=["orderbook_delta"], market_tickers=[TICKER], use_yes_price=True, **params
        )


def test_the_acknowledgement_comes_before_the_snapshot() -> None:
    desk = Connected()
    ack, snapshot = desk.subscribe_book()
    assert ack == {"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 1}}
    assert (snapshot["type"], snapshot["sid"], snapshot["seq"]) == ("orderbook_snapshot", 1, 1)


def test_a_side_without_orders_is_absent_from_the_snapshot() -> None:
    desk = Connected()
    desk.house(BID, 45, 10)
    _, snapshot = desk.subscribe_book()
    assert snapshot["msg"]["yes_dollars_fp"] == [["0.4500", "10.00"]]
    assert "no_dollars_fp" not in snapshot["msg"]


@pytest.mark.parametrize(("use_yes_price", "price"), [(True, "0.5200"), (False, "0.4800")])
def test_the_no_leg_is_on_the_scale_that_was_asked_for(use_yes_price: bool, price: str) -> None:
    desk = Connected()
    desk.house(ASK, 52, 1)
    (_, snapshot) = desk.command(
        1, "subscribe", channels=["orderbook_delta"], market_ticker=TICKER, use_yes_price=use_yes_price
    )
    assert snapshot["msg"]["no_dollars_fp"] == [[price, "1.00"]]
    desk.house(ASK, 52, 2)
    (delta,) = desk.frames()
    assert (delta["msg"]["side"], delta["msg"]["price_dollars"], delta["msg"]["delta_fp"]) == ("no", price, "2.00")


def test_deltas_start_where_the_snapshot_ended() -> None:
    desk = Connected()
    desk.house(BID, 45, 10)
    desk.subscribe_book()
    desk.house(BID, 45, 5)
    (delta,) = desk.frames()
    assert (delta["seq"], delta["msg"]["delta_fp"]) == (2, "5.00")


def test_one_counter_numbers_all_frames_of_a_sid_over_all_markets_ok_included() -> None:
    desk = Connected()
    desk.subscribe_book()
    added = desk.command(2, "update_subscription", sids=[1], market_tickers=[OTHER], action="add_markets")
    assert [(frame["type"], frame["seq"]) for frame in added] == [("ok", 2), ("orderbook_snapshot", 3)]
    assert added[0]["msg"] == {"market_tickers": [TICKER, OTHER]}
    desk.house(BID, 45, 5)
    assert [frame["seq"] for frame in desk.frames()] == [4]
    again = desk.command(3, "update_subscription", sid=1, market_tickers=[TICKER], action="get_snapshot")
    assert [(frame["type"], frame["id"], frame["seq"]) for frame in again] == [("orderbook_snapshot", 3, 5)]
    removed = desk.command(4, "update_subscription", sid=1, market_tickers=[TICKER], action="delete_markets")
    assert (removed[0]["seq"], removed[0]["msg"]) == (6, {"market_tickers": [OTHER]})
    desk.house(BID, 45, 5)
    assert desk.frames() == []
    assert desk.command(5, "unsubscribe", sids=[1]) == [{"type": "unsubscribed", "id": 5, "sid": 1, "seq": 7}]


def test_private_and_ticker_frames_carry_no_number() -> None:
    desk = Connected()
    desk.command(1, "subscribe", channels=["ticker", "fill", "user_orders", "market_positions", "trade"])
    desk.house(ASK, 50, 5)
    desk.placed(BID, 50, 5, client_order_id="mine")
    frames = {frame["type"]: frame for frame in desk.frames()}
    assert set(frames) == {"ticker", "fill", "user_order", "market_position", "trade"}
    assert {name for name, frame in frames.items() if "seq" in frame} == {"trade"}
    assert frames["fill"]["msg"]["trade_id"] == frames["trade"]["msg"]["trade_id"]
    assert frames["fill"]["msg"]["client_order_id"] == "mine"
    assert frames["user_order"]["msg"]["ticker"] == TICKER


def test_private_frames_go_to_their_member_only() -> None:
    desk = Connected()
    desk.command(1, "subscribe", channels=["fill", "user_orders", "market_positions"])
    desk.house(ASK, 50, 5)
    desk.placed(BID, 50, 5, who="bob")
    assert desk.frames() == []


def test_only_the_own_copy_of_a_delta_is_tagged() -> None:
    desk = Connected()
    desk.subscribe_book()
    desk.placed(BID, 40, 1, client_order_id="mine")
    desk.placed(BID, 41, 1, client_order_id="not-mine", who="bob")
    mine, others = desk.frames()
    assert mine["msg"]["client_order_id"] == "mine"
    assert "client_order_id" not in others["msg"]


def test_subscribing_again_keeps_the_sid_and_brings_snapshots_of_new_markets_only() -> None:
    desk = Connected()
    desk.subscribe_book()
    again = desk.command(2, "subscribe", channels=["orderbook_delta"], market_tickers=[TICKER, OTHER])
    assert [frame["type"] for frame in again] == ["subscribed", "orderbook_snapshot"]
    assert again[0]["msg"]["sid"] == 1
    assert again[1]["msg"]["market_ticker"] == OTHER


def test_a_book_subscribed_to_before_its_listing_starts_with_an_empty_snapshot() -> None:
    desk = Connected()
    assert len(desk.command(1, "subscribe", channels=["orderbook_delta"], market_tickers=["LATER"])) == 1
    desk.engine.list_market(a_listing("LATER"), NOON)
    (snapshot,) = desk.frames()
    assert (snapshot["type"], snapshot["seq"]) == ("orderbook_snapshot", 1)


def test_the_ticker_sends_an_initial_snapshot_when_asked() -> None:
    desk = Connected()
    frames = desk.command(1, "subscribe", channels=["ticker"], market_ticker=TICKER, send_initial_snapshot=True)
    assert [frame["type"] for frame in frames] == ["subscribed", "ticker"]
    assert (frames[1]["msg"]["yes_bid_dollars"], frames[1]["msg"]["yes_ask_dollars"]) == ("0.0000", "1.0000")


def test_a_ticker_frame_is_sent_only_when_something_it_reports_has_changed() -> None:
    desk = Connected()
    desk.house(BID, 45, 5)
    desk.command(1, "subscribe", channels=["ticker"])
    desk.house(BID, 46, 5)
    assert len(desk.frames()) == 1
    desk.house(BID, 40, 5)
    assert desk.frames() == []


@pytest.mark.parametrize(
    ("cmd", "params", "code"),
    [
        ("dance", {}, 5),
        ("subscribe", {}, 3),
        ("subscribe", {"channels": ["nonsense"]}, 8),
        ("subscribe", {"channels": ["orderbook_delta"]}, 14),
        ("unsubscribe", {}, 4),
        ("unsubscribe", {"sids": [9]}, 7),
        ("update_subscription", {"action": "add_markets", "market_ticker": TICKER}, 12),
        ("update_subscription", {"sids": [1, 2], "action": "add_markets", "market_ticker": TICKER}, 12),
        ("update_subscription", {"sid": 9, "action": "add_markets", "market_ticker": TICKER}, 7),
        ("update_subscription", {"sid": 1, "market_ticker": TICKER}, 15),
        ("update_subscription", {"sid": 1, "action": "juggle", "market_ticker": TICKER}, 13),
        ("update_subscription", {"sid": 1, "action": "add_markets"}, 14),
        ("update_subscription", {"sid": 1, "action": "get_snapshot", "market_ticker": OTHER}, 11),
    ],
)
def test_each_mistake_has_its_error_code(cmd: str, params: dict[str, Any], code: int) -> None:
    desk = Connected()
    desk.subscribe_book()
    (error,) = desk.command(7, cmd, **params)
    assert (error["type"], error["id"], error["msg"]["code"]) == ("error", 7, code)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "{}", '{"cmd":5}', '{"id":"x","cmd":"subscribe"}', b"{\xff}", b'{"cmd":"\xff"}']
)
def test_a_frame_that_cannot_be_read_is_answered_with_code_one(text: str | bytes) -> None:
    desk = Connected()
    assert desk.session.receive(text) is None
    (error,) = desk.frames()
    assert error["msg"] == {"code": 1, "msg": "Unable to process message"}


def test_a_command_without_params_is_answered_with_code_two() -> None:
    desk = Connected()
    desk.session.receive('{"id":1,"cmd":"subscribe"}')
    assert desk.frames()[0]["msg"]["code"] == 2


def test_subscriptions_can_be_listed() -> None:
    desk = Connected()
    desk.command(1, "subscribe", channels=["trade", "ticker"])
    desk.session.receive('{"id":6,"cmd":"list_subscriptions"}')
    listed = [{"channel": "trade", "sid": 1}, {"channel": "ticker", "sid": 2}]
    assert desk.frames() == [{"type": "ok", "id": 6, "msg": listed}]


def test_a_reader_that_falls_behind_loses_the_subscription_with_error_25() -> None:
    desk = Connected(outbox_max=5)
    desk.subscribe_book()
    for price in range(1, 20):
        desk.house(BID, price, 1)
    frames = desk.frames()
    assert len(frames) == 6
    assert frames[-1] == {"type": "error", "sid": 1, "msg": {"code": 25, "msg": "Subscription buffer overflow"}}
    desk.house(BID, 30, 1)
    assert desk.frames() == []


def test_lifecycle_tells_listing_pause_determination_and_settlement() -> None:
    desk = Connected()
    desk.command(1, "subscribe", channels=["market_lifecycle_v2"])
    desk.engine.list_market(a_listing("NEW", event_ticker="NEW-EVENT"), NOON)
    desk.engine.determine(TICKER, desk.market.listing.grid.lowest, NOON)
    types = [(frame["type"], frame["msg"].get("event_type")) for frame in desk.frames()]
    assert types == [
        ("event_lifecycle", None),
        ("market_lifecycle_v2", "created"),
        ("market_lifecycle_v2", "close_date_updated"),
        ("market_lifecycle_v2", "determined"),
    ]


def test_lifecycle_tells_other_prices_and_other_fees() -> None:
    desk = Connected()
    desk.command(1, "subscribe", channels=["market_lifecycle_v2"])
    desk.engine.change_grid(TICKER, "deci_cent", linear_grid(Price(10)), NOON)
    desk.engine.override_fees(EVENT, None, Fraction(1, 2), NOON)
    grid, fees = desk.frames()
    assert (grid["msg"]["event_type"], grid["msg"]["price_level_structure"]) == (
        "price_level_structure_updated",
        "deci_cent",
    )
    assert grid["msg"]["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
    assert (fees["type"], fees["seq"]) == ("event_fee_update", grid["seq"] + 1)
    assert fees["msg"] == {"event_ticker": EVENT, "fee_type_override": None, "fee_multiplier_override": 0.5}


def test_order_groups_are_told_to_their_member() -> None:
    desk = Connected()
    desk.command(1, "subscribe", channels=["order_group_updates"])
    desk.engine.create_group(desk.member(), desk.market.volume_24h or desk.placed(BID, 1, 1).total, NOON)
    (created,) = desk.frames()
    assert (created["type"], created["seq"], created["msg"]["event_type"]) == ("order_group_updates", 1, "created")
    assert created["msg"]["contracts_limit_fp"] == "1.00"
