"""Every small thing that can go wrong with a body: each field dropped, emptied, of another type, in another unit.

Ids, tickers and words are never swapped for others, and whole items of lists never left out: no reader could tell.
"""

import copy
import re

_FIXED_POINT = re.compile(r"-?\d+\.\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT.*")
_DROP = object()


def mutations(body):
    """(what was done, the changed body) for every field at every depth."""
    for path, value in tuple(_leaves(body, ())):
        for what, other in _others(value):
            if other is _DROP and isinstance(path[-1], int):
                continue
            changed = copy.deepcopy(body)
            _put(changed, path, other)
            yield f"{'.'.join(map(str, path))} {what}", changed


def _leaves(value, path):
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _leaves(inner, (*path, key))


def _others(value):
    yield "dropped", _DROP
    yield "null", None
    yield "a list", [value]
    yield "an object", {"value": value}
    if isinstance(value, str):
        yield from _other_texts(value)
    elif isinstance(value, bool):
        yield "a number", int(value)
        yield "text", str(value).lower()
    elif isinstance(value, int):
        yield "a fraction", value + 0.5
        yield "text", str(value)
        yield "true", True
        yield "below zero", -value - 1


def _other_texts(value):
    yield "empty", ""
    yield "a number", 0.5
    yield "true", True
    if _FIXED_POINT.fullmatch(value):
        yield "with a unit", f"{value} USD"
        yield "with a comma", value.replace(".", ",")
        yield "with an exponent", f"{value}e0"
        yield "with too many decimals", f"{value}0000001"
        yield "with a plus", f"+{value}"
        yield "not a number", "NaN"
        yield "in Arabic digits", value.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    if _TIME.fullmatch(value):
        yield "without a zone", value.rstrip("Z")
        yield "in another zone", value.replace("Z", "-05:00")
        yield "a date", value[:10]
        yield "seconds as text", "1781159370"
        yield "no date", value.replace("2026-", "2026-13-", 1)


def _put(body, path, value):
    *parents, last = path
    for key in parents:
        body = body[key]
    if value is not _DROP:
        body[last] = value
    elif isinstance(body, dict):
        del body[last]
    else:
        body.pop(last)
