"""Permission is a ladder: the strictest verdict holds, and nobody trades before one was given."""

from edgelock.core.permit import CLOSED_AT_START, Brake, Mode


def test_verdicts_combine_by_min_so_that_the_strictest_holds():
    assert min(Mode.OPEN, Mode.REDUCE_ONLY, Mode.HALTED) is Mode.HALTED
    assert min(Mode.OPEN, Mode.REDUCE_ONLY) is Mode.REDUCE_ONLY


def test_brakes_combine_by_max_so_that_the_higher_tier_holds():
    assert max(Brake.NONE, Brake.SOFT, Brake.HARD) is Brake.HARD


def test_before_the_risk_side_has_spoken_only_exits_are_allowed():
    assert CLOSED_AT_START.mode is Mode.REDUCE_ONLY
    assert CLOSED_AT_START.reason == "starting"
