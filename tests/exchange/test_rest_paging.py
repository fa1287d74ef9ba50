"""Pages of lists."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.exchange.engine import Engine
from edgelock.exchange.rate_limit import TIERS
from edgelock.exchange.rest_call import Call
from edgelock.exchange.rest_paging import page
from tests.exchange.engine_builders import NOON


def a_call(**query: str) -> Call:
    return Call(
        engine=Engine(new_id=str),
        tier=TIERS["basic"],
        now=NOON,
        account=None,
        path={},
        query={name: [value] for name, value in query.items()},
        body=b"",
        is_json=False,
    )


@given(count=st.integers(0, 50), size=st.integers(1, 20), newest_first=st.booleans(), divisor=st.integers(1, 4))
def test_following_the_cursor_gives_every_kept_item_once_and_in_order(
    count: int, size: int, newest_first: bool, divisor: int
) -> None:
    found: list[int] = []
    cursor = ""
    for _ in range(count + 1):
        part, cursor = page(
            a_call(cursor=cursor), range(count), lambda item: item % divisor == 0, size, newest_first=newest_first
        )
        assert len(part) <= size
        found += part
        if not cursor:
            break
    wanted = [item for item in range(count) if item % divisor == 0]
    assert found == (wanted[::-1] if newest_first else wanted)


def test_items_that_arrive_between_two_pages_do_not_shift_the_second() -> None:
    items = [1, 2, 3, 4]
    _, cursor = page(a_call(), items, lambda _: True, 2)
    items += [5, 6]
    assert page(a_call(cursor=cursor), items, lambda _: True, 2) == ([2, 1], "")


@given(st.text(max_size=20))
def test_a_garbage_cursor_is_no_error(cursor: str) -> None:
    found, _ = page(a_call(cursor=cursor), [1, 2, 3], lambda _: True, 5)
    assert found in ([3, 2, 1], [2, 1], [1], [])
