"""A life of the risk side that begins in the middle of a run is told how things stand."""

from edgelock.actors.address import Address
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.messages import ClockCompared, GroupNews, PrivateFeedNews
from edgelock.ops.standing_news import StandingNews


def told(news: StandingNews, risk: Address) -> list[object]:
    """What a new life reads first."""
    inbox = LanedInbox(lambda: 0)
    risk.point_at(None)
    risk.point_at(inbox)
    news.retell()
    return [inbox.get().message for _ in range(inbox.counters().depth)]


def test_the_last_word_on_every_subject_is_told_again():
    risk = Address("risk")
    news = StandingNews(risk)
    for each in (PrivateFeedNews(False), GroupNews(0, True), GroupNews(1, False), PrivateFeedNews(True)):
        news.tell(each)

    assert told(news, risk) == [PrivateFeedNews(True), GroupNews(0, True), GroupNews(1, False)]


def test_what_the_door_found_out_is_forgotten_with_it():
    risk = Address("risk")
    news = StandingNews(risk)
    for each in (PrivateFeedNews(True), GroupNews(0, True), ClockCompared(-1, 1)):
        news.tell(each)

    news.forget_orders()

    assert told(news, risk) == [ClockCompared(-1, 1)]
