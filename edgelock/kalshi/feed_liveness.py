"""Whether the books of a connection are heard of, judged by their own data and not by pings.

A socket may answer pings and bring nothing, or bring what is old. Numbers run over all markets of a subscription, so
one frame of any book proves that none was missed up to when the venue sent it. A market that is merely quiet sends
nothing either: after half the patience the books are compared with the venue's own lists, and equal ones count as
heard at the moment they were asked for.
"""

_PARTS_BEFORE_COMPARING = 2
_PARTS_BETWEEN_ASKS = 10
_PATIENCES_BETWEEN_AUDITS = 1


class BookLiveness:
    """All times are real, monotonic nanoseconds.

    stale_after_ns  what was not heard for this long is not to be relied on
    """

    def __init__(self, stale_after_ns: int) -> None:
        self._stale_after_ns = stale_after_ns
        self._heard_ns = 0
        self._asked_ns: int | None = None
        self._audited_ns = 0
        self._least_age_ns: int | None = None

    def opened(self, now_ns: int) -> None:
        """A connection begins: its first frames say how old a frame is when nothing is the matter."""
        self._heard_ns = now_ns
        self._asked_ns = None
        self._audited_ns = now_ns
        self._least_age_ns = None

    def heard_frame(self, now_ns: int, age_ns: int | None) -> None:
        """A frame of some book came. age_ns is our clock less the venue's when it was sent; None when it is not said.

        The two clocks may differ, so the age counts from the youngest frame of the connection.
        """
        if age_ns is None:
            self._heard_ns = now_ns
            return
        if self._least_age_ns is None or age_ns < self._least_age_ns:
            self._least_age_ns = age_ns
        self._heard_ns = now_ns - (age_ns - self._least_age_ns)

    def heard_equal(self, asked_ns: int) -> None:
        """The venue's own lists, asked for then, show the books that we have."""
        self._heard_ns = max(self._heard_ns, asked_ns)

    def asked(self, now_ns: int) -> None:
        """A comparison is under way."""
        self._asked_ns = now_ns

    def may_ask(self, now_ns: int) -> bool:
        """The last comparison is long enough ago for another."""
        return self._asked_ns is None or now_ns - self._asked_ns >= self._stale_after_ns // _PARTS_BETWEEN_ASKS

    def is_silent(self, now_ns: int) -> bool:
        """Time to compare: half the patience is gone."""
        return now_ns - self._heard_ns >= self._stale_after_ns // _PARTS_BEFORE_COMPARING

    def is_audit_due(self, now_ns: int) -> bool:
        """Time to compare although frames come: a frame may be wrong without a sign of it."""
        return now_ns - self._audited_ns >= self._stale_after_ns * _PATIENCES_BETWEEN_AUDITS

    def audited(self, now_ns: int) -> None:
        """An audit has found nothing that lasts."""
        self._audited_ns = now_ns

    def is_stale(self, now_ns: int) -> bool:
        """The patience is gone."""
        return now_ns - self._heard_ns > self._stale_after_ns
