"""Fifty markets that never stop quoting, on the smallest tier: the exchange never says 429, and exits pass."""

import pytest

from tests.scenarios.order_storm import BASIC_PER_S, MARKETS, StormResult, storm

SECONDS = 6
TOKENS_OF_AN_ENTRY = 12
"""Its placement and its cancel."""


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> StormResult:
    return storm(tmp_path_factory.mktemp("storm"), SECONDS)


def test_the_exchange_never_says_that_we_ask_too_often(result):
    assert result.statuses.count(429) == 0
    assert len(result.statuses) > MARKETS


def test_every_exit_reaches_the_exchange_while_entries_queue(result):
    assert result.shortages > 0
    assert len(result.exit_waits_s) >= SECONDS


def test_the_tokens_that_exits_leave_are_used(result):
    """Nobody is so careful that nothing is sent: half of what the tier allows is the least."""
    assert result.entries_sent * TOKENS_OF_AN_ENTRY > BASIC_PER_S * SECONDS // 2
