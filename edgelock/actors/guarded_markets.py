"""Markets that are quarantined: the door itself sees to it that their positions have a way out, and tells of them.

Each look begins from the record alone; nothing of the market's own memory is used. A look is made when nothing of the
market is under way, and no sooner than `exit_retry_s` after the one before. It ends when a new life claims the market.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edgelock.actors import claims
from edgelock.actors.address import Address
from edgelock.actors.clock import Clock
from edgelock.actors.desk_history import Told
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import Records
from edgelock.actors.order_desk import OrderDesk
from edgelock.core.book import EMPTY_VIEW
from edgelock.core.decide import decide
from edgelock.core.facts import FeedStatus
from edgelock.core.guardian import Guardian, OnQuarantine
from edgelock.core.intents import PlaceOrder
from edgelock.core.market_state import NEW_EPISODE, Episode, MarketState, RunMode
from edgelock.core.order import OrderState
from edgelock.core.settings import TradingSettings
from edgelock.core.telling_late import told_late
from edgelock.core.units import Timestamp

LOOK_EVERY_NS = 250_000_000
"""Real time after which the door looks again, news or not."""


@dataclass(slots=True)
class _Guard:
    """next_at: before it no look is made; episode: when people were told that an exit is due."""

    policy: OnQuarantine
    next_at: Timestamp = Timestamp(0)
    episode: Episode = NEW_EPISODE
    is_trouble_told: bool = False


class GuardedMarkets:
    """For the door's thread; the door lends it the desks.

    numbering  of this life of the door; with `-q` before it in the order ids, no other life's begin so
    say        a line for people
    """

    def __init__(
        self,
        desks: Mapping[str, OrderDesk],
        *,
        run: str,
        numbering: int,
        run_mode: RunMode,
        telemetry: Address,
        board: GateBoard,
        markets: MarketBoard,
        clock: Clock,
        say: Callable[[str, Timestamp], None],
    ) -> None:
        self._desks = desks
        self._run = run
        self._numbering = numbering
        self._run_mode = run_mode
        self._telemetry = telemetry
        self._board = board
        self._markets = markets
        self._clock = clock
        self._say = say
        self._guards: dict[str, _Guard] = {}
        self._next_number: dict[str, int] = {}

    def __contains__(self, ticker: str) -> bool:
        return ticker in self._guards

    def __len__(self) -> int:
        return len(self._guards)

    def begin(self, ticker: str, policy: OnQuarantine) -> None:
        """The market has no actor any more, and may not be known yet."""
        self._guards[ticker] = _Guard(policy)
        self._board.watch_touch(ticker, is_on=True)

    def end(self, ticker: str) -> None:
        """A new life looks after it, or it was left for good."""
        if self._guards.pop(ticker, None) is not None:
            self._board.watch_touch(ticker, is_on=False)

    def look(self, settings: TradingSettings) -> None:
        """Tell what nobody has told, and wish what is missing."""
        now = self._clock.now()
        for ticker, guard in self._guards.items():
            desk = self._desks.get(ticker)
            if desk is None or not desk.is_loaded:
                continue
            desk.awaits_exit = False
            try:
                self._look(desk, guard, settings, now)
            except Exception as error:  # noqa: BLE001 - what the market was quarantined for must not stop the door
                guard.next_at = Timestamp(now + settings.strategy_for(ticker).exit_retry)
                if not guard.is_trouble_told:
                    guard.is_trouble_told = True
                    self._say(f"{ticker} is quarantined and cannot be looked after: {error!r}", now)

    def _look(self, desk: OrderDesk, guard: _Guard, settings: TradingSettings, now: Timestamp) -> None:
        is_told = desk.told is not None and desk.told.numbering == self._numbering
        if not is_told or desk.told is None or desk.told.sequence != desk.ledger.sequence:
            self._tell(desk, self._state(desk, guard, settings, now), now)
        if guard.policy is OnQuarantine.CANCEL or not desk.is_idle() or now < guard.next_at:
            return
        state = self._state(desk, guard, settings, now)
        guard.next_at = Timestamp(now + state.settings.exit_retry)
        decision = decide(state, Guardian(guard.policy))
        guard.episode = decision.state.episode
        placed = sum(isinstance(intent, PlaceOrder) for intent in decision.intents)
        self._next_number[desk.market.ticker] = state.next_order_number + placed
        self._telemetry.tell(Records(decision.records))
        desk.queue.extend(decision.intents)

    def _tell(self, desk: OrderDesk, state: MarketState, now: Timestamp) -> None:
        """Noted before it is told: what cannot be told is not tried again."""
        ticker = desk.market.ticker
        if desk.told is None or desk.told.numbering != self._numbering:
            desk.told = self._markets.told(ticker)
        answer, gap = claims.answer(desk, self._numbering, now)
        desk.told = Told(numbering=self._numbering, sequence=desk.ledger.sequence, position=desk.ledger.position)
        self._markets.note_told(ticker, desk.told)
        if gap is not None:
            self._telemetry.tell(Records((gap,)))
        self._telemetry.tell(Records(told_late(state, answer.fact)))
        self._markets.publish(state, 0)

    def _state(self, desk: OrderDesk, guard: _Guard, settings: TradingSettings, now: Timestamp) -> MarketState:
        ticker, known, touch = (
            desk.market.ticker,
            self._markets.state(desk.market.ticker),
            self._board.touch(desk.market.ticker),
        )
        prefix = f"{self._run}-{ticker.replace('.', '_')}-q{self._numbering}"
        state = MarketState(
            market=desk.market if known is None else replace(desk.market, grid=known.market.grid),
            settings=settings.strategy_for(ticker),
            run_mode=self._run_mode,
            order_prefix=prefix,
            now=now,
            is_recovered=True,
            sequence=desk.ledger.sequence,
            raw_view=touch or EMPTY_VIEW,
            feed=FeedStatus.LIVE if desk.is_feed_live and touch is not None else FeedStatus.DOWN,
            position=desk.ledger.position,
            orders=desk.ledger.orders,
            ended=desk.ledger.ended,
            episode=guard.episode,
            permit=desk.permit,
            next_order_number=self._next_number.get(ticker, 1),
        )
        own = () if self._run_mode is not RunMode.LIVE else state.orders
        resting = (o for o in own if o.state is not OrderState.PLACING)
        return replace(state, view=state.raw_view.without((o.side, o.price, o.remaining) for o in resting))
