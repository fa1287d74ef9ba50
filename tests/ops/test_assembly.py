"""A run that cannot begin leaves nothing behind: no thread, no process, no lock."""

import signal
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pykka import ActorRegistry

from edgelock.actors.journal import Journal
from edgelock.core.units import SECOND
from edgelock.ops.assembly import run
from edgelock.ops.instance_lock import InstanceLock
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import Settings
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.user_error import UserError
from tests.scenarios.running_bot import PATIENCE_S, children_of

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture(autouse=True)
def nothing_is_left():
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    threads, processes = set(threading.enumerate()), set(children_of(own_pid()))
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for thread in set(threading.enumerate()) - threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), thread.name
    assert set(children_of(own_pid())) <= processes
    assert not ActorRegistry.get_all()


def own_pid() -> int:
    return int(Path("/proc/self").readlink().name)


@pytest.fixture
def options(tmp_path) -> RunOptions:
    config = tmp_path / "settings.yaml"
    config.write_text("")
    return RunOptions(
        settings=Settings.model_validate(
            {
                "state": {"directory": str(tmp_path / "state")},
                "embedded": {"speed": 60},
                "log": {"path": str(tmp_path / "log.jsonl")},
            }
        ),
        secrets=Secrets(),
        config_path=config,
        command_line={},
        duration=SECOND,
        log_path=tmp_path / "log.jsonl",
        append=False,
        live_view=False,
        markets=(),
        recording=None,
        crash_market=(),
        exchange_log=None,
        exchange_ledger=None,
        faults=None,
    )


def test_a_market_that_the_venue_does_not_list_is_one_line(options):
    with pytest.raises(UserError, match="the venue's markets could not be read"):
        run(replace(options, markets=("KXNHLGAME-NOBODY",)))


def test_a_second_run_on_the_same_state_is_refused_before_anything_starts(options, tmp_path):
    (tmp_path / "state").mkdir()
    with InstanceLock(tmp_path / "state"), pytest.raises(UserError):
        run(options)

    assert not (tmp_path / "log.jsonl").exists()


def test_a_journal_that_is_none_is_kept_aside_and_entries_wait_for_a_person(options, tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "journal.sqlite3").write_bytes(b"no journal" * 200)

    assert run(options) == 0

    assert (tmp_path / "state" / "journal.sqlite3.damaged-1").read_bytes() == b"no journal" * 200
    log = (tmp_path / "log.jsonl").read_text()
    assert "the file is not a journal" in log
    assert '"action":"kill_on"' in log


def test_a_journal_of_a_newer_version_is_one_line(options, tmp_path):
    Journal(tmp_path / "state").close()
    with sqlite3.connect(tmp_path / "state" / "journal.sqlite3") as file:
        file.execute("UPDATE schema_version SET version = 1000")

    with pytest.raises(UserError, match="1000"):
        run(options)


def test_a_run_of_one_second_ends_well_in_this_very_process(options, tmp_path):
    assert run(options) == 0

    assert '"action":"shutdown_done"' in (tmp_path / "log.jsonl").read_text()
