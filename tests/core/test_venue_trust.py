"""What the venue's side forbids: by shard, by market, or everywhere, and only as long as it holds."""

from edgelock.core import venue_trust
from edgelock.core.exchange_standing import ShardStanding, Standing
from edgelock.core.risk_state import RiskState
from edgelock.core.risk_verdicts import permit_for
from edgelock.core.settings import RiskSettings
from edgelock.core.venue_trust import VenueTrust
from tests.core.builders import NOON, TICKER, after

OTHER = "KXATPMATCH-26NOV22AAABBB-AAA"
OPEN = ShardStanding()
PAUSED = ShardStanding(standing=Standing.TRADING_PAUSED)


def two_shards() -> VenueTrust:
    """TICKER on shard 0, OTHER on shard 3, nothing wrong."""
    return venue_trust.market_added(venue_trust.market_added(VenueTrust(), TICKER, 0), OTHER, 3)


def reasons(trust: VenueTrust) -> list[str]:
    """What a permit of each market would name."""
    return [permit_for(RiskState(settings=RiskSettings(), venue=trust), each, NOON).reason for each in (TICKER, OTHER)]


def test_nothing_is_forbidden_before_any_news():
    assert reasons(two_shards()) == ["", ""]


def test_a_shard_that_pauses_stops_its_own_markets_only():
    trust = venue_trust.exchange_status(two_shards(), NOON, {0: OPEN, 3: PAUSED}).trust

    assert reasons(trust) == ["", "trading_paused"]


def test_a_shard_that_the_venue_does_not_list_stands_as_the_venue_as_a_whole_does():
    trust = venue_trust.exchange_status(two_shards(), NOON, {0: PAUSED}).trust

    assert reasons(trust) == ["trading_paused", "trading_paused"]


def test_a_pause_says_when_the_venue_expects_it_to_end():
    soon = ShardStanding(standing=Standing.PAUSING_SOON, is_scheduled=True, until=after(900))

    trust = venue_trust.exchange_status(two_shards(), NOON, {0: soon}).trust

    permit = permit_for(RiskState(settings=RiskSettings(), venue=trust), TICKER, NOON)
    assert (permit.reason, permit.until) == ("maintenance", after(900))


def test_a_change_of_a_shard_is_told_once_with_what_it_was_before():
    first = venue_trust.exchange_status(two_shards(), NOON, {0: OPEN, 3: PAUSED})
    again = venue_trust.exchange_status(first.trust, NOON, {0: OPEN, 3: PAUSED})
    back = venue_trust.exchange_status(again.trust, NOON, {0: OPEN, 3: OPEN})

    told = [[(r.shard, r.previous, r.standing) for r in step.records] for step in (first, again, back)]
    assert told == [[(3, "open", "trading_paused")], [], [(3, "trading_paused", "open")]]


def test_without_private_news_nobody_enters():
    lost = venue_trust.private_feed(two_shards(), NOON, is_live=False)
    again = venue_trust.private_feed(lost.trust, NOON, is_live=False)
    back = venue_trust.private_feed(lost.trust, NOON, is_live=True)

    assert reasons(lost.trust) == ["private_feed", "private_feed"]
    assert reasons(back.trust) == ["", ""]
    assert [(r.reason, r.is_held) for step in (lost, again, back) for r in step.records] == [
        ("private_feed", True),
        ("private_feed", False),
    ]


def test_a_group_that_fired_on_one_shard_stops_all_markets_until_a_resume():
    fired = venue_trust.order_group(two_shards(), NOON, shard=3, is_triggered=True)
    again = venue_trust.order_group(fired.trust, NOON, shard=3, is_triggered=True)
    resumed = venue_trust.resumed(again.trust, NOON)

    assert reasons(fired.trust) == ["order_group", "order_group"]
    assert reasons(resumed.trust) == ["", ""]
    assert [(r.shard, r.is_held) for step in (fired, again, resumed) for r in step.records] == [(3, True), (3, False)]


def test_a_drift_stops_its_own_market_until_it_is_gone():
    drifting = venue_trust.drift(two_shards(), NOON, OTHER, is_drifting=True)
    again = venue_trust.drift(drifting.trust, NOON, OTHER, is_drifting=True)
    agreed = venue_trust.drift(again.trust, NOON, OTHER, is_drifting=False)

    assert reasons(drifting.trust) == ["", "drift"]
    assert reasons(agreed.trust) == ["", ""]
    assert [(r.market, r.is_held) for step in (drifting, again, agreed) for r in step.records] == [
        (OTHER, True),
        (OTHER, False),
    ]


def test_a_market_that_was_left_leaves_no_drift_and_no_shard_behind():
    drifting = venue_trust.drift(two_shards(), NOON, OTHER, is_drifting=True).trust

    assert venue_trust.market_dropped(drifting, OTHER) == venue_trust.market_added(VenueTrust(), TICKER, 0)


def test_each_hold_knows_since_when_it_holds_and_news_that_say_the_same_do_not_renew_it():
    trust = venue_trust.exchange_status(two_shards(), NOON, {0: OPEN, 3: PAUSED}).trust
    trust = venue_trust.private_feed(trust, after(1), is_live=False).trust
    trust = venue_trust.order_group(trust, after(2), shard=3, is_triggered=True).trust
    trust = venue_trust.drift(trust, after(3), OTHER, is_drifting=True).trust
    for again in range(4, 6):
        trust = venue_trust.exchange_status(trust, after(again), {0: OPEN, 3: PAUSED}).trust
        trust = venue_trust.private_feed(trust, after(again), is_live=False).trust
        trust = venue_trust.order_group(trust, after(again), shard=3, is_triggered=True).trust
        trust = venue_trust.drift(trust, after(again), OTHER, is_drifting=True).trust

    assert trust.standing_since(OTHER) == NOON
    assert (trust.private_feed_lost_since, trust.fired_groups[3], trust.drifting[OTHER]) == (
        after(1),
        after(2),
        after(3),
    )
    assert venue_trust.private_feed(trust, after(9), is_live=True).trust.private_feed_lost_since is None
