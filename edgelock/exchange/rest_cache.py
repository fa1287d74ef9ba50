"""The cache in front of the venue: lists of markets and series may be seconds old (venue reference §1).

Events, books, trades and everything private are never cached. An answer is kept per path and query.
"""

from dataclasses import replace

from edgelock.core.units import Duration, Timestamp
from edgelock.exchange.rest_call import Answer, Call, Handler, Route

CACHED = frozenset({"/markets", "/markets/{ticker}", "/series", "/series/{series_ticker}"})
"""The routes whose answers are kept."""

_KEPT_MAX = 1000


def with_cache(route: Route, kept_for: Duration) -> Route:
    """The route with its answers kept for so much exchange time; unchanged when it is not one of those."""
    if not kept_for or route.path not in CACHED:
        return route
    return replace(route, handler=_kept(route.handler, kept_for))


def _kept(handler: Handler, kept_for: Duration) -> Handler:
    answers: dict[object, tuple[Timestamp, Answer]] = {}

    def answer(call: Call) -> Answer:
        key = (tuple(call.path.items()), tuple((name, tuple(values)) for name, values in call.query.items()))
        found = answers.get(key)
        if found is not None and call.now < found[0]:
            return found[1]
        fresh = handler(call)
        if len(answers) >= _KEPT_MAX:
            answers.clear()
        answers[key] = (Timestamp(call.now + kept_for), fresh)
        return fresh

    return answer
