"""The real bot, killed at chosen points and started again; and bots that were damaged, which have to be found out."""

from pathlib import Path

import pytest

from tests.crash.campaign import Listed, replay
from tests.crash.chain import Chain, Crash
from tests.crash.points import Point
from tests.crash.sabotage import KINDS

CHOSEN = (
    ("trading:journal.record_intent.after:1", None),
    ("trading:rest.create_order.sent:2", "recovery:rest.cancel_order.before:1"),
    ("trading:rest.create_order.answered:1", None),
    ("trading:private.FillSeen.before:1", "recovery:sweep.loaded.before:4"),
    ("trading:journal.record_fill.before:1", None),
    ("trading:journal.record_fill.after:1", None),
    ("trading:rest.cancel_order.sent:1", None),
    ("shutdown:rest.cancel_orders.sent:1", None),
)
"""An order that was written and not sent, or sent and not heard of; a fill that was heard and not written, or written
and not told; a cancel of unknown fate; a shutdown half-way; a recovery half-way."""


def crash(at: str, again: str | None = None) -> Crash:
    return Crash(Point.parse(at), None if again is None else Point.parse(again))


@pytest.mark.timeout(300)
def test_nothing_is_lost_doubled_or_forgotten_at_points_that_matter(tmp_path: Path):
    source = Listed(crash(*each) for each in CHOSEN)

    Chain(tmp_path / "row", seed=11, flavour="quiet", source=source, length=len(CHOSEN)).play()

    assert {replay(each): [str(finding) for finding in each.findings] for each in source.results if each.findings} == {}
    assert sum(each.reached for each in source.results) >= len(CHOSEN) - 2


@pytest.mark.campaign
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_bot_is_found_out(kind: str, tmp_path: Path):
    damage = KINDS[kind]
    source = Listed([crash("trading:handle.exchange.GatewayNews(Filled).after:2")] * 6)

    is_sound = Chain(
        tmp_path / "row", seed=3, flavour=damage.flavour, source=source, length=6, check_within_s=15.0, sabotage=kind,
        kill_chance=damage.kill_chance,
    ).play()  # fmt: skip

    assert not is_sound
    assert not damage.promises.isdisjoint({finding.promise for each in source.results for finding in each.findings})
