"""A claim is answered with what stands and what nobody has told; what the log will not have is told in one line."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelock.actors.desk_history import HISTORY_KEPT, Told
from edgelock.actors.messages import AddMarket, ClaimAnswer, ClaimMarket, DropMarket, SettlementNews
from edgelock.actors.order_gateway import MarketLoaded
from edgelock.core.facts import OrderFilled, Recovered
from edgelock.core.position import Position
from edgelock.core.recovery import Recovery
from edgelock.core.telemetry import Reconcile
from tests.actors.door import A, Door, an_entry, an_exit, doors
from tests.actors.trading_doubles import two_markets
from tests.core.builders import NOON, a_position, cents, contracts

NOBODY_TOLD = Position()
BOUGHT_BEFORE = replace(a_position(7), trade_ids=frozenset({"t0"}))


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Door]]:
    yield from doors(tmp_path)


def told(sequence: int, position: Position = NOBODY_TOLD, *, numbering: int = 1) -> Told:
    return Told(numbering=numbering, sequence=sequence, position=position)


def a_claim(door: Door, known: Told | None) -> Recovered:
    """Of the second life; what it is answered."""
    door.facts()
    door.telemetry.taken()
    door.tell(ClaimMarket(A, 2, door.markets[A].address, known))
    (answer,) = door.markets[A].taken()
    assert isinstance(answer, ClaimAnswer)
    assert answer.incarnation == 2
    return answer.fact


def numbers(recovered: Recovered) -> list[int]:
    return [untold.fact.sequence for untold in recovered.untold]


def gaps(door: Door) -> list[str]:
    return [record.detail for record in door.telemetry.records() if isinstance(record, Reconcile)]


def a_door_that_bought(build: Callable[..., Door]) -> Door:
    """Two facts: the entry is taken, and it fills whole."""
    door = build()
    door.submit(an_entry("a"))
    door.venue.ack("a")
    door.venue.fill("a", 10, trade="t1")
    return door


def test_what_came_after_the_last_fact_that_was_told_is_handed_to_the_next_life(build: Callable[..., Door]) -> None:
    door = a_door_that_bought(build)

    recovered = a_claim(door, told(1))

    (untold,) = recovered.untold
    assert isinstance(untold.fact, OrderFilled)
    assert (untold.position, [order.client_order_id for order in untold.orders]) == (NOBODY_TOLD, ["a"])
    assert (recovered.sequence, recovered.position.net) == (2, contracts(10))
    assert gaps(door) == []


def test_a_life_that_told_all_leaves_nothing_to_tell(build: Callable[..., Door]) -> None:
    door = a_door_that_bought(build)
    position = door.actor._desks[A].ledger.position

    assert numbers(a_claim(door, told(2, position))) == []
    assert gaps(door) == []


def test_when_no_life_has_had_the_record_everything_since_it_was_read_is_untold(build: Callable[..., Door]) -> None:
    assert numbers(a_claim(a_door_that_bought(build), None)) == [1, 2]


def test_a_payout_before_the_first_claim_is_told_by_the_life_that_claims(build: Callable[..., Door]) -> None:
    door = build()
    door.gateway.is_loading_slow = True
    door.tell(DropMarket(A))
    door.tell(AddMarket(two_markets()[0], door.markets[A].address))
    door.venue.say(MarketLoaded(A, Recovery(position=a_position(10))))
    door.tell(SettlementNews(A, cents(100), NOON))

    assert numbers(a_claim(door, None)) == [1]


def test_what_a_life_has_died_of_telling_is_not_handed_on_but_named(build: Callable[..., Door]) -> None:
    door = a_door_that_bought(build)

    recovered = a_claim(door, told(2, NOBODY_TOLD))

    assert numbers(recovered) == []
    assert gaps(door) == [f"{A}: 1 fills have no line of their own, with a result of 0.000000: t1"]


def test_what_is_named_is_named_once_however_many_lives_die_before_they_have_their_answer(
    build: Callable[..., Door],
) -> None:
    door = a_door_that_bought(build)
    a_claim(door, told(2))

    door.tell(ClaimMarket(A, 3, door.markets[A].address, told(2)))

    assert len(gaps(door)) == 1


def test_what_an_earlier_life_of_the_door_learned_is_named_and_what_this_one_learned_is_handed_on(
    build: Callable[..., Door],
) -> None:
    door = build()
    door.gateway.is_loading_slow = True
    door.tell(DropMarket(A))
    door.tell(AddMarket(two_markets()[0], door.markets[A].address))
    door.venue.say(MarketLoaded(A, Recovery(position=BOUGHT_BEFORE)))
    door.claim(A)
    door.submit(an_exit("x", size=7))
    door.venue.ack("x")

    recovered = a_claim(door, told(40, NOBODY_TOLD, numbering=0))

    assert numbers(recovered) == [1]
    (gap,) = gaps(door)
    assert "1 fills have no line of their own" in gap


def test_what_is_too_long_ago_is_named(build: Callable[..., Door]) -> None:
    door = a_door_that_bought(build)
    desk = door.actor._desks[A]
    for number in range(HISTORY_KEPT):
        # Refused, because it is not flat: news like any other.
        door.submit(an_entry(f"b{number}"))
    assert desk.untold_since(1) is None

    recovered = a_claim(door, told(1, NOBODY_TOLD))

    assert numbers(recovered) == []
    assert gaps(door) == [f"{A}: 1 fills have no line of their own, with a result of 0.000000: t1"]


def test_a_claimant_that_is_answered_later_is_answered_alike(build: Callable[..., Door]) -> None:
    door = build()
    door.gateway.is_loading_slow = True
    door.tell(DropMarket(A))
    door.tell(AddMarket(two_markets()[0], door.markets[A].address))
    door.tell(ClaimMarket(A, 2, door.markets[A].address, told(9, numbering=0)))
    assert door.markets[A].taken() == []

    door.venue.say(MarketLoaded(A, Recovery(position=BOUGHT_BEFORE)))

    (answer,) = door.markets[A].taken()
    found: Any = answer
    assert (type(found), found.incarnation, found.numbering) == (ClaimAnswer, 2, 1)
    assert any("no line of their own" in gap for gap in gaps(door))
