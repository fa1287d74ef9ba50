"""Lists in pages: `limit` and `cursor` in, a page and the next cursor out; an empty cursor ends the list.

A cursor holds how far the list has been read. Lists only ever grow at their end, so a position stays good; lists
that are shown newest first are read backwards from it. A cursor that is not ours starts at the beginning, as on the
venue.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from edgelock.exchange.rest_call import Call
from edgelock.exchange.rest_errors import invalid_query

T = TypeVar("T")


def limit(call: Call, operation: str, *, default: int, maximum: int) -> int:
    """The page size; one outside 1..maximum is refused, not cut."""
    text = call.text("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise invalid_query(operation, "Limit", "gte")
    if int(text) > maximum:
        raise invalid_query(operation, "Limit", "lte")
    return int(text)


def page(
    call: Call,
    items: Sequence[T],
    keep: Callable[[T], bool],
    size: int,
    *,
    newest_first: bool = True,
    is_past: Callable[[T], bool] | None = None,
) -> tuple[list[T], str]:
    """The next `size` kept items, and the cursor that continues after them.

    is_past  true of an item behind which no kept one can come, so that the search ends there
    """
    start = _position(call.text("cursor"))
    if newest_first:
        indexes = range((start if start is not None else len(items)) - 1, -1, -1)
    else:
        indexes = range(start or 0, len(items))
    found: list[T] = []
    cursor = ""
    for index in indexes:
        if not 0 <= index < len(items):
            continue
        if is_past is not None and is_past(items[index]):
            break
        if keep(items[index]):
            if len(found) == size:
                return found, cursor
            found.append(items[index])
            cursor = _cursor(index if newest_first else index + 1)
    return found, ""


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode()


def _position(cursor: str | None) -> int | None:
    try:
        text = base64.urlsafe_b64decode(cursor or "").decode()
    except (binascii.Error, ValueError):
        return None
    return int(text[1:]) if text.startswith("p") and text[1:].isdigit() else None
