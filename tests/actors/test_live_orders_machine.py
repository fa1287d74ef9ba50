"""Our record of orders against a modest venue, under every order of events that chance comes up with.

Requests are lost before or after they are carried out, carried out long after they were given up, or answered late;
private messages come twice, in any order, or never; lists lag, and are read before and taken in after other news. What
is over at our side is over at the venue, every fill is told once, and once the faults stop everything is resolved.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edgelock.actors.live_bounds import IN_TRANSIT_MAX
from edgelock.actors.live_order import DoubtKind
from edgelock.actors.live_orders import LiveOrders
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    Canceled,
    Filled,
    OrderNews,
    RenewOrder,
    RequestDone,
    ResendOrder,
)
from edgelock.actors.sweep import Sweep
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, Order, OrderState, Role, TimeInForce
from edgelock.core.units import MILLISECOND, SECOND, Duration, Price, Size, Timestamp
from edgelock.kalshi.private_events import FillSeen
from edgelock.kalshi.wire_orders import Refused, Unknown
from tests.actors.modest_venue import RESTING, ModestVenue
from tests.actors.trading_doubles import Letterbox
from tests.core.builders import NOON, TICKER, a_market

RUN = "run"
ENTRY_LIFE, EXIT_LIFE = Duration(60 * SECOND), Duration(120 * SECOND)
LOST = Unknown("no answer")
BUSY = Refused(429, "too_many_requests", "too many requests")
FATES = ("answered", "carried out", "answer lost", "belated", "lost", "busy", "unwanted")
UNWANTED = Refused(400, "invalid_order", "post only cross")

prices = st.integers(44, 48).map(lambda cents: Price(100 * cents))
sizes = st.integers(1, 6).map(lambda contracts: Size(100 * contracts))
picks = st.integers(0, 5)


@dataclass
class Request:
    """One that is under way: what it asks, and what came of it at the venue; no outcome before it was carried out."""

    wish: PlaceOrder | AmendOrder | CancelOrder | RenewOrder | ResendOrder
    venue_id: str | None
    price: Price
    size: Size
    expires_at: Timestamp | None
    given_up_at: Timestamp | None = None
    outcome: object = None


class LiveOrdersMachine(RuleBasedStateMachine):
    """The desk at the door, the record of live orders and the venue, with nothing but this test between them."""

    @initialize(
        skew_ms=st.integers(-900, 900),
        most_orders=st.integers(1, 3),
        kinds=st.sets(st.sampled_from(["entry", "exit", "now"]), min_size=1),
        fates=st.sets(st.sampled_from(FATES), min_size=2),
    )
    def begin(self, skew_ms: int, most_orders: int, kinds: set[str], fates: set[str]) -> None:
        """Each run has a few troubles only, so that it gets deep into them."""
        self.now = NOON
        self.most_orders, self.kinds, self.fates = most_orders, sorted(kinds), sorted(fates)
        self.skew = Duration(skew_ms * MILLISECOND)
        self.venue = ModestVenue(TICKER, Timestamp(NOON + self.skew))
        self.orders = LiveOrders(RUN, entry_life=ENTRY_LIFE, exit_life=EXIT_LIFE)
        self.desk = OrderDesk(market=a_market(), subscriber=Letterbox("market").address)
        self.under_way: Request | None = None
        self.belated: list[Request] = []
        self.mail: list[OrderNews | RequestDone] = []
        self.read: Sweep | None = None
        self.delivered = 0
        self.heard: set[str] = set()
        self.told: Counter[str] = Counter()
        self.placed = 0
        self.ended: set[str] = set()
        self.is_slow = False

    # --- the market's wishes, and the door ---

    @precondition(lambda self: self.under_way is None and len(self.desk.ledger.orders) < self.most_orders)
    @rule(side=st.sampled_from(Side), price=prices, size=sizes, pick=picks)
    def wish_for_an_order(self, side: Side, price: Price, size: Size, pick: int) -> None:
        self.placed += 1
        kind = self.kinds[pick % len(self.kinds)]
        waits = TimeInForce.IMMEDIATE_OR_CANCEL if kind == "now" else TimeInForce.GOOD_TILL_CANCELED
        self.submit(
            PlaceOrder(
                client_order_id=f"{RUN}-{self.placed}",
                side=side,
                price=price,
                size=size,
                role=Role.ENTRY if kind == "entry" else Role.EXIT,
                kind=Kind.QUOTE,
                time_in_force=waits,
                post_only=kind == "entry",
                skew="FLAT",
            )
        )

    @precondition(lambda self: self.under_way is None and self.in_state(OrderState.RESTING))
    @rule(pick=picks, price=prices, size=sizes)
    def wish_for_an_amendment(self, pick: int, price: Price, size: Size) -> None:
        resting = self.in_state(OrderState.RESTING)
        order = resting[pick % len(resting)]
        total = Size(order.filled + size)
        reason = CancelReason.EXIT
        self.submit(AmendOrder(client_order_id=order.client_order_id, price=price, size=total, reason=reason))

    @precondition(lambda self: self.under_way is None and self.in_state(OrderState.RESTING, OrderState.UNKNOWN))
    @rule(pick=picks)
    def wish_for_a_cancel(self, pick: int) -> None:
        known = self.in_state(OrderState.RESTING, OrderState.UNKNOWN)
        order = known[pick % len(known)]
        self.submit(CancelOrder(client_order_id=order.client_order_id, reason=CancelReason.EXIT))

    def in_state(self, *states: OrderState) -> list[Order]:
        return [order for order in self.desk.ledger.orders if order.state in states]

    @precondition(lambda self: self.under_way is None)
    @rule()
    def look_after_what_is_due(self) -> None:
        for _, wish in self.orders.due(self.now):
            assert isinstance(wish, RenewOrder) or self.orders.find(wish.client_order_id).is_exit
            if self.desk.is_idle():
                self.submit(wish)

    def submit(self, wish: PlaceOrder | AmendOrder | CancelOrder | RenewOrder | ResendOrder) -> None:
        self.desk.queue.append(wish)
        self.send_next()

    def send_next(self) -> None:
        while self.desk.queue and self.desk.in_flight is None:
            wish = self.desk.queue.popleft()
            if self.desk.is_pointless(wish):
                continue
            self.desk.sent(wish, self.now)
            self.under_way = self.sent(wish)

    def sent(self, wish: PlaceOrder | AmendOrder | CancelOrder | RenewOrder | ResendOrder) -> Request:
        match wish:
            case PlaceOrder():
                order = self.orders.place_sent(TICKER, wish, self.now)
            case AmendOrder():
                self.orders.amend_sent(wish)
                return Request(wish, self.orders.find(wish.client_order_id).venue_id, wish.price, wish.size, None)
            case CancelOrder():
                order = self.orders.cancel_sent(wish.client_order_id)
            case RenewOrder():
                order = self.orders.renew_sent(wish.client_order_id)
                expires_at = self.orders.expiry(order.wish, self.now)
                return Request(wish, order.venue_id, order.price, order.size, expires_at)
            case ResendOrder():
                order = self.orders.resend_sent(wish.client_order_id, self.now)
        return Request(wish, order.venue_id, order.price, order.size, order.expires_at)

    @rule()
    def the_door_is_slow_now_or_quick_again(self) -> None:
        self.is_slow = not self.is_slow
        if not self.is_slow:
            self.read_the_mail()

    def read_the_mail(self) -> None:
        while self.mail:
            letter = self.mail.pop(0)
            if isinstance(letter, RequestDone):
                self.desk.request_done(letter.client_order_id)
                continue
            is_known_fill = isinstance(letter, Filled) and letter.trade_id in self.desk.ledger.position.trade_ids
            assert not is_known_fill
            self.desk.learned(letter)
        self.send_next()

    # --- what becomes of a request ---

    @precondition(lambda self: self.under_way is not None and self.under_way.outcome is None)
    @rule(pick=picks, filled=st.sampled_from([0, 0, 100, 10_000]))
    def it_meets_its_fate(self, pick: int, filled: int) -> None:
        request, fate = self.under_way, self.fates[pick % len(self.fates)]
        assert request is not None
        if fate in ("answered", "carried out", "answer lost"):
            request.outcome = self.carried_out(request, filled)
        if fate == "answered":
            self.answer(request.outcome)
        elif fate == "belated":
            if self.is_sendable(request):
                self.belated.append(replace(request, given_up_at=self.now))
            self.answer(LOST)
        elif fate in ("lost", "answer lost"):
            self.answer(LOST)
        elif fate == "busy":
            self.answer(BUSY)
        elif fate == "unwanted" and not isinstance(request.wish, CancelOrder):
            self.answer(UNWANTED)

    @precondition(lambda self: self.under_way is not None and self.under_way.outcome is not None)
    @rule(is_lost=st.booleans())
    def its_answer_comes_or_is_lost(self, is_lost: bool) -> None:
        assert self.under_way is not None
        self.answer(LOST if is_lost else self.under_way.outcome)

    @precondition(lambda self: self.belated)
    @rule(pick=picks, filled=st.sampled_from([0, 100]))
    def a_belated_request_arrives(self, pick: int, filled: int) -> None:
        request = self.belated.pop(pick % len(self.belated))
        assert request.given_up_at is not None
        is_exit = self.orders.find(request.wish.client_order_id).is_exit
        is_new_exit = is_exit and isinstance(request.wish, PlaceOrder | ResendOrder)
        if is_new_exit and self.now > request.given_up_at + IN_TRANSIT_MAX - SECOND:
            return
        self.carried_out(request, filled)

    def is_sendable(self, request: Request) -> bool:
        return request.venue_id is not None or isinstance(request.wish, PlaceOrder | ResendOrder)

    def carried_out(self, request: Request, filled: int) -> object:
        if not self.is_sendable(request):
            return None
        match request.wish:
            case PlaceOrder() | ResendOrder():
                wish = self.orders.find(request.wish.client_order_id).wish
                return self.venue.create(wish, request.expires_at, filled)
            case CancelOrder():
                assert request.venue_id is not None
                return self.venue.cancel(request.venue_id)
            case _:
                assert request.venue_id is not None
                return self.venue.amend(request.venue_id, request.price, request.size, request.expires_at)

    def answer(self, outcome: object) -> None:
        self.now = max(self.now, Timestamp(self.venue.now - self.skew))
        request, self.under_way = self.under_way, None
        assert request is not None
        name = request.wish.client_order_id
        is_over = self.orders.find(name).is_over
        match request.wish:
            case PlaceOrder() | ResendOrder():
                news = self.orders.placed(name, outcome, self.now)
            case AmendOrder():
                news = self.orders.amended(name, outcome, self.now)
            case CancelOrder():
                news = self.orders.canceled(name, outcome if self.is_sendable(request) else None, self.now)
            case RenewOrder():
                news = self.orders.renewed(name, outcome, request.expires_at, self.now)
        assert not is_over or all(isinstance(each, Filled | Canceled) for each in news)
        self.take(news)
        self.post(RequestDone(ticker=TICKER, client_order_id=name, at=self.now))

    # --- what happens at the venue ---

    @precondition(lambda self: self.venue.resting())
    @rule(pick=picks, size=sizes)
    def an_order_trades(self, pick: int, size: Size) -> None:
        resting = self.venue.resting()
        self.venue.fill(resting[pick % len(resting)].order_id, size)

    @precondition(lambda self: self.venue.resting())
    @rule(pick=picks)
    def the_venue_withdraws_an_order(self, pick: int) -> None:
        resting = self.venue.resting()
        self.venue.withdraw(resting[pick % len(resting)].order_id)

    @rule(ms=st.sampled_from([10, 400, 1500, 5000, 40_000]))
    def time_passes(self, ms: int) -> None:
        self.now = max(Timestamp(self.now + ms * MILLISECOND), Timestamp(self.venue.now - self.skew))
        self.venue.pass_time(Timestamp(self.now + self.skew))

    # --- what is heard ---

    @precondition(lambda self: self.venue.told)
    @rule(back=picks, is_nameless=st.booleans(), is_garbled=st.booleans())
    def a_message_comes_again_or_out_of_turn(self, back: int, is_nameless: bool, is_garbled: bool) -> None:
        event = self.venue.told[-1 - back % len(self.venue.told)]
        if isinstance(event, FillSeen):
            if is_garbled and is_nameless:
                event = replace(event, fill=replace(event.fill, size=Size(100 * event.fill.size)))
            elif is_nameless:
                event = replace(event, client_order_id=None)
            self.heard.add(event.fill.trade_id)
        self.take(self.orders.heard(event, self.now))

    @rule()
    def all_messages_come(self) -> None:
        for event in self.venue.told[self.delivered :]:
            if isinstance(event, FillSeen):
                self.heard.add(event.fill.trade_id)
            self.take(self.orders.heard(event, self.now))
        self.delivered = len(self.venue.told)

    @rule(lags_ms=st.lists(st.sampled_from([0, 0, 300, 2000]), min_size=5, max_size=5))
    def the_lists_are_read(self, lags_ms: list[int]) -> None:
        """Every list is at least as new as the age that the venue states."""
        as_of, *ats = (Timestamp(self.venue.now - lag * MILLISECOND) for lag in sorted(lags_ms, reverse=True))
        self.read = self.lists(as_of, *ats)

    def lists(self, as_of: Timestamp, *ats: Timestamp) -> Sweep:
        at_resting, at_looked, at_listed, at_fills = ats
        resting = tuple(o for o in self.venue.orders_at(at_resting).values() if o.status is RESTING)
        wanted = self.orders.look_ups(resting, self.now)
        return Sweep(
            as_of=as_of,
            resting=resting,
            looked_up={name: self.venue.orders_at(at_looked).get(name) for name in wanted.order_ids},
            listed={ticker: tuple(self.venue.orders_at(at_listed).values()) for ticker in wanted.tickers},
            fills=tuple(f for f in self.venue.fills_at(at_fills) if f.at >= wanted.fills_since_s * SECOND),
        )

    @precondition(lambda self: self.read is not None)
    @rule()
    def what_was_read_is_taken_in(self) -> None:
        assert self.read is not None
        sweep, self.read = self.read, None
        self.heard.update(fill.trade_id for fill in sweep.fills)
        given_up = {
            order.client_order_id: order.doubt.since
            for order in map(self.orders.find, (each.client_order_id for each in self.orders.open_orders()))
            if order.doubt is not None and order.doubt.kind is not DoubtKind.PLACE
        }
        news = self.orders.swept(sweep, self.now)
        for each in news:
            if isinstance(each, Acknowledged | Amended) and each.client_order_id in given_up:
                self.was_so_after(each.client_order_id, given_up[each.client_order_id])
        self.take(news)
        self.withdraw_strays()

    def was_so_after(self, name: str, since: Timestamp) -> None:
        """A doubt is settled by how the order stood after the request had been given up, not by how it stood before."""
        at = since + self.skew
        states = [state for state in self.venue.written if state.client_order_id == name]
        later = [state for state in states if (state.updated_at or 0) > at]
        before = [state for state in states if (state.updated_at or 0) <= at][-1:]
        order = self.orders.find(name)
        kept = (order.price, order.size)
        assert kept in [(s.price, s.filled + s.remaining) for s in (*before, *later) if s.status is RESTING]

    @rule(ms=st.sampled_from([1100, 3000, 15_000]))
    def a_moment_later_the_lists_are_read_and_taken_in(self, ms: int) -> None:
        self.time_passes(ms)
        self.read = self.lists(*[self.venue.now] * 5)
        self.what_was_read_is_taken_in()

    def withdraw_strays(self) -> None:
        for venue_id in self.orders.strays:
            self.venue.cancel(venue_id)
        self.orders.strays.clear()

    def post(self, *letters: OrderNews | RequestDone) -> None:
        self.mail += letters
        if not self.is_slow:
            self.read_the_mail()

    def take(self, news: list[OrderNews]) -> None:
        self.post(*news)
        assert not any(each.client_order_id in self.ended for each in news if not isinstance(each, Filled | Canceled))
        self.ended |= {name for name in {each.client_order_id for each in news} if self.orders.find(name).is_over}
        for each in news:
            if isinstance(each, Filled):
                self.told[each.trade_id] += 1
                fill = next(fill for fill in self.venue.fills if fill.trade_id == each.trade_id)
                assert (fill.price, fill.size, fill.fee) == (each.price, each.size, each.fee)
            elif isinstance(each, Canceled):
                shown = self.venue.by_client_id(each.client_order_id)
                if shown is not None and self.orders.find(each.client_order_id).is_size_sure:
                    assert shown.status is not RESTING
                    assert self.orders.find(each.client_order_id).booked == shown.filled

    # --- what always holds ---

    @invariant()
    def what_is_over_here_is_over_there(self) -> None:
        for shown in self.venue.resting():
            order = self.orders.find(shown.client_order_id)
            # Where a change was given up, the venue may have made the order larger than we knew: it is withdrawn then.
            assert not order.is_over or not order.is_size_sure

    @invariant()
    def every_fill_is_told_once_and_only_what_was_heard(self) -> None:
        assert all(times == 1 for times in self.told.values())
        assert self.told.keys() <= self.heard

    @invariant()
    def the_position_is_that_of_the_fills_told(self) -> None:
        told = [fill for fill in self.venue.fills if fill.trade_id in self.told]
        net = sum(fill.size if fill.side is Side.BID else -fill.size for fill in told)
        assert self.orders.net(TICKER) == net
        if not any(isinstance(letter, Filled) for letter in self.mail):
            assert self.desk.ledger.position.net == net

    def teardown(self) -> None:
        """The faults stop: what is asked is answered, and the lists are up to date."""
        if not hasattr(self, "venue"):
            return
        self.belated.clear()
        for _ in range(16):
            self.time_passes(11_000)
            self.look_after_what_is_due()
            self.answer_everything()
            self.read = self.lists(*[self.venue.now] * 5)
            self.what_was_read_is_taken_in()
            self.what_is_over_here_is_over_there()
        self.answer_everything()
        assert not self.orders.needs_a_look
        assert self.under_way is None
        assert {fill.trade_id for fill in self.venue.fills} == set(self.told)
        assert self.desk.ledger.position.net == self.venue.net
        shown = {o.client_order_id: (o.price, o.filled + o.remaining, o.filled) for o in self.venue.resting()}
        kept = {o.client_order_id: (o.price, o.size, o.filled) for o in self.desk.ledger.orders}
        assert kept == shown
        assert all(order.state is OrderState.RESTING for order in self.desk.ledger.orders)

    def answer_everything(self) -> None:
        self.is_slow = False
        self.read_the_mail()
        while self.under_way is not None:
            request = self.under_way
            self.answer(request.outcome if request.outcome is not None else self.carried_out(request, 0))
            self.read_the_mail()


LiveOrdersMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestLiveOrders = LiveOrdersMachine.TestCase


def walk(seed: int, steps: int) -> None:
    """One long random walk over the same rules: hypothesis makes short stories, and its chance knows no weights."""
    chance = Random(seed)
    machine = LiveOrdersMachine()
    kinds, fates = ["entry", "exit", "now"], [*FATES]
    machine.begin(
        skew_ms=chance.randint(-900, 900),
        most_orders=chance.randint(1, 3),
        kinds=set(chance.sample(kinds, chance.randint(1, 3))),
        fates={"answered", *chance.sample(fates, chance.randint(1, 4))},
    )
    for _ in range(steps):
        step(machine, chance)
        machine.what_is_over_here_is_over_there()
        machine.every_fill_is_told_once_and_only_what_was_heard()
        machine.the_position_is_that_of_the_fills_told()
    machine.teardown()


def step(machine: LiveOrdersMachine, chance: Random) -> None:
    pick, side = chance.randint(0, 5), chance.choice([Side.BID, Side.ASK])
    price, size = Price(100 * chance.randint(44, 48)), Size(100 * chance.randint(1, 6))
    request = machine.under_way
    resting = machine.in_state(OrderState.RESTING)
    unknown = machine.in_state(OrderState.UNKNOWN)
    has_room = len(machine.desk.ledger.orders) < machine.most_orders
    steps: list[tuple[float, bool, Callable[[], None]]] = [
        (4, request is None and has_room, lambda: machine.wish_for_an_order(side, price, size, pick)),
        (3, request is None and bool(resting), lambda: machine.wish_for_an_amendment(pick, price, size)),
        (1, request is None and bool(resting or unknown), lambda: machine.wish_for_a_cancel(pick)),
        (2, request is None, machine.look_after_what_is_due),
        (6, request is not None and request.outcome is None,
         lambda: machine.it_meets_its_fate(chance.randint(0, 100), chance.choice([0, 0, 0, 100, 10_000]))),
        (4, request is not None and request.outcome is not None,
         lambda: machine.its_answer_comes_or_is_lost(chance.random() < 0.5)),
        (2, bool(machine.belated), lambda: machine.a_belated_request_arrives(pick, chance.choice([0, 0, 100]))),
        (1, bool(machine.venue.resting()), lambda: machine.an_order_trades(pick, size)),
        (0.3, bool(machine.venue.resting()), lambda: machine.the_venue_withdraws_an_order(pick)),
        (1, bool(machine.venue.told), lambda: machine.a_message_comes_again_or_out_of_turn(
            pick, chance.random() < 0.2, chance.random() < 0.3)),
        (0.7, True, machine.all_messages_come),
        (1, True, lambda: machine.the_lists_are_read([chance.choice([0, 0, 300, 2000]) for _ in range(5)])),
        (1, machine.read is not None, machine.what_was_read_is_taken_in),
        (2, True, lambda: machine.a_moment_later_the_lists_are_read_and_taken_in(chance.choice([1100, 1100, 3000]))),
        (1, True, lambda: machine.time_passes(chance.choice([10, 400, 1500, 5000, 40_000]))),
        (0.2, True, machine.the_door_is_slow_now_or_quick_again),
    ]  # fmt: skip
    possible = [each for each in steps if each[1]]
    chance.choices(possible, [weight for weight, _, _ in possible])[0][2]()


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_no_order_is_lost_or_doubled_on_long_random_walks(first):
    for seed in range(first, first + 100):
        walk(seed, 150)


def test_no_order_is_lost_or_doubled_on_a_walk_that_left_one_behind():
    """An amendment given up, proven never done while a cancel was under way, and then the last fill."""
    walk(8094, 150)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_no_order_is_lost_or_doubled_on_very_many_walks():
    for seed in range(20_000):
        walk(seed, 150)
