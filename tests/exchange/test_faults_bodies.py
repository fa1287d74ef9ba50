"""Bodies made wrong: whatever the answer was, something is sent, and only what should be wrong is."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.exchange.faults_bodies import about_other_order, malformed, with_bad_field, with_value

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
objects = st.dictionaries(st.text(min_size=1, max_size=5), values, min_size=1, max_size=4)
HOW = ("truncated", "html", "empty", "not_json", "array", "null", "wrong_types")
CHANGES = ("missing", "renamed", "null", "retyped", "scaled")


@given(values, st.sampled_from(HOW))
def test_every_answer_can_be_malformed(value: object, how: str) -> None:
    body, content_type = malformed(how, json.dumps(value).encode())
    assert isinstance(body, bytes)
    assert "/" in content_type


@given(values, st.sampled_from(CHANGES), st.integers())
def test_every_answer_stays_json_with_a_bad_field(value: object, how: str, seed: int) -> None:
    json.loads(with_bad_field(how, "any", json.dumps(value).encode(), Random(seed)))


@given(objects, st.integers())
def test_a_missing_field_is_one_that_was_there(value: dict[str, object], seed: int) -> None:
    def names(each: object) -> set[str]:
        if isinstance(each, dict):
            return set(each) | {name for inner in each.values() for name in names(inner)}
        return {name for inner in each for name in names(inner)} if isinstance(each, list) else set()

    body = json.dumps(value).encode()
    left = json.loads(with_bad_field("missing", "any", body, Random(seed)))
    assert names(left) < names(value)


@pytest.mark.parametrize("how", CHANGES)
def test_a_body_without_the_field_stays_as_it_is(how: str) -> None:
    assert json.loads(with_bad_field(how, "absent", b'{"a":"1.10"}', Random(1))) == {"a": "1.10"}


@pytest.mark.parametrize(
    ("value", "scaled"),
    [("0.4500", "45.0000"), (3, 300), ("yes", "yes"), (True, True), (None, None), ("1e999999", "1e999999")],
)
def test_what_is_a_number_is_scaled_and_nothing_else(value: object, scaled: object) -> None:
    body = with_bad_field("scaled", "price", json.dumps({"price": value}).encode(), Random(1))
    assert json.loads(body) == {"price": scaled}


def test_an_answer_names_another_order_of_the_member_and_never_its_own() -> None:
    body = b'{"order_id":"a","client_order_id":"mine","reduced_by":"1.00"}'
    told = json.loads(about_other_order(body, {"a": "mine", "b": "other"}, Random(1)))
    assert told == {"order_id": "b", "client_order_id": "other", "reduced_by": "1.00"}
    alone = json.loads(about_other_order(body, {"a": "mine"}, Random(1)))
    assert alone["order_id"] not in ("a", "b")


def test_a_value_is_replaced_at_every_depth() -> None:
    body = with_value("status", "strange", b'{"orders":[{"status":"resting"},{"status":"canceled","n":1}],"n":2}')
    assert json.loads(body) == {"orders": [{"status": "strange"}, {"status": "strange", "n": 1}], "n": 2}
