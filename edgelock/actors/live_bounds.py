"""The bounds of time and number on which conclusions about orders at the venue rest."""

from edgelock.core.units import SECOND, Duration, Timestamp

ABSENCES_NEEDED = 2
"""So many looks, each newer than the last, must miss an order before it is sent again."""
CLOCK_MARGIN = Duration(SECOND)
"""The venue's clock and ours may differ by this much, so a look counts as later only beyond it."""
EXPIRY_MARGIN = Duration(2 * SECOND)
"""After its expiry and this much more, an order that was never seen cannot arrive (clocks may differ by a second)."""
IN_TRANSIT_MAX = Duration(10 * SECOND)
"""A request without an expiry cannot arrive later than this after it was given up: its connection is gone."""


def is_later(at: Timestamp, than: Timestamp) -> bool:
    """Whether the venue's time `at` is after our time `than`, however far the clocks are apart."""
    return at > than + CLOCK_MARGIN
