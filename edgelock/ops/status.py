"""What `status` answers: the whole bot at one moment, as `--json` prints it.

Amounts are text as the venue writes them ("0.4800" dollars, "10.00" contracts, "-1.234500" dollars), so that no number
goes through float on its way; durations are whole seconds of the clock that is named.
"""

from typing import Literal, TypedDict


class QuoteStatus(TypedDict):
    """One resting order of ours."""

    side: Literal["bid", "ask"]
    price: str
    qty: str
    kind: str


class MarketStatus(TypedDict):
    """One market. vwap, tp, bid, ask are None where there is none; age_s is engine time since the oldest open lot.

    fenced: wishes of replaced lives, or of a run that was ending, that the door to the venue refused.
    """

    ticker: str
    state: str
    net: str
    vwap: str | None
    tp: str | None
    bid: str | None
    ask: str | None
    quotes: list[QuoteStatus]
    age_s: int | None
    realized: str
    restarts: int
    fenced: int
    permit: str
    permit_reason: str
    actor: str


class ActorStatus(TypedDict):
    """One actor. Durations are real time.

    kind         infrastructure, on which the others lean, or market
    state        running, starting, backing_off, quarantined, stopping or stopped; since_s in that state
    restarts     that count against the budget now: at most restarts_max in window_s
    back_ms      until it comes back, 0 when nothing is awaited
    last_crash   one line, None when it never crashed
    inbox        messages waiting now: control, fifo (must not be lost) and latest (newest of each kind)
    busy_with    the message that it handles at this moment, for busy_s; None when idle
    fatal_messages  messages that killed a life, and were not delivered again
    lost         messages that reached nobody
    zombies      threads of earlier lives that do not end
    """

    name: str
    kind: Literal["infrastructure", "market"]
    state: str
    since_s: int
    incarnation: int
    restarts: int
    restarts_max: int
    window_s: int
    back_ms: int
    last_crash: str | None
    inbox: int
    inbox_control: int
    inbox_fifo: int
    inbox_latest: int
    inbox_max: int
    busy_with: str | None
    busy_s: int
    handled: int
    fatal_messages: int
    lost: int
    zombies: int


class TreeStatus(TypedDict):
    """The tree as a whole. escalated is why the supervisor gave up; storm: restarts are held."""

    escalated: str | None
    is_stopping: bool
    is_storm: bool
    zombies: int


class StatusPayload(TypedDict):
    """The whole bot. uptime_s is real time; kill says who switched it on, None when it is off; journal is what is
    wrong with the journal, None when nothing is."""

    pid: int
    mode: str
    venue: str
    strategy: str
    uptime_s: int
    kill: str | None
    breaker: str
    journal: str | None
    realized: str
    log: str
    markets: list[MarketStatus]
    supervision: TreeStatus
    actors: list[ActorStatus]
