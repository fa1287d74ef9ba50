"""What the running bot answers to `status`, `why`, `restarts`, `kill`, `resume`, `stop` and `restart`.

Called on the control server's thread: it looks at boards and tells actors, and waits only to see its wish come true.
"""

import os
import threading
from collections.abc import Callable, Mapping

from edgelock.actors.cell import ChildState
from edgelock.actors.redaction import Redactor
from edgelock.actors.supervision_status import ChildStatus
from edgelock.core.market_state import MarketState
from edgelock.core.permit import Brake
from edgelock.core.units import MILLISECOND, SECOND, Price, money_text, price_text, size_text
from edgelock.ops.control_server import Handler
from edgelock.ops.gate_history import GateHistory
from edgelock.ops.restart_log import MARKET_PREFIX
from edgelock.ops.restarts import restarts
from edgelock.ops.run_events import Stop
from edgelock.ops.run_loop import RunLoop
from edgelock.ops.status import ActorStatus, MarketStatus, QuoteStatus, StatusPayload, TreeStatus
from edgelock.ops.user_error import UserError
from edgelock.ops.why import why

WISH_TIMEOUT_S = 2.0
LOOK_EVERY_S = 0.02


def control_handlers(loop: RunLoop, history: GateHistory) -> Mapping[str, Handler]:
    """One handler per command; `history` knows since when gates hold, where the markets themselves do not.

    No secret leaves through them: a crash may quote anything.
    """
    handlers: Mapping[str, Handler] = {
        "status": lambda _request: dict(status_of(loop)),
        "why": lambda request: why(loop.system, str(request.get("ticker", "")), history),
        "restarts": lambda request: restarts(loop.system, str(request.get("name", ""))),
        "kill": lambda _request: _switch(loop, on=True),
        "resume": lambda _request: _switch(loop, on=False),
        "stop": lambda _request: _stop(loop),
        "restart": lambda request: _restart(loop, request),
    }
    return {command: _redacting(handler, loop.telemetry.redactor) for command, handler in handlers.items()}


def _redacting(handler: Handler, redactor: Redactor) -> Handler:
    def handle(request: Mapping[str, object]) -> Mapping[str, object]:
        return {key: _redacted(value, redactor) for key, value in handler(request).items()}

    return handle


def _redacted(value: object, redactor: Redactor) -> object:
    match value:
        case str():
            return redactor.text(value)
        case list():
            return [_redacted(item, redactor) for item in value]
        case dict():
            return {key: _redacted(item, redactor) for key, item in value.items()}
        case _:
            return value


def status_of(loop: RunLoop) -> StatusPayload:
    """The whole bot at this moment."""
    system, settings = loop.system, loop.system.settings
    risk = system.boards.risk.state()
    tree = system.supervisor.supervision_status()
    children = {child.name: child for child in tree.children}
    latch = loop.telemetry.board.killed_by()
    return StatusPayload(
        pid=os.getpid(),
        mode=settings.mode,
        venue=settings.venue.name,
        strategy=settings.strategy_name,
        uptime_s=loop.uptime_ns // SECOND,
        kill=(latch or "operator") if risk is not None and risk.is_killed else None,
        breaker="none" if risk is None else risk.portfolio.tier.name.lower(),
        journal=None if risk is None else (risk.memory_unread or risk.journal_trouble or None),
        realized=money_text(loop.realized()),
        log=str(loop.options.log_path),
        markets=[
            _market(
                state,
                children.get(f"{MARKET_PREFIX}{state.market.ticker}"),
                fenced=system.boards.gate.fenced(state.market.ticker),
            )
            for state in system.boards.markets.states()
        ],
        supervision=TreeStatus(
            escalated=tree.escalated, is_stopping=tree.is_stopping, is_storm=tree.is_storm, zombies=tree.zombies
        ),
        actors=[_actor(child) for child in children.values()],
    )


def _market(state: MarketState, child: ChildStatus | None, *, fenced: int) -> MarketStatus:
    context = state.context()
    return MarketStatus(
        ticker=state.market.ticker,
        state=context.state,
        net=size_text(context.net),
        vwap=None if context.vwap is None else price_text(Price(round(context.vwap))),
        tp=None if context.tp is None else price_text(Price(round(context.tp))),
        bid=None if context.best_bid is None else price_text(context.best_bid),
        ask=None if context.best_ask is None else price_text(context.best_ask),
        quotes=[
            QuoteStatus(
                side=order.side.value,
                price=price_text(order.price),
                qty=size_text(order.remaining),
                kind=order.kind.value,
            )
            for order in state.orders
        ],
        age_s=None if state.age is None else state.age // SECOND,
        realized=money_text(state.position.realized),
        restarts=0 if child is None else child.restarts,
        fenced=fenced,
        permit=state.permit.mode.name,
        permit_reason=state.permit.reason or ("" if state.permit.brake is Brake.NONE else "cb_soft"),
        actor="stopped" if child is None else _word(child.state),
    )


def _actor(child: ChildStatus) -> ActorStatus:
    inbox, lost = child.inbox, child.lost
    return ActorStatus(
        name=child.name,
        kind="market" if child.name.startswith(MARKET_PREFIX) else "infrastructure",
        state=_word(child.state),
        since_s=child.state_for_ns // SECOND,
        incarnation=child.incarnation,
        restarts=child.restarts_in_window,
        restarts_max=child.restarts_max,
        window_s=child.window_ns // SECOND,
        back_ms=child.backoff_left_ns // MILLISECOND,
        last_crash=child.last_crash,
        inbox=0 if inbox is None else inbox.depth,
        inbox_control=0 if inbox is None else inbox.control,
        inbox_fifo=0 if inbox is None else inbox.fifo,
        inbox_latest=0 if inbox is None else inbox.latest,
        inbox_max=0 if inbox is None else inbox.max_depth,
        busy_with=child.busy_with,
        busy_s=child.busy_ns // SECOND,
        handled=child.handled_count,
        fatal_messages=child.fatal_messages,
        lost=lost.dead_letters + lost.latest_dropped + lost.control_dropped + lost.malformed,
        zombies=child.zombies,
    )


def _word(state: ChildState) -> str:
    words = {ChildState.BACKOFF: "backing_off", ChildState.NEW: "stopped"}
    return words.get(state, state.value)


def _switch(loop: RunLoop, *, on: bool) -> Mapping[str, object]:
    """The latch is moved, and seen to be moved, before the answer."""
    loop.system.switch_kill(on=on, who="command")
    _wait_until(lambda: (state := loop.system.boards.risk.state()) is not None and state.is_killed is on)
    return {"kill": on}


def _stop(loop: RunLoop) -> Mapping[str, object]:
    loop.events.put(Stop(who="command"))
    return {"stopping": True}


def _restart(loop: RunLoop, request: Mapping[str, object]) -> Mapping[str, object]:
    ticker = str(request.get("ticker", ""))
    if not loop.system.restart_market(ticker):
        traded = ", ".join(sorted(loop.system.tickers())) or "none"
        raise UserError(f"no market {ticker!r} is traded; traded now: {traded}")
    return {"restarting": ticker}


def _wait_until(is_true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(WISH_TIMEOUT_S / LOOK_EVERY_S)):
        if is_true():
            return
        pause.wait(LOOK_EVERY_S)
    raise UserError("the bot did not confirm within two seconds; look at its log", exit_code=1)
