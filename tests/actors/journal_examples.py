"""Examples of what a journal keeps, and a journal that has some of everything."""

from dataclasses import replace
from pathlib import Path

from edgelock.actors.journal import Journal, LifeNote, RecordedFill
from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Kind, OrderState, Role, TimeInForce
from edgelock.core.units import Money, Price, Size, Timestamp

NOON = Timestamp(1_800_000_000_000_000_000)
SCOPE = "live:demo:abc"
INTENT = PlaceOrder(
    client_order_id="r1-1",
    side=Side.BID,
    price=Price(4800),
    size=Size(1000),
    role=Role.ENTRY,
    kind=Kind.QUOTE,
    time_in_force=TimeInForce.GOOD_TILL_CANCELED,
    post_only=True,
    skew="FLAT",
)
FILL = RecordedFill(
    run="r1",
    ticker="T",
    client_order_id="r1-1",
    trade_id="t1",
    side=Side.BID,
    price=Price(4800),
    size=Size(300),
    fee=Money(13_200),
    is_taker=False,
    at=NOON,
)
CRASH = LifeNote(
    run="r1",
    actor="market:T",
    incarnation=3,
    event="crash",
    detail="ValueError: odd",
    traceback="Traceback …",
    took_ns=0,
    at=NOON,
)


def record(journal: Journal, intent: PlaceOrder = INTENT, **changes: object) -> None:
    """An intent of run r1."""
    arguments = {"run": "r1", "ticker": "T", "incarnation": 3, "intent": intent, "at": NOON, **changes}
    journal.record_intent(**arguments)


def with_some_of_everything(directory: Path) -> Journal:
    """A journal of one run with a row in every table."""
    journal = Journal(directory)
    journal.begin_run("r1", SCOPE, NOON)
    record(journal)
    record(journal, replace(INTENT, client_order_id="r1-2"))
    journal.record_end(client_order_id="r1-2", state=OrderState.CANCELED, at=NOON)
    journal.record_fill(FILL)
    journal.record_settlement(run="r1", ticker="T", value=Price(10_000), net=Size(300), fee=Money(0), at=NOON)
    journal.set_latch("kill", is_on=True, who="command", at=NOON)
    journal.save_risk('{"cancels": 3}', scope=SCOPE, at=NOON)
    journal.record_incarnation("T", 3)
    journal.record_life(CRASH)
    return journal


def everything(journal: Journal) -> tuple[object, ...]:
    """What a journal says about the run of `with_some_of_everything`."""
    return (
        journal.runs_of(SCOPE),
        journal.unfinished_intents(scope=SCOPE),
        journal.fills_of("T", scope=SCOPE),
        journal.settlement_of("T", scope=SCOPE),
        journal.read_latch("kill"),
        journal.load_risk(scope=SCOPE),
        journal.last_incarnation("T"),
        journal.lives_of("market:T", most=5),
    )
