"""Every test here must give back its threads and its actors."""

import threading
from collections.abc import Iterator

import pytest
from pykka import ActorRegistry

THREAD_ENDS_WITHIN_S = 10


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test() -> Iterator[None]:
    """Fails a test that leaves a thread (daemon or not) or a registered actor behind."""
    before = set(threading.enumerate())
    yield
    left_over = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left_over:
        thread.join(THREAD_ENDS_WITHIN_S)
    alive = [thread.name for thread in left_over if thread.is_alive()]
    assert not alive, f"threads left behind: {alive}"
    assert not ActorRegistry.get_all(), "actors left in pykka's registry"
