"""The risk side's memory as text: what was written is read, and nothing else is taken for it."""

import json

import pytest
from hypothesis import given

from edgelock.actors.risk_memory_text import SCHEME, RiskMemoryWriter, from_text, to_text
from edgelock.core import risk
from edgelock.core.breakers import Conditions
from edgelock.core.risk_memory import OddMemory, remembered
from edgelock.core.risk_state import RiskState
from edgelock.core.settings import RiskSettings
from tests.core.builders import NOON
from tests.core.risk_stories import after_step, stories, told

A_STATE = risk.cancel_sent(RiskState(settings=RiskSettings()), "KX-A", NOON, Conditions()).state
A_TEXT = to_text(remembered(A_STATE))


@given(stories)
def test_what_was_written_is_read_again(story):
    state, _ = told(story)

    assert from_text(to_text(remembered(state))) == remembered(state)


@given(stories)
def test_a_writer_that_keeps_the_text_of_unchanged_markets_writes_what_one_writes_that_does_not(story):
    state, now = told([])
    writer = RiskMemoryWriter()

    for what, wait, ticker in story:
        now += wait * 1_000_000_000
        state = after_step(state, what, wait, ticker, now)
        assert writer.text(state) == to_text(remembered(state))


def test_a_market_whose_name_looks_like_an_empty_list_of_markets_is_no_trouble():
    state = risk.cancel_sent(A_STATE, '"markets":[]', NOON, Conditions()).state

    assert from_text(RiskMemoryWriter().text(state)) == remembered(state)


def changed(**fields) -> str:
    written = json.loads(A_TEXT)
    written["remembered"].update(fields)
    return json.dumps(written, separators=(",", ":"))


def without(field: str) -> str:
    written = json.loads(A_TEXT)
    del written["remembered"][field]
    return json.dumps(written, separators=(",", ":"))


def test_the_samples_below_are_odd_for_what_they_change_alone():
    assert changed() == A_TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "{}",
        A_TEXT[:-1],
        A_TEXT + " ",
        A_TEXT + A_TEXT,
        changed(day="1"),
        changed(day=1.5),
        changed(day=None),
        changed(realized_today=True),
        changed(news=1),
        changed(portfolio={}),
        changed(portfolio={"cancels": [1], "tier": 7, "until": None, "since": None}),
        changed(fired_groups=[[1]]),
        without("realized_today"),
        without("count_restarted_at"),
        A_TEXT.replace('"day":0', '"day":0.0'),
        A_TEXT.replace('"day":0', '"day":0,"day":0'),
        A_TEXT.replace("KX-A", "\udcff"),
    ],
)
def test_text_that_this_program_would_not_have_written_is_refused(text):
    assert text != A_TEXT
    with pytest.raises(OddMemory):
        from_text(text)


@pytest.mark.parametrize("scheme", [0, SCHEME + 1])
def test_text_of_another_scheme_is_refused_by_its_number(scheme):
    text = A_TEXT.replace(f'"scheme":{SCHEME}', f'"scheme":{scheme}')

    with pytest.raises(OddMemory, match=f"scheme {scheme}"):
        from_text(text)
