"""What `restarts` answers, and how a person reads it in eighty columns: the last lives of actors, the newest first."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import TypedDict, cast

from edgelock.ops.durations import clock

WIDTH = 80
EVENTS = {"crash": "crashed", "hung": "hung", "restart": "came back", "quarantine": "quarantined"}


class LifeAnswer(TypedDict):
    """One turn in an actor's life. at is epoch seconds of the engine's clock; took_ms is real time, 0 when nothing
    was timed; traceback is "" when there is none."""

    at: int
    run: str
    actor: str
    incarnation: int
    event: str
    detail: str
    took_ms: int
    traceback: str


class RestartsAnswer(TypedDict):
    """at is now; lives are the newest first."""

    at: int
    run: str
    lives: list[LifeAnswer]


def restarts_text(result: Mapping[str, object]) -> str:
    """The answer for a terminal, no line longer than 80 columns. Tracebacks are in `--json` and in the log."""
    answer = cast(RestartsAnswer, result)
    if not answer["lives"]:
        return "nothing crashed, hung or came back"
    return "\n".join(line for life in answer["lives"] for line in _lines(life, answer))


def _lines(life: LifeAnswer, answer: RestartsAnswer) -> Iterator[str]:
    ago = f"{clock(max(answer['at'] - life['at'], 0))} ago"
    took = f" after {life['took_ms']} ms" if life["took_ms"] else ""
    run = "" if life["run"] == answer["run"] else f", run {life['run']}"
    name = life["actor"].removeprefix("market:")
    head = f"{ago:>10}  {name} life {life['incarnation']} {EVENTS.get(life['event'], life['event'])}{took}{run}"
    yield from textwrap.wrap(head, WIDTH, subsequent_indent=" " * 12)
    yield from textwrap.wrap(life["detail"], WIDTH, initial_indent=" " * 12, subsequent_indent=" " * 12, max_lines=3)
