"""The fault menu: which kinds of faults there are, what each can strike, and what else has to be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgelock.exchange import faults_rest_kinds as rest
from edgelock.exchange import faults_socket_kinds as socket
from edgelock.exchange import faults_world_kinds as world
from edgelock.exchange.faults_targets import CHANNELS, CLOCK, CONNECT, EXCHANGE, MARKET, REST, WORLD
from edgelock.exchange.flow import MarketPhase, Trading
from edgelock.exchange.ws_protocol import SEQUENCED, Channel

Fault = rest.RestFault | socket.SocketFault | world.WorldFault
"""Any fault, as its file described it."""

SEQUENCED_CHANNELS = frozenset(channel.value for channel in SEQUENCED)


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the menu. `name` is what a file writes after `do:`; several rows may share it.

    shape    the dataclass of the fault
    fixed    fields of it that this name decides
    """

    name: str
    targets: frozenset[str]
    shape: type
    fixed: Mapping[str, object] = field(default_factory=dict)


_CALLS = REST | {CONNECT}
_MARKET, _EXCHANGE, _CLOCK = frozenset({MARKET}), frozenset({EXCHANGE}), frozenset({CLOCK})
_BOOK = frozenset({Channel.BOOK.value})

KINDS: tuple[Kind, ...] = (
    Kind("drop_before", _CALLS, rest.Drop, {"applies": False, "is_reset": False}),
    Kind("drop_after", REST, rest.Drop, {"applies": True, "is_reset": False}),
    Kind("reset_before", _CALLS, rest.Drop, {"applies": False, "is_reset": True}),
    Kind("reset_after", REST, rest.Drop, {"applies": True, "is_reset": True}),
    Kind("delay", _CALLS, rest.Delay),
    Kind("hang", _CALLS, rest.Hang),
    Kind("status", _CALLS, rest.Status),
    Kind("throttle", _CALLS, rest.Status, {"status": 429, "code": "too_many_requests", "when": rest.BEFORE}),
    Kind("malformed", REST, rest.Malformed),
    Kind("missing_field", REST, rest.BadField, {"how": "missing"}),
    Kind("renamed_field", REST, rest.BadField, {"how": "renamed"}),
    Kind("null_field", REST, rest.BadField, {"how": "null"}),
    Kind("retyped_field", REST, rest.BadField, {"how": "retyped"}),
    Kind("scaled_field", REST, rest.BadField, {"how": "scaled"}),
    Kind("replaced_field", REST, rest.ReplacedField),
    Kind("drip", REST, rest.Drip),
    Kind("huge", REST, rest.Huge),
    Kind("other_order", REST, rest.OtherOrder),
    Kind("drop", CHANNELS, socket.Lose),
    Kind("skip_seq", SEQUENCED_CHANNELS, socket.SkipNumbers),
    Kind("duplicate", CHANNELS, socket.Repeat, {"is_renumbered": False}),
    Kind("repeat", CHANNELS, socket.Repeat, {"is_renumbered": True}),
    Kind("reorder", CHANNELS, socket.Swap),
    Kind("late", CHANNELS, socket.Late),
    Kind("freeze", CHANNELS, socket.Silence, {"is_mute": False}),
    Kind("mute", CHANNELS, socket.Silence, {"is_mute": True}),
    Kind("disconnect", CHANNELS, socket.Disconnect, {"is_reset": False}),
    Kind("disconnect_reset", CHANNELS, socket.Disconnect, {"is_reset": True, "code": 0}),
    Kind("error", CHANNELS, socket.EndSubscription),
    Kind("garble", CHANNELS, socket.Garble),
    Kind("missing_field", CHANNELS, socket.BadMessageField, {"how": "missing"}),
    Kind("renamed_field", CHANNELS, socket.BadMessageField, {"how": "renamed"}),
    Kind("null_field", CHANNELS, socket.BadMessageField, {"how": "null"}),
    Kind("retyped_field", CHANNELS, socket.BadMessageField, {"how": "retyped"}),
    Kind("scaled_field", CHANNELS, socket.BadMessageField, {"how": "scaled"}),
    Kind("replaced_field", CHANNELS, socket.ReplacedMessageField),
    Kind("wrong_scale", _BOOK, socket.WrongScale),
    Kind("crossed_book", _BOOK, socket.CrossBook),
    Kind("pause", _MARKET, world.TurnPhase, {"phase": MarketPhase.INACTIVE}),
    Kind("resume", _MARKET, world.TurnPhase, {"phase": MarketPhase.ACTIVE}),
    Kind("reactivate", _MARKET, world.Reactivate),
    Kind("close", _MARKET, world.TurnPhase, {"phase": MarketPhase.CLOSED}),
    Kind("move_close", _MARKET, world.MoveCloses),
    Kind("settle", _MARKET, world.SettleMarkets),
    Kind("dispute", _MARKET, world.DisputeResults),
    Kind("amend_result", _MARKET, world.AmendResults),
    Kind("price_structure", _MARKET, world.ChangeSteps),
    Kind("fees", _MARKET, world.ChangeFees),
    Kind("cancel_orders", _MARKET, world.CancelOrders),
    Kind("foreign_order", _MARKET, world.PlaceForeignOrder),
    Kind("trigger_groups", _EXCHANGE, world.TriggerGroups),
    Kind("pause", _EXCHANGE, world.TurnTrading, {"trading": Trading.PAUSED}),
    Kind("halt", _EXCHANGE, world.TurnTrading, {"trading": Trading.HALTED}),
    Kind("resume", _EXCHANGE, world.TurnTrading, {"trading": Trading.OPEN}),
    Kind("read_lag", _EXCHANGE, world.LagReads),
    Kind("skew", _CLOCK, world.SkewClock),
)

FRAMES = (
    "subscribed",
    "orderbook_snapshot",
    "orderbook_delta",
    "ticker",
    "trade",
    "market_lifecycle_v2",
    "event_lifecycle",
    "event_fee_update",
    "fill",
    "user_order",
    "market_position",
    "order_group_updates",
)
"""The types of frames that a rule can single out."""

_OF_AN_ACCOUNT = (world.CancelOrders, world.PlaceForeignOrder, world.TriggerGroups)


def limits(kind: Kind, targets: frozenset[str]) -> tuple[str, ...]:
    """What else a rule may say of whom it is meant for: `ticker`, `account`, `frame`."""
    if targets <= CHANNELS:
        return ("ticker", "account", "frame")
    if targets <= WORLD:
        named = ("ticker",) if MARKET in targets else ()
        return (*named, "account") if kind.shape in _OF_AN_ACCOUNT else named
    return ("ticker", "account") if targets & REST else ("account",)


def kinds_named(name: str) -> list[Kind]:
    """The rows of the menu with this name; [] when there is none."""
    return [kind for kind in KINDS if kind.name == name]
