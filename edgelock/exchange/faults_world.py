"""Faults that happen to the venue itself: carried out when their rule says so, and undone when their time is over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from edgelock.core.units import MILLISECOND, Duration, Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.engine import Engine
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_menu import Fault
from edgelock.exchange.faults_schedule import Elapsed, FaultSchedule, Rule, Strike
from edgelock.exchange.faults_world_kinds import (
    GRIDS,
    AmendResults,
    CancelOrders,
    ChangeFees,
    ChangeSteps,
    DisputeResults,
    LagReads,
    MoveCloses,
    PlaceForeignOrder,
    Reactivate,
    SettleMarkets,
    SkewClock,
    TriggerGroups,
    TurnPhase,
    TurnTrading,
)
from edgelock.exchange.flow import (
    Action,
    AmendResult,
    BookSide,
    ChangeGrid,
    ChangePhase,
    ChangeTrading,
    Dispute,
    MarketListing,
    MarketPhase,
    MoveClose,
    OverrideFees,
    Settle,
    Trading,
)
from edgelock.exchange.market import ENDED, Market
from edgelock.exchange.market_life import IllegalMarketChange
from edgelock.exchange.orders import OrderTerms, UpdateReason
from edgelock.exchange.request_log import RequestLog, instant

Undo = Callable[[], None]
Step = tuple[Action, Action | None]
"""Something to do to a market or the exchange, and what takes it back; None where nothing does."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a rule did that can be undone, and when that is due on its clock; None: with the schedule."""

    rule: Rule
    ends_at: Duration | None
    undos: tuple[Undo, ...]

    def is_over(self, elapsed: Elapsed) -> bool:
        """Whether its time has come."""
        return self.ends_at is not None and self.rule.timing.of(elapsed) >= self.ends_at


class WorldFaults:
    """Carries the rules of the board out that wait for no occasion.

    intervene  does something to markets or the exchange now. Raises KeyError and IllegalMarketChange.
    skew       how far the exchange's wall clock is ahead
    """

    def __init__(self, board: FaultBoard, engine: Engine, intervene: Callable[[Action], None], log: RequestLog) -> None:
        self._board = board
        self._engine = engine
        self._intervene = intervene
        self._log = log
        self._states: list[_State] = []
        self.skew = Duration(0)

    def act_due(self) -> None:
        """Do and undo what is due by now. Cheap when there is nothing."""
        if not (self._states or self._board.schedule.has_acts):
            return
        elapsed = self._board.elapsed()
        for state in [each for each in self._states if each.is_over(elapsed)]:
            self._states.remove(state)
            self._end(state)
        for strike, at in self._board.schedule.due(elapsed):
            self._carry_out(strike, at)

    def replace(self, schedule: FaultSchedule) -> None:
        """Undo everything that can be undone, and follow another schedule from now on."""
        while self._states:
            self._end(self._states.pop())
        self._board.replace(schedule)

    def in_force(self) -> list[str]:
        """The names of the rules whose doing still lasts."""
        return [state.rule.name for state in self._states]

    def _carry_out(self, strike: Strike, at: Duration) -> None:
        rule = strike.rule
        undos = tuple(self._do(rule))
        self._note(rule, "done", strike.number)
        if undos:
            lasts = rule.timing.lasts
            self._states.append(_State(rule, Duration(at + lasts) if lasts is not None else None, undos))

    def _end(self, state: _State) -> None:
        for undo in state.undos:
            undo()
        self._note(state.rule, "ended", None)

    def _do(self, rule: Rule) -> Iterator[Undo]:
        match rule.fault:
            case TurnTrading(trading=trading):
                yield from self._take([(ChangeTrading(trading), ChangeTrading(Trading.OPEN))])
            case LagReads(lag_ms=lag_ms):
                yield self._lag_reads(Duration(lag_ms * MILLISECOND))
            case SkewClock(skew_s=skew):
                yield self._skew_clock(skew)
            case PlaceForeignOrder() as foreign:
                self._place(foreign, rule)
            case TriggerGroups():
                self._trigger_groups(rule)
            case CancelOrders():
                self._cancel_orders(rule)
            case _:
                markets = self._markets(rule)
                yield from self._take(
                    step for market in markets for step in _steps(rule.fault, market, self._engine.now)
                )

    def _take(self, steps: Iterable[Step]) -> Iterator[Undo]:
        """Take the steps that the life of their market has; the others are left out, as with the flow."""
        for action, undo in dict.fromkeys(steps):
            if self._is_done(action) and undo is not None:
                yield partial(self._undo, undo)

    def _undo(self, action: Action) -> None:
        self._is_done(action)

    def _is_done(self, action: Action) -> bool:
        try:
            self._intervene(action)
        except IllegalMarketChange:
            return False
        return True

    def _lag_reads(self, lag: Duration) -> Undo:
        had, self._engine.read_lag = self._engine.read_lag, lag

        def undo() -> None:
            self._engine.read_lag = had

        return undo

    def _skew_clock(self, skew: Duration) -> Undo:
        had, self.skew = self.skew, skew

        def undo() -> None:
            self.skew = had

        return undo

    def _trigger_groups(self, rule: Rule) -> None:
        for account in self._accounts(rule):
            for group_id in list(account.groups):
                self._engine.trigger_group(account, group_id, self._engine.now)

    def _place(self, foreign: PlaceForeignOrder, rule: Rule) -> None:
        """An order that the venue would refuse is not placed."""
        for market in self._markets(rule):
            terms = OrderTerms(
                ticker=market.listing.ticker, side=BookSide(foreign.side), price=foreign.price, size=foreign.contracts
            )
            for account in self._accounts(rule):
                self._engine.place(account, terms, self._engine.now)

    def _cancel_orders(self, rule: Rule) -> None:
        tickers = {market.listing.ticker for market in self._markets(rule)}
        for account in self._accounts(rule):
            resting = [order for ticker in tickers for order in account.resting.get(ticker, {}).values()]
            for order in sorted(resting, key=lambda order: order.number):
                self._engine.venue.cancel(order, UpdateReason.NONE, self._engine.now)

    def _markets(self, rule: Rule) -> list[Market]:
        is_about_results = isinstance(rule.fault, SettleMarkets | DisputeResults | AmendResults)
        return [
            market
            for ticker, market in self._engine.markets.items()
            if (market.status not in ENDED or is_about_results) and (rule.tickers is None or ticker in rule.tickers)
        ]

    def _accounts(self, rule: Rule) -> list[Account]:
        accounts = self._engine.venue.accounts.values()
        return [each for each in accounts if rule.accounts is None or each.account_id in rule.accounts]

    def _note(self, rule: Rule, what: str, strike: int | None) -> None:
        fault = {"number": rule.number, "name": rule.name, "do": rule.kind}
        self._log.venue_fault(instant(self._engine.now), what, fault | ({} if strike is None else {"strike": strike}))


def _steps(fault: Fault, market: Market, now: Timestamp) -> list[Step]:
    """What a fault does to one market."""
    listing = market.listing
    ticker = listing.ticker
    pause, resume = ChangePhase(ticker, MarketPhase.INACTIVE), ChangePhase(ticker, MarketPhase.ACTIVE)
    match fault:
        case TurnPhase(phase=MarketPhase.INACTIVE):
            return [(pause, resume)]
        case TurnPhase(phase=phase):
            return [(ChangePhase(ticker, phase), None)]
        case Reactivate():
            return [(pause, None), (resume, None)]
        case MoveCloses(in_s=wait):
            return [(MoveClose(ticker, Timestamp(now + wait)), None)]
        case SettleMarkets(result=result):
            return [(Settle(ticker, result), None)]
        case DisputeResults():
            return [(Dispute(ticker), None)]
        case AmendResults(result=result):
            return [(AmendResult(ticker, result), None)]
        case ChangeSteps(structure=label):
            return [(ChangeGrid(ticker, label, GRIDS[label]), _grid_of(listing))]
        case ChangeFees(fee_type=fee_type, multiplier=multiplier):
            event = listing.event_ticker
            return [(OverrideFees(event, fee_type, multiplier), OverrideFees(event, None, None))]
    raise AssertionError(f"{fault!r} is no fault of a market")


def _grid_of(listing: MarketListing) -> ChangeGrid:
    return ChangeGrid(listing.ticker, listing.price_level_structure, listing.grid)
