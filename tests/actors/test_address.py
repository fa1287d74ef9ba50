"""An address can always be told things; what reaches nobody is counted."""

import threading
from dataclasses import dataclass
from typing import ClassVar

from edgelock.actors.address import DEAD_LETTER_TYPES_KEPT, Address
from edgelock.actors.inbox import Lane, LanedInbox
from tests.actors.runtime_doubles import PATIENCE_S, Book, Halt, ManualClock, Note


@dataclass(frozen=True, slots=True)
class Keyless:
    """A newest-wins message whose author forgot the key."""

    lane: ClassVar[Lane] = Lane.LATEST


def test_telling_nobody_returns_false_and_counts_by_lane():
    address = Address("market:A")

    told = [address.tell(message) for message in (Note("fill"), Book("a", 1), Book("a", 2), Halt())]

    lost = address.lost()
    assert told == [False] * 4
    assert (lost.dead_letters, lost.latest_dropped, lost.control_dropped, lost.malformed) == (1, 2, 1, 0)
    assert lost.last_types == ("Note",)


def test_only_the_last_dead_letter_types_are_kept():
    address = Address("market:A")
    for _ in range(DEAD_LETTER_TYPES_KEPT + 5):
        address.tell(Note("x"))

    assert len(address.lost().last_types) == DEAD_LETTER_TYPES_KEPT
    assert address.lost().dead_letters == DEAD_LETTER_TYPES_KEPT + 5


def test_a_malformed_message_is_counted_and_does_not_raise_in_its_sender():
    address = Address("market:A")
    address.point_at(LanedInbox(ManualClock()))

    assert not address.tell(Keyless())
    assert address.lost().malformed == 1


def test_mail_of_one_life_moves_to_the_next_in_order():
    address, first, second = Address("market:A"), LanedInbox(ManualClock()), LanedInbox(ManualClock())
    address.point_at(first)
    address.tell(Book("a", 1))
    address.tell(Note("1"))

    address.point_at(second)
    address.tell(Note("2"))
    address.tell(Book("a", 2))

    assert [Note("1"), Note("2"), Book("a", 2)] == [second.get().message for _ in range(3)]
    assert address.lost().dead_letters == 0


def test_mail_of_a_life_without_an_heir_is_counted_as_lost():
    address = Address("market:A")
    address.point_at(LanedInbox(ManualClock()))
    address.tell(Note("1"))
    address.tell(Book("a", 1))

    address.point_at(None)

    assert (address.lost().dead_letters, address.lost().latest_dropped) == (1, 1)
    assert address.inbox_counters() is None


def test_nothing_is_lost_between_two_lives_while_many_tell():
    address = Address("market:A")
    inboxes = [LanedInbox(ManualClock()) for _ in range(50)]
    address.point_at(inboxes[0])
    senders, each = 4, 500

    def send(sender: int) -> None:
        for n in range(each):
            assert address.tell((sender, n))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(senders)]
    for thread in threads:
        thread.start()
    for inbox in inboxes[1:]:
        address.point_at(inbox)
    for thread in threads:
        thread.join(PATIENCE_S)

    got = [inboxes[-1].get().message for _ in range(senders * each)]
    assert inboxes[-1].empty()
    for sender in range(senders):
        assert list(range(each)) == [n for who, n in got if who == sender]
