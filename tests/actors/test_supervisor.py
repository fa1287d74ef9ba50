"""The supervisor on real threads, with a clock and a timer that only move by hand."""

from edgelock.actors import notices as notice
from tests.actors.runtime_doubles import SECOND, Diary, Do, House, Note, a_child, raising


def test_a_crashed_child_comes_back_alone_after_its_backoff():
    diary, other = Diary(), Diary()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        b = house.add(a_child("market:B", diary=other))
        house.notices.wait_for(notice.ChildStarted, name="market:A")
        house.notices.wait_for(notice.ChildStarted, name="market:B")

        a.tell(Do(raising(ValueError("bad fact"))))
        crash = house.notices.wait_for(notice.ChildCrashed, name="market:A")
        house.timer.advance(SECOND // 2)
        restart = house.notices.wait_for(notice.ChildRestarted, name="market:A")

        assert crash.reason == "ValueError: bad fact"
        assert (restart.incarnation, restart.restarts_in_window, restart.backoff_ns) == (2, 1, SECOND // 2)
        assert restart.down_ns == SECOND // 2
        a.tell(Note("after"))
        b.tell(Note("untouched"))
        diary.wait_for("after", incarnation=2)
        other.wait_for("untouched", incarnation=1)
