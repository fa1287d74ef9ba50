"""The fault menu: which kinds of faults there are, what each can strike, and what else has to be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgelock.exchange import faults_rest_kinds as rest
from edgelock.exchange.faults_targets import CONNECT, REST

Fault = rest.RestFault
"""Any fault, as its file described it."""


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
    Kind("drip", REST, rest.Drip),
    Kind("huge", REST, rest.Huge),
    Kind("other_order", REST, rest.OtherOrder),
)


def kinds_named(name: str) -> list[Kind]:
    """The rows of the menu with this name; [] when there is none."""
    return [kind for kind in KINDS if kind.name == name]
