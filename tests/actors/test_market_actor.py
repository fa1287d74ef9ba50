"""One market's actor: it claims before it wishes, and a crash costs it nothing that was on record."""

import pytest

from edgelock.actors import notices as notice
from edgelock.actors.address import Address
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.desk_history import Told
from edgelock.actors.exchange_actor import ExchangeActor
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.market_actor import TICK_EVERY_NS, CrashedOnPurpose, MarketActor
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import (
    AddMarket,
    BookNews,
    ClaimAnswer,
    ClaimMarket,
    CrashOnPurpose,
    FactNews,
    FeedNews,
    GatewayNews,
    PermitNews,
    Pump,
    Submit,
    Subscribe,
    UrgentFact,
)
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.restart_events import RestartBudget
from edgelock.core.book import Book, Level
from edgelock.core.facts import (
    BookChanged,
    FeedStatus,
    FeedStatusChanged,
    OrderAcknowledged,
    OrderFilled,
    PermitChanged,
    Print,
    Recovered,
    UntoldFact,
)
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.order import OrderState, Role
from edgelock.core.order_ledger import UnknownOrder
from edgelock.core.position import Position
from edgelock.core.rate_limit import full_bucket
from edgelock.core.settings import StrategySettings, TradingSettings
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.core.units import SECOND, Money
from edgelock.ops.restart_log import RestartLog
from tests.actors.runtime_doubles import House, a_life
from tests.actors.trading_doubles import HandClock, Ledger, Letterbox, Scribe, WatchedBoard, WatchedJournal, two_markets
from tests.core.builders import NOON, OPEN, a_book, a_market, a_position, an_exit, cents, contracts

A, B = (market.ticker for market in two_markets())


class Lone:
    """A MarketActor without its thread, and letterboxes for everybody it talks to."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.exchange, self.feed, self.telemetry = Letterbox("exchange"), Letterbox("feed"), Letterbox("telemetry")
        self.board = MarketBoard()
        self.life = a_life(f"market:{A}", 3)
        self.recovered: list[tuple[str, int, MarketState]] = []
        self.actor = MarketActor(
            self.life,
            state=MarketState(
                market=a_market(ticker=A),
                settings=StrategySettings(),
                run_mode=RunMode.PAPER,
                order_prefix="r1-A-3",
            ),
            strategy=EDGE_LOCKED,
            exchange=self.exchange.address,
            feed=self.feed.address,
            telemetry=self.telemetry.address,
            board=self.board,
            timer=self.clock.timer,
            clock=self.clock,
            on_recovered=lambda *what: self.recovered.append(what),
        )
        self.tell = self.actor.handle

    def recover(self, **changes) -> None:
        fields = {"sequence": 0, "position": Position(), "orders": (), **changes}
        self.tell(ClaimAnswer(3, 1, Recovered(at=NOON, **fields)))

    def permit_and_book(self) -> None:
        self.tell(UrgentFact(PermitChanged(at=NOON, permit=OPEN)))
        self.tell(FactNews(FeedStatusChanged(at=NOON, status=FeedStatus.LIVE, reason="")))
        self.tell(BookNews(BookChanged(at=NOON, view=a_book(46, 48))))

    def wishes(self) -> list:
        return [wish for m in self.exchange.taken() if isinstance(m, Submit) for wish in m.intents]


def test_its_first_words_are_a_claim_and_a_subscription():
    lone = Lone()

    lone.actor.on_start()

    assert lone.exchange.taken() == [ClaimMarket(A, 3, lone.life.address, told=None)]
    assert lone.feed.taken() == [Subscribe(A, lone.life.address)]


def test_it_wishes_nothing_before_it_knows_what_is_on_record():
    lone = Lone()
    lone.permit_and_book()
    assert lone.exchange.taken() == []

    lone.recover()

    (entry,) = lone.wishes()
    assert (entry.role, entry.side, entry.client_order_id) == (Role.ENTRY, Side.BID, "r1-A-3-1")
    assert [(name, number, state.is_recovered) for name, number, state in lone.recovered] == [(f"market:{A}", 3, True)]


def test_what_it_wishes_carries_its_incarnation_and_its_lines_go_to_telemetry():
    lone = Lone()
    lone.permit_and_book()
    lone.recover()

    (submit,) = lone.exchange.taken()
    assert (submit.ticker, submit.incarnation) == (A, 3)
    assert "quote_place" in [record.action for record in lone.telemetry.records()]


def test_its_claim_says_up_to_where_the_lives_before_it_have_told_people():
    lone = Lone()
    lone.recover(sequence=7, position=a_position(10, 48), orders=(an_exit("r1-A-2-9"),))
    assert lone.board.told(A) == Told(numbering=1, sequence=7, position=a_position(10, 48))
    lone.tell(FactNews(OrderAcknowledged(at=NOON, sequence=8, client_order_id="r1-A-2-9", venue_order_id="v")))

    lone.actor.on_start()

    claim = lone.exchange.taken()[0]
    assert claim.told == Told(numbering=1, sequence=8, position=a_position(10, 48))


def test_an_answer_to_the_claim_of_a_life_before_it_is_not_its_own():
    lone = Lone()

    lone.tell(ClaimAnswer(2, 1, Recovered(at=NOON, sequence=7, position=a_position(10, 48), orders=())))

    assert (lone.wishes(), lone.recovered, lone.board.told(A)) == ([], [], None)


def an_untold_fill(client_order_id="x") -> UntoldFact:
    fill = OrderFilled(at=NOON, sequence=6, client_order_id=client_order_id, trade_id="t1", price=cents(55),
                       size=contracts(10), fee=Money(0), is_taker=False)  # fmt: skip
    return UntoldFact(fact=fill, position=a_position(10, 48), orders=(an_exit("x"),))


def test_what_filled_while_nobody_was_there_is_told_before_anything_else():
    lone = Lone()

    lone.recover(sequence=6, untold=(an_untold_fill(),))

    assert [record.action for record in lone.telemetry.records()][:2] == ["FILL", "REALIZE"]
    assert lone.board.told(A) == Told(numbering=1, sequence=6, position=Position())


def test_what_it_dies_of_telling_late_is_noted_so_that_the_next_life_is_not_given_it_again():
    lone = Lone()

    with pytest.raises(UnknownOrder):
        lone.recover(sequence=6, untold=(an_untold_fill("nobody's"),))

    assert lone.telemetry.records() == []
    assert lone.board.told(A) == Told(numbering=1, sequence=6, position=a_position(10, 48))


def test_a_take_profit_on_record_is_neither_placed_again_nor_cancelled():
    lone = Lone()
    lone.recover(sequence=7, position=a_position(10, 48), orders=(an_exit("r1-A-2-9"),))

    lone.permit_and_book()

    assert lone.wishes() == []
    assert lone.board.state(A).orders[0].client_order_id == "r1-A-2-9"


def test_facts_told_to_a_predecessor_change_nothing_and_a_gap_after_recovery_is_an_error():
    lone = Lone()
    lone.tell(FactNews(OrderAcknowledged(at=NOON, sequence=4, client_order_id="old", venue_order_id="v")))
    lone.recover(sequence=7, orders=())

    lone.tell(FactNews(OrderAcknowledged(at=NOON, sequence=5, client_order_id="old", venue_order_id="v")))
    with pytest.raises(ValueError, match="9 follows 7"):
        lone.tell(FactNews(OrderAcknowledged(at=NOON, sequence=9, client_order_id="old", venue_order_id="v")))

    assert lone.board.state(A).sequence == 7


def test_it_looks_at_the_clock_at_least_once_a_second():
    lone = Lone()
    lone.actor.on_start()
    lone.recover()

    for _ in range(3):
        lone.clock.timer.advance(TICK_EVERY_NS)
        (envelope,) = (lone.life.inbox.get(),)
        lone.tell(envelope.message)
        assert lone.board.state(A).now == lone.clock.now()


def test_it_wakes_when_time_alone_changes_its_decision():
    lone = Lone()
    lone.permit_and_book()
    lone.recover(position=a_position(10, 48))
    opened = NOON
    due = opened + StrategySettings().sweet_spot_from - lone.clock.now()
    lone.clock.timer.advance(due - SECOND // 2)
    while not lone.life.inbox.empty():
        lone.tell(lone.life.inbox.get().message)
    lone.exchange.taken()

    lone.clock.timer.advance(SECOND // 2)

    assert not lone.life.inbox.empty()


def test_the_board_shows_every_step():
    lone = Lone()
    lone.recover()
    lone.permit_and_book()

    assert lone.board.steps() == 4
    assert lone.board.state(A).has_usable_book


def test_it_crashes_when_it_is_told_to_and_when_it_is_told_nonsense():
    with pytest.raises(CrashedOnPurpose, match="for a test"):
        Lone().tell(CrashOnPurpose("for a test"))
    with pytest.raises(TypeError, match="does not handle Pump"):
        Lone().tell(Pump())


# --- a crash, on real threads -----------------------------------------------------------------------------------


class TradingHouse:
    """A supervisor with a door on paper and two markets; the test is the venue, the feed and the risk side."""

    def __init__(self, directory) -> None:
        self.ledger = Ledger()
        self.clock = HandClock()
        self.board, self.gate = WatchedBoard(), GateBoard()
        self.journal = WatchedJournal(directory)
        self.exchange, self.telemetry, self.feed = Address("exchange"), Address("telemetry"), Letterbox("feed")
        self.gateway = PaperGateway(
            run="r1", clock=self.clock, answer=lambda answer: self.exchange.tell(GatewayNews(answer))
        )
        self.restart_log = RestartLog(now=self.clock.now, record=self.ledger)
        infrastructure = (
            ChildSpec(
                address=self.telemetry,
                factory=lambda life: Scribe(life, self.ledger),
                kind=ChildKind.INFRASTRUCTURE,
            ),
            ChildSpec(address=self.exchange, factory=self._door, kind=ChildKind.INFRASTRUCTURE),
        )
        self.house = House(infrastructure=infrastructure, notices=self._noted)
        self.markets = {market.ticker: Address(f"market:{market.ticker}") for market in two_markets()}

    def __enter__(self) -> "TradingHouse":
        self.house.__enter__()
        for market in two_markets():
            self.exchange.tell(AddMarket(market, self.markets[market.ticker]))
            self.house.add(
                ChildSpec(
                    address=self.markets[market.ticker],
                    factory=lambda life, m=market: self._market(life, m),
                    kind=ChildKind.ONE_FOR_ONE,
                    budget=RestartBudget(),
                )
            )
            self.house.notices.wait_for(notice.ChildStarted, name=f"market:{market.ticker}")
        return self

    def __exit__(self, *what: object) -> None:
        self.house.__exit__(*what)
        self.journal.close()

    def _noted(self, news: notice.Notice) -> None:
        self.house.notices(news)
        self.restart_log.take(news)

    def _door(self, life) -> ExchangeActor:
        return ExchangeActor(
            life,
            run="r1",
            settings=TradingSettings(),
            enforce_gates=True,
            gateway=self.gateway,
            bucket=full_bucket(refill_per_s=1000, capacity=1000, now=NOON),
            journal=self.journal,
            risk=Letterbox("risk").address,
            telemetry=self.telemetry,
            board=self.gate,
            timer=self.clock.timer,
            clock=self.clock,
        )

    def _market(self, life, market) -> MarketActor:
        return MarketActor(
            life,
            state=MarketState(
                market=market,
                settings=StrategySettings(),
                run_mode=RunMode.PAPER,
                order_prefix=f"r1-{market.ticker}-{life.number}",
            ),
            strategy=EDGE_LOCKED,
            exchange=self.exchange,
            feed=self.feed.address,
            telemetry=self.telemetry,
            board=self.board,
            timer=self.clock.timer,
            clock=self.clock,
            on_recovered=self.restart_log.recovered,
        )

    # --- the venue, the feed and the risk side ---

    def open(self, ticker: str) -> None:
        self.exchange.tell(FeedNews(ticker, is_live=True))
        self.exchange.tell(PermitNews(ticker, OPEN, self.clock.monotonic_ns()))
        self.markets[ticker].tell(UrgentFact(PermitChanged(at=self.clock.now(), permit=OPEN)))

    def show(self, ticker: str, bid: int, ask: int) -> None:
        book = Book([Level(cents(bid), contracts(50))], [Level(cents(ask), contracts(50))])
        self.gateway.on_book(ticker, book, self.clock.now())
        live = FeedStatusChanged(at=self.clock.now(), status=FeedStatus.LIVE, reason="")
        self.markets[ticker].tell(FactNews(live))
        self.markets[ticker].tell(BookNews(BookChanged(at=self.clock.now(), view=a_book(bid, ask, 50, 50))))

    def sell_through(self, ticker: str, price: int, size: int, trade: str) -> None:
        prints = (Print(trade, cents(price), contracts(size), Side.ASK),)
        self.gateway.on_trades(ticker, prints, self.clock.now())


def bought(house: TradingHouse, ticker: str, trade: str) -> MarketState:
    """The market has bought its ten contracts and its take-profit rests; its state then."""
    house.show(ticker, 46, 48)
    house.open(ticker)
    house.ledger.wait_for("order_ack", market=ticker)
    house.sell_through(ticker, 45, 100, trade)
    house.ledger.wait_for("order_ack", market=ticker, count=2)
    return house.board.wait_for(ticker, lambda state: [order.state for order in state.orders] == [OrderState.RESTING])


def test_a_crash_costs_neither_position_nor_age_nor_the_resting_take_profit_and_no_other_market_notices(tmp_path):
    with TradingHouse(tmp_path) as trading:
        a, b = bought(trading, A, "t1"), bought(trading, B, "t2")
        (take_profit,) = a.orders
        resting = trading.gateway.open_orders()

        trading.markets[A].tell(CrashOnPurpose("for a test"))
        trading.house.notices.wait_for(notice.ChildCrashed, name=f"market:{A}")
        trading.sell_through(B, 45, 1, "t3")
        trading.house.timer.advance(SECOND)
        restart = trading.ledger.wait_for("actor_restart", market=A)
        trading.open(A)
        trading.show(A, 46, 48)
        trading.show(B, 45, 48)

        heir = trading.board.wait_for(A, lambda state: state.permit is OPEN and state.has_usable_book)
        neighbour = trading.board.wait_for(B, lambda state: state.view.best_bid == cents(45))
        assert heir.order_prefix.endswith("-2")
        assert (heir.position, heir.age is not None) == (a.position, True)
        assert (heir.position.vwap, heir.position.opened_at) == (a.position.vwap, a.position.opened_at)
        assert [(o.client_order_id, o.price, o.size) for o in heir.orders] == [
            (take_profit.client_order_id, take_profit.price, take_profit.size)
        ]
        assert trading.gateway.open_orders() == resting
        assert not trading.ledger.of("quote_cancel", A)

        (crash,) = trading.ledger.of("actor_crash", A)
        assert (crash.incarnation, crash.error) == (1, "edgelock.actors.market_actor.CrashedOnPurpose: for a test")
        assert (restart.incarnation, restart.restarts_in_window, restart.recovered_net) == (2, 1, contracts(10))
        assert restart.recovered_vwap == a.position.vwap
        assert restart.recovered_orders == (take_profit.client_order_id,)

        assert trading.house.status(f"market:{B}").incarnation == 1
        assert (neighbour.position, neighbour.sequence) == (b.position, b.sequence)
        assert not trading.ledger.of("actor_crash", B)
