"""What the risk side was told last and nobody will say again, for a life of it that begins in the middle of a run."""

import threading

from edgelock.actors.address import Address
from edgelock.actors.messages import ClockCompared, ExchangeStatusNews, GroupNews, PrivateFeedNews, StormNews

Standing = ExchangeStatusNews | PrivateFeedNews | GroupNews | ClockCompared | StormNews


class StandingNews:
    """Tells the risk side how things stand and remembers it. From any thread."""

    def __init__(self, risk: Address) -> None:
        self._risk = risk
        self._lock = threading.Lock()
        self._last: dict[tuple[object, ...], Standing] = {}

    def tell(self, news: Standing) -> None:
        """Remember, then tell: a life that starts in between hears it twice and not never."""
        with self._lock:
            self._last[_subject(news)] = news
        self._risk.tell(news)

    def forget_orders(self) -> None:
        """The door starts anew: what it and its gateway found out, they find out again."""
        with self._lock:
            kept = (ExchangeStatusNews, ClockCompared, StormNews)
            self._last = {subject: news for subject, news in self._last.items() if isinstance(news, kept)}

    def retell(self) -> None:
        """To a new life."""
        with self._lock:
            last = tuple(self._last.values())
        for news in last:
            self._risk.tell(news)


def _subject(news: Standing) -> tuple[object, ...]:
    match news:
        case GroupNews(shard, _):
            return GroupNews, shard
        case _:
            return (type(news),)
