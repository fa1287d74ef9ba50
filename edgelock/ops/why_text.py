"""What `why TICKER` answers, and how a person reads it in eighty columns.

The first lines are the answers. Below them is everything that was asked, once, with the parts that it was asked for:
what holds now, then what passes.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypedDict, cast

from edgelock.ops.durations import clock

WIDTH = 80
STALE_S = 3
"""A market looks at the clock each second; one that has not for so long is told of."""
_NAME_WIDTH = 23
_WORDS_WIDTH = 36
_SIGNS = {"bid": "bid", "ask": "ask", "exits": "exit"}


class CheckAnswer(TypedDict):
    """One gate, limit, breaker or hold. since and until are epoch seconds of the engine's clock, None when unknown."""

    where: str
    name: str
    is_holding: bool
    found: str
    allowed: str
    since: int | None
    until: int | None


class WhyPart(TypedDict):
    """One part of the market: "bid", "ask" or "exits". may_trade is False as soon as one of the checks holds."""

    part: str
    answer: str
    may_trade: bool
    checks: list[CheckAnswer]


class WhyAnswer(TypedDict):
    """One market. at is now, in epoch seconds of the engine's clock; looked_ms_ago is how long ago its actor last
    looked, in real time."""

    ticker: str
    state: str
    at: int
    looked_ms_ago: int
    parts: list[WhyPart]


class _Line(NamedTuple):
    """A check, and the parts that it was asked for with the same result."""

    check: CheckAnswer
    parts: tuple[str, ...]


def why_text(result: Mapping[str, object], *, in_brief: bool = False) -> str:
    """The answer for a terminal, no line longer than 80 columns; only what holds when `in_brief`."""
    answer = cast(WhyAnswer, result)
    return "\n".join(_lines(answer, in_brief=in_brief))


def _lines(answer: WhyAnswer, *, in_brief: bool) -> Iterator[str]:
    ago = answer["looked_ms_ago"] // 1000
    old = f"   as of {clock(ago)} ago" if ago > STALE_S else ""
    yield f"{answer['ticker']}   {answer['state']}{old}"
    for part in answer["parts"]:
        yield from textwrap.wrap(f"{part['part']:<6} {part['answer']}", WIDTH, subsequent_indent=" " * 7)
    lines = list(_merged(answer["parts"]))
    holding = [line for line in lines if line.check["is_holding"]]
    passing = [line for line in lines if not line.check["is_holding"]]
    yield ""
    yield f"{'holds now' if holding else 'nothing holds':<{_NAME_WIDTH + 13}} {'found (allowed)':<{_WORDS_WIDTH}} for"
    yield from _table(holding, answer["at"])
    if not in_brief:
        yield ""
        yield "passes"
        yield from _table(passing, answer["at"])


def _merged(parts: Sequence[WhyPart]) -> Iterator[_Line]:
    """The same check of several parts is one line, at its first place."""
    seen: dict[tuple[object, ...], tuple[CheckAnswer, list[str]]] = {}
    for part in parts:
        for check in part["checks"]:
            _, asked = seen.setdefault(tuple(check.values()), (check, []))
            asked.append(part["part"])
    for check, asked in seen.values():
        yield _Line(check, tuple(asked))


def _table(lines: Sequence[_Line], now: int) -> Iterator[str]:
    for line in lines:
        check = line.check
        signs = " ".join(sign if part in line.parts else " " * len(sign) for part, sign in _SIGNS.items())
        allowed = "" if check["allowed"] == check["found"] else f" ({check['allowed']})"
        first, *others = textwrap.wrap(f"{check['found']}{allowed}", _WORDS_WIDTH, break_on_hyphens=False)
        yield f"{signs} {_name(check):<{_NAME_WIDTH}} {first:<{_WORDS_WIDTH}} {_since(check, now)}".rstrip()
        for other in others:
            yield f"{'':<{_NAME_WIDTH + 13}} {other}"


def _name(check: CheckAnswer) -> str:
    """The door asks again what others asked, so its rows say that they are the door's; a long name is its alone."""
    name = f"door {check['name']}" if check["where"] == "door" else check["name"]
    return name if len(name) <= _NAME_WIDTH else check["name"][:_NAME_WIDTH]


def _since(check: CheckAnswer, now: int) -> str:
    return "" if check["since"] is None else clock(max(now - check["since"], 0))
