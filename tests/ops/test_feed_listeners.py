"""Who else hears the feed: paper fills first, then the door, which must know what it may let through."""

import pytest

from edgelock.actors.gate_board import GateBoard
from edgelock.actors.messages import FeedNews, MarketNews, SettlementNews
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.core.book import Book
from edgelock.core.facts import FeedStatus
from edgelock.core.market import MarketStatus
from edgelock.core.price_grid import CENT_GRID
from edgelock.ops.feed_listeners import DoorListener, listeners_of
from tests.actors.trading_doubles import Letterbox
from tests.core.builders import NOON, after, cents
from tests.ops.trading_house import a_paper_house


@pytest.mark.parametrize("status", list(FeedStatus))
def test_the_door_hears_whether_the_book_can_be_relied_on(status):
    door = Letterbox("exchange")

    DoorListener(door.address, GateBoard()).on_feed_status("T", status, "said so", NOON)

    assert door.taken() == [FeedNews("T", status is FeedStatus.LIVE)]


def test_the_door_hears_of_status_and_settlement_and_of_nothing_else():
    door = Letterbox("exchange")
    listener = DoorListener(door.address, GateBoard())

    listener.on_book("T", Book([], []), NOON)
    listener.on_trades("T", (), NOON)
    listener.on_grid("T", CENT_GRID, NOON)
    assert door.taken() == []
    listener.on_market_status("T", MarketStatus.CLOSED, after(60), NOON)
    listener.on_settled("T", cents(100), NOON)

    status, settlement = door.taken()
    assert isinstance(status, MarketNews)
    assert (status.ticker, status.fact.status, status.fact.close_time) == ("T", MarketStatus.CLOSED, after(60))
    assert settlement == SettlementNews("T", cents(100), NOON)


@pytest.mark.parametrize(("shadow", "kinds"), [(False, [PaperGateway, DoorListener]), (True, [DoorListener])])
def test_on_paper_the_fill_model_hears_everything_before_the_door_does(tmp_path, shadow, kinds):
    with a_paper_house(tmp_path, trading={"shadow_mode": shadow}) as house:
        assert [type(listener) for listener in listeners_of(house.system)] == kinds
