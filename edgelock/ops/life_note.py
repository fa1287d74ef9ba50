"""What of a supervisor's notice is worth keeping beyond the run: one note for each turn in an actor's life."""

from edgelock.actors import notices as notice
from edgelock.actors.journal_records import LifeEvent, LifeNote
from edgelock.actors.notices import Notice
from edgelock.core.market_state import MarketState
from edgelock.core.units import SECOND, Price, Timestamp, price_text, size_text


def life_note(news: Notice, *, run: str, at: Timestamp) -> LifeNote | None:
    """A death or a quarantine; None for everything else. A return is `return_note`, once both halves are known."""
    match news:
        case notice.ChildCrashed():
            of = f" (of {news.message})" if news.message else ""
            return _note("crash", news, run, at, detail=f"{news.phase}: {news.reason}{of}", traceback=news.traceback)
        case notice.ChildHung():
            detail = f"busy with {news.busy_with} for {news.busy_ns // SECOND} s"
            return _note("hung", news, run, at, detail=detail, traceback=news.stack)
        case notice.ChildQuarantined():
            return _note("quarantine", news, run, at, detail=news.reason)
        case _:
            return None


def return_note(news: notice.ChildRestarted, recovered: MarketState | None, *, run: str, at: Timestamp) -> LifeNote:
    """A new life: what was recovered, and how long the actor was down."""
    detail = "" if recovered is None else recovered_text(recovered)
    return _note("restart", news, run, at, detail=detail, took_ns=news.down_ns)


def recovered_text(state: MarketState) -> str:
    """What a market took over: net, average price and live orders."""
    vwap = state.position.vwap
    price = "" if vwap is None else f" at {price_text(Price(round(vwap)))}"
    orders = ", ".join(
        f"{order.kind.value} {order.side.value} {price_text(order.price)} x {size_text(order.remaining)}"
        for order in state.orders
    )
    return f"recovered net {size_text(state.position.net)}{price}; {orders or 'no live orders'}"


def _note(
    event: LifeEvent,
    news: notice.ChildCrashed | notice.ChildHung | notice.ChildQuarantined | notice.ChildRestarted,
    run: str,
    at: Timestamp,
    *,
    detail: str,
    traceback: str = "",
    took_ns: int = 0,
) -> LifeNote:
    return LifeNote(
        run=run,
        actor=news.name,
        incarnation=news.incarnation,
        event=event,
        detail=" ".join(detail.split()),
        traceback=traceback,
        took_ns=took_ns,
        at=at,
    )
