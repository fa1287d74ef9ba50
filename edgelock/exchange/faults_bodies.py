"""Answers made wrong: bodies that no venue sends, and bodies with one field that is not what it should be."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from random import Random

from edgelock.exchange.faults_rest_kinds import ANY_FIELD

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def malformed(how: str, body: bytes) -> tuple[bytes, str]:
    """A body that cannot be read as the venue's, and its content type."""
    match how:
        case "truncated":
            return body[: len(body) // 2], "application/json"
        case "html":
            return _HTML, "text/html"
        case "empty":
            return b"", "application/json"
        case "not_json":
            return b"upstream connect error or disconnect/reset before headers", "text/plain"
        case "array":
            return b"[]", "application/json"
        case "null":
            return b"null", "application/json"
    return _encoded(_every_leaf_retyped(json.loads(body or b"{}", parse_float=Decimal))), "application/json"


def with_bad_field(how: str, field: str, body: bytes, chance: Random) -> bytes:
    """The body with one field missing, renamed, null, retyped or scaled wherever it occurs.

    how  missing, renamed, null, retyped or scaled; field "any" lets chance pick one
    A body without the field, or that is not an object, stays as it is.
    """
    root = json.loads(body or b"null", parse_float=Decimal)
    names = sorted({name for each in _objects(root) for name in each})
    if not names:
        return body
    name = chance.choice(names) if field == ANY_FIELD else field
    for each in _objects(root):
        if name in each:
            _CHANGES[how](each, name)
    return _encoded(root)


def with_value(field: str, value: object, body: bytes) -> bytes:
    """The body with another value in a field, wherever it occurs."""
    root = json.loads(body or b"null", parse_float=Decimal)
    for each in _objects(root):
        if field in each:
            each[field] = value
    return _encoded(root)


def about_other_order(body: bytes, others: Mapping[str, str], chance: Random) -> bytes:
    """The body with the ids of an order that it is not about.

    others  client order ids by order ids of the member's orders; without another one the ids are made up
    """
    root = json.loads(body or b"null", parse_float=Decimal)
    named = {each.get("order_id") for each in _objects(root)}
    candidates = [ids for ids in others.items() if ids[0] not in named]
    made_up = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    order_id, client_order_id = chance.choice(candidates) if candidates else (made_up, made_up)
    for each in _objects(root):
        if each.get("order_id"):
            each["order_id"] = order_id
        if each.get("client_order_id"):
            each["client_order_id"] = client_order_id
    return _encoded(root)


def _objects(value: object) -> Iterator[dict[str, object]]:
    """Every JSON object in a value, outermost first."""
    if isinstance(value, dict):
        yield value
        for each in list(value.values()):
            yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)


def _remove(holder: dict[str, object], name: str) -> None:
    del holder[name]


def _rename(holder: dict[str, object], name: str) -> None:
    holder[f"{name}_v3"] = holder.pop(name)


def _nullify(holder: dict[str, object], name: str) -> None:
    holder[name] = None


def _retype(holder: dict[str, object], name: str) -> None:
    holder[name] = _retyped(holder[name])


def _scale(holder: dict[str, object], name: str) -> None:
    """A hundred times as much, as a text where it was one: cents for dollars, hundredths for contracts."""
    value = holder[name]
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return
    try:
        scaled = Decimal(value) * 100
    except ArithmeticError:
        return
    holder[name] = f"{scaled:f}" if isinstance(value, str) else scaled


_CHANGES: dict[str, Callable[[dict[str, object], str], None]] = {
    "missing": _remove,
    "renamed": _rename,
    "null": _nullify,
    "retyped": _retype,
    "scaled": _scale,
}


def _retyped(value: object) -> object:
    if isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError:
            return 7
    if isinstance(value, list | dict):
        return "unexpected"
    return str(value)


def _every_leaf_retyped(value: object) -> object:
    if isinstance(value, dict):
        return {name: _every_leaf_retyped(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_every_leaf_retyped(each) for each in value]
    return _retyped(value)


def _encoded(value: object) -> bytes:
    return json.dumps(value, default=_number, separators=(",", ":")).encode()


def _number(value: object) -> object:
    """json cannot write a Decimal; in a body that is wrong on purpose a float loses nothing that matters."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)
