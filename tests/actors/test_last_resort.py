"""With the door gone, what is ours is withdrawn by the venue's own list, and nobody else's is touched."""

from edgelock.actors.last_resort import BATCH_MAX, withdraw_everything
from edgelock.core.market import Side
from edgelock.core.units import Price, Size
from edgelock.kalshi.account import VenueOrder, VenueOrderStatus
from edgelock.kalshi.rest_call import VenueUnreachable


def an_order(name: str) -> VenueOrder:
    return VenueOrder(
        order_id=f"v-{name}",
        client_order_id=name,
        ticker="T",
        side=Side.BID,
        price=Price(4800),
        size=Size(1000),
        filled=Size(0),
        remaining=Size(1000),
        status=VenueOrderStatus.RESTING,
    )


class ShortVenue:
    """Lists and cancels; each look and each cancel may be made to fail, and its lists may lag by some looks."""

    def __init__(self, *names: str, unreadable=0, deaf=0, lag=0) -> None:
        self.resting = {f"v-{name}": an_order(name) for name in names}
        self.unreadable, self.deaf, self.lag = unreadable, deaf, lag
        self.batches: list[int] = []
        self._shown = [tuple(self.resting.values())] * (lag + 1)
        self.now = 0.0

    def orders(self, *, status: str) -> tuple[VenueOrder, ...]:
        assert status == "resting"
        if self.unreadable:
            self.unreadable -= 1
            raise VenueUnreachable("GET /portfolio/orders: no answer")
        self._shown.append(tuple(self.resting.values()))
        return self._shown[-1 - self.lag]

    def cancel_orders(self, orders) -> None:
        self.batches.append(len(orders))
        if self.deaf:
            self.deaf -= 1
            return
        for order_id, _ in orders:
            self.resting.pop(order_id, None)

    def withdraw(self, timeout_s=10.0):
        def sleep(seconds: float) -> None:
            self.now += seconds

        return withdraw_everything(
            self, lambda name: name.startswith("r1-"), timeout_s=timeout_s, monotonic=lambda: self.now, sleep=sleep
        )


def test_what_is_ours_goes_and_what_is_not_stays():
    venue = ShortVenue("r1-a", "r1-b", "somebody")

    assert venue.withdraw() == ()
    assert list(venue.resting) == ["v-somebody"]


def test_a_cancel_that_is_lost_is_sent_again_after_the_next_look():
    venue = ShortVenue("r1-a", deaf=3)

    assert venue.withdraw() == ()
    assert len(venue.batches) == 4


def test_many_orders_go_in_batches():
    venue = ShortVenue(*(f"r1-{n}" for n in range(45)))

    assert venue.withdraw() == ()
    assert venue.batches == [BATCH_MAX, BATCH_MAX, 5]


def test_a_list_that_lags_is_looked_at_until_it_is_empty():
    venue = ShortVenue("r1-a", lag=3)

    assert venue.withdraw() == ()
    assert len(venue.batches) > 1


def test_a_venue_that_cannot_be_read_for_a_while_is_asked_again():
    assert ShortVenue("r1-a", unreadable=5).withdraw() == ()


def test_what_is_left_when_the_time_is_over_is_named():
    venue = ShortVenue("r1-a", deaf=1_000)

    (left,) = venue.withdraw(timeout_s=2.0) or ()

    assert left.client_order_id == "r1-a"


def test_a_venue_that_never_answers_leaves_it_open_what_rests():
    assert ShortVenue("r1-a", unreadable=1_000).withdraw(timeout_s=2.0) is None
