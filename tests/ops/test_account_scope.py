"""Records are read back within one account of one venue, and nowhere else."""

from edgelock.ops.account_scope import scope_of


def test_two_live_runs_of_one_account_share_a_scope():
    first = scope_of(mode="live", venue="demo", key_id="key-a", run="r1")

    assert first == scope_of(mode="live", venue="demo", key_id="key-a", run="r2")
    assert first != scope_of(mode="live", venue="demo", key_id="key-b", run="r1")
    assert first != scope_of(mode="live", venue="prod", key_id="key-a", run="r1")


def test_paper_and_shadow_begin_anew_with_every_run():
    scopes = {scope_of(mode=mode, venue="demo", key_id="k", run=run) for mode in ("paper", "shadow") for run in "ab"}

    assert len(scopes) == 4


def test_the_key_itself_is_not_in_the_scope():
    assert "secret-id" not in scope_of(mode="live", venue="prod", key_id="secret-id", run="r1")
