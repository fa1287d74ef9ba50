"""The supervision tree in `status`: a row for each actor that others lean on, one for all markets that are fine, and
two for each market that is not."""

import textwrap
from collections.abc import Iterator, Sequence

from edgelock.ops.durations import clock
from edgelock.ops.status import ActorStatus, TreeStatus

HEADER = f"{'actor':<30} {'state':<11} {'life':>4} {'restarts':>14} {'for':>6} {'inbox':>6}"
WIDTH = 80
INDENT = " " * 4
WAITING_MANY = 100
"""So many messages waiting for one market are worth a row of its own."""


def tree_lines(tree: TreeStatus, actors: Sequence[ActorStatus], *, in_full: bool) -> Iterator[str]:
    """What is wrong with the tree as a whole, then its actors."""
    if tree["escalated"] is not None:
        yield f"ESCALATED: {tree['escalated']}"
    if tree["is_storm"]:
        yield "STORM: many actors crashed together; restarts are held, no entries are made"
    if tree["zombies"]:
        yield f"{tree['zombies']} threads of earlier lives do not end"
    yield HEADER
    infrastructure = [actor for actor in actors if actor["kind"] == "infrastructure"]
    markets = [actor for actor in actors if actor["kind"] == "market"]
    odd = [actor for actor in markets if in_full or not _is_fine(actor)]
    fine = [actor for actor in markets if actor not in odd]
    for actor in infrastructure:
        yield from _rows(actor)
    if fine:
        yield _summary(fine)
    for actor in odd:
        yield from _rows(actor)


def _is_fine(actor: ActorStatus) -> bool:
    return actor["state"] == "running" and not actor["restarts"] and actor["inbox"] < WAITING_MANY


def _rows(actor: ActorStatus) -> Iterator[str]:
    budget = f"{actor['restarts']}/{actor['restarts_max']} in {actor['window_s']} s"
    yield (
        f"{_name(actor['name']):<30} {actor['state']:<11} {actor['incarnation']:>4} {budget:>14} "
        f"{clock(actor['since_s']):>6} {actor['inbox']:>6}"
    )
    remarks = []
    if actor["back_ms"]:
        remarks.append(f"back in {actor['back_ms'] / 1000:.1f} s")
    if actor["busy_with"] is not None and actor["busy_s"] >= 1:
        remarks.append(f"busy with {actor['busy_with']} for {clock(actor['busy_s'])}")
    if actor["last_crash"] is not None and (actor["state"] != "running" or actor["restarts"]):
        remarks.append(f"last crash: {actor['last_crash']}")
    if remarks:
        yield from textwrap.wrap(
            "; ".join(remarks), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, max_lines=2
        )


def _summary(actors: Sequence[ActorStatus]) -> str:
    restarts = max(actor["restarts_max"] for actor in actors)
    window = max(actor["window_s"] for actor in actors)
    deepest = max(actor["inbox"] for actor in actors)
    name = f"{len(actors)} markets" if len(actors) > 1 else _name(actors[0]["name"])
    since = min(actor["since_s"] for actor in actors)
    lives = max(actor["incarnation"] for actor in actors)
    budget = f"0/{restarts} in {window} s"
    return f"{name:<30} {'running':<11} {lives:>4} {budget:>14} {clock(since):>6} {deepest:>6}"


def _name(name: str) -> str:
    """A market's actor by its ticker; the end tells tickers apart."""
    _, colon, ticker = name.partition(":")
    return (ticker if len(ticker) <= 30 else f"…{ticker[-29:]}") if colon else name
