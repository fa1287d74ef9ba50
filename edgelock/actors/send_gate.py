"""The gate through which every request about an order leaves; shut once, it never opens again.

A worker may have been put to sleep between its last check and its request. What has passed the gate counts as sent;
after `shut` has returned nothing passes any more, whoever wakes up however late.
"""

import threading


class SendGate:
    """For any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_shut = False
        self._under_way = 0

    @property
    def is_shut(self) -> bool:
        """Nothing passes any more."""
        with self._changed:
            return self._is_shut

    def enter(self) -> bool:
        """A request is about to leave; False when it must not. Each True is followed by one `leave`."""
        with self._changed:
            if self._is_shut:
                return False
            self._under_way += 1
            return True

    def leave(self) -> None:
        """The request is over."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def shut(self) -> None:
        """From now on nothing leaves."""
        with self._changed:
            self._is_shut = True

    def wait_idle(self, timeout_s: float) -> bool:
        """Until nothing is under way; False when something still is after so long (real seconds)."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, timeout_s)
