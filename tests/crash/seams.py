"""Hangs a crash switch into the bot's seams, from outside: in this process, and in nothing that is shipped.

Every seam is a method that is replaced by one which passes a label, calls the original, and passes another. A seam
that is not there any more is an error, so that none is lost unseen.
"""

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

from urllib3.connection import HTTPConnection

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.feed_desk import FeedDesk
from edgelock.actors.journal import Journal
from edgelock.actors.live_commands import LiveCommands
from edgelock.actors.live_desk import LiveDesk
from edgelock.actors.order_workers import OrderWorkers
from edgelock.actors.private_feed import PrivateTalk
from edgelock.kalshi.rest import KalshiRest, TradingRest
from edgelock.ops.instance_lock import InstanceLock
from edgelock.ops.run_events import RunEvents
from tests.crash.switch import CrashSwitch

WRITING = ("record_", "set_", "save_", "begin_")
"""How the names of the journal's writing methods begin."""
COMMANDS = ("place", "amend", "cancel", "cancel_many", "renew", "resend")
_BY_NAME = (
    ("private.open", PrivateTalk, "on_open"),
    ("private.frame", PrivateTalk, "on_text"),
    ("private.close", PrivateTalk, "on_close"),
    ("private.channels", LiveDesk, "private_channels"),
    ("sweep.swept", LiveDesk, "swept"),
    ("sweep.loaded", LiveDesk, "loaded"),
    ("feed.open", FeedDesk, "on_open"),
    ("feed.frame", FeedDesk, "on_text"),
    ("feed.pause", FeedDesk, "on_pause"),
    ("hand.job", OrderWorkers, "put"),
    ("hand.event", RunEvents, "put"),
    ("start.lock", InstanceLock, "__init__"),
    ("start.journal", Journal, "__init__"),
)
_INNER = ("answer", "fact")
"""Fields of an envelope that hold what it is about."""

_call = threading.local()
"""The call to the venue that this thread is in."""


def install(switch: CrashSwitch) -> None:
    """Wrap every seam. There is no way back: it is for a process that is to die."""
    for name in journal_methods():
        _around(Journal, name, f"journal.{name}", switch)
    for owner, name in rest_methods():
        _rest_call(owner, name, switch)
    _sent(switch)
    for name in COMMANDS:
        _around(LiveCommands, name, f"command.{name}", switch)
    for label, owner, name in _BY_NAME:
        _around(owner, name, label, switch)
    _private_events(switch)
    _tell(switch)
    _handle(switch)


def static_labels() -> Iterator[str]:
    """The labels that can be told without running anything; those of messages and events depend on who says what."""
    for name in journal_methods():
        yield from (f"journal.{name}.before", f"journal.{name}.after")
    for name in dict.fromkeys(name for _, name in rest_methods()):
        yield from (f"rest.{name}.before", f"rest.{name}.sent", f"rest.{name}.answered")
    for name in COMMANDS:
        yield from (f"command.{name}.before", f"command.{name}.after")
    for label, _, _ in _BY_NAME:
        yield from (f"{label}.before", f"{label}.after")


def journal_methods() -> tuple[str, ...]:
    """Every public method of the journal that writes."""
    found = (name for name, _ in inspect.getmembers(Journal, inspect.isfunction) if name.startswith(WRITING))
    return tuple(sorted(found))


def rest_methods() -> tuple[tuple[type, str], ...]:
    """Every public method that asks the venue, with the class that defines it."""
    found: dict[tuple[type, str], None] = {}
    for owner in (*TradingRest.__mro__, *KalshiRest.__mro__):
        for name, member in vars(owner).items():
            if inspect.isfunction(member) and not name.startswith("_") and name != "close":
                found[owner, name] = None
    return tuple(found)


def described(message: object) -> str:
    """The type of a message, and of what it carries."""
    name = type(message).__name__
    for field in _INNER:
        inner = getattr(message, field, None)
        if inner is not None:
            return f"{name}({type(inner).__name__})"
    return name


def room(address_name: str) -> str:
    """An address without the market's name."""
    return address_name.partition(":")[0]


def _replace(owner: type, name: str, made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = getattr(owner, name)
    if not inspect.isfunction(original):
        raise TypeError(f"{owner.__name__}.{name} is not a method any more")
    setattr(owner, name, functools.wraps(original)(made(original)))


def _around(owner: type, name: str, label: str, switch: CrashSwitch) -> None:
    before, after = f"{label}.before", f"{label}.after"

    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            switch.passes(before)
            result = original(*args, **named)
            switch.passes(after)
            return result

        return wrapped

    _replace(owner, name, made)


def _rest_call(owner: type, name: str, switch: CrashSwitch) -> None:
    before, answered = f"rest.{name}.before", f"rest.{name}.answered"

    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            outer, _call.name = getattr(_call, "name", None), name
            switch.passes(before)
            try:
                result = original(*args, **named)
            finally:
                _call.name = outer
            switch.passes(answered)
            return result

        return wrapped

    _replace(owner, name, made)


def _sent(switch: CrashSwitch) -> None:
    """The library reads the answer by this method, once all of the request is in the kernel's hands."""

    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            name = getattr(_call, "name", None)
            if name is not None:
                switch.passes(f"rest.{name}.sent")
            return original(*args, **named)

        return wrapped

    _replace(HTTPConnection, "getresponse", made)


def _private_events(switch: CrashSwitch) -> None:
    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(desk: LiveDesk, events: list[Any]) -> Any:
            names = [f"private.{type(event).__name__}" for event in events]
            for name in names:
                switch.passes(f"{name}.before")
            result = original(desk, events)
            for name in names:
                switch.passes(f"{name}.after")
            return result

        return wrapped

    _replace(LiveDesk, "heard", made)


def _tell(switch: CrashSwitch) -> None:
    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(address: Address, message: object) -> Any:
            label = f"tell.{room(address.name)}.{described(message)}"
            switch.passes(f"{label}.before")
            result = original(address, message)
            switch.passes(f"{label}.after")
            return result

        return wrapped

    _replace(Address, "tell", made)


def _handle(switch: CrashSwitch) -> None:
    def made(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(actor: SupervisedActor, message: object) -> Any:
            label = f"handle.{room(actor.incarnation.name)}.{described(message)}"
            switch.passes(f"{label}.before")
            result = original(actor, message)
            switch.passes(f"{label}.after")
            return result

        return wrapped

    _replace(SupervisedActor, "_handle_receive", made)
