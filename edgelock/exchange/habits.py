"""Ways of the venue that its documents leave open, or that only sometimes show (venue reference §6.5, §6.7, §11.3)."""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.units import Duration, Size


class PostOnlyCross(Enum):
    """What becomes of a post-only order that would trade at once; ALTERNATELY is now one, now the other."""

    REFUSED = "refused"
    CANCELED = "canceled"
    ALTERNATELY = "alternately"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How this exchange behaves where the real one might do either.

    close_cancels_after  how long orders still rest, beyond anyone's reach, in a market that has closed
    cancel_all_lasts     how long after a cancel-all the member's new orders are canceled too
    pauses_weekly        whether trading pauses on Thursdays, 03:00 to 05:00 in New York
    caches_lists_for     how old markets and series may be as REST shows them
    cash_per_shard       whether a market's orders are paid from its own shard's cash only
    position_limit       the largest position a member may reach in a market; None sets no limit
    """

    close_cancels_after: Duration = Duration(0)
    cancel_all_lasts: Duration = Duration(0)
    post_only_cross: PostOnlyCross = PostOnlyCross.REFUSED
    pauses_weekly: bool = False
    caches_lists_for: Duration = Duration(0)
    cash_per_shard: bool = False
    position_limit: Size | None = None
