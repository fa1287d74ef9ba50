"""The wrapped bot passes its labels, and its seams are all there."""

import json
import subprocess
import sys
from pathlib import Path

from edgelock.actors.journal import Journal
from tests.crash.seams import journal_methods, rest_methods, static_labels

PROJECT = Path(__file__).resolve().parents[2]
INSTALLED = """
import json, sys, tempfile
from pathlib import Path
from edgelock.actors.address import Address
from edgelock.actors.journal import Journal
from edgelock.core.units import Timestamp
from tests.crash.seams import install
from tests.crash.switch import CrashSwitch

switch = CrashSwitch()
install(switch)
switch.count_as("trading")
journal = Journal(Path(sys.argv[1]))
journal.set_latch("kill", is_on=True, who="somebody", at=Timestamp(1))
switch.arm("journal.set_latch.after", 1)
Address("market:KXTEST").tell("hello")
sys.stdout.write(json.dumps(switch.counts()["trading"]))
sys.stdout.flush()
journal.set_latch("kill", is_on=False, who="somebody", at=Timestamp(2))
"""
"""In a process of its own, because wrapping cannot be undone."""


def test_a_wrapped_process_passes_its_labels_and_dies_right_after_the_commit(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", INSTALLED, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert ended.returncode == -9, ended.stderr
    assert json.loads(ended.stdout) == {
        "start.journal.before": 1,
        "start.journal.after": 1,
        "journal.set_latch.before": 1,
        "journal.set_latch.after": 1,
        "tell.market.str.before": 1,
        "tell.market.str.after": 1,
    }
    journal = Journal(tmp_path)
    latch = journal.read_latch("kill")
    journal.close()
    assert latch is not None
    assert not latch.is_on


def test_every_writing_method_and_every_call_to_the_venue_has_its_labels():
    labels = set(static_labels())

    assert {"record_intent", "record_fill", "record_end", "set_latch"} <= set(journal_methods())
    assert {"create_order", "cancel_order", "amend_order", "orders", "fills"} <= {name for _, name in rest_methods()}
    assert {"journal.record_intent.before", "journal.record_intent.after"} <= labels
    assert {"rest.create_order.before", "rest.create_order.sent", "rest.create_order.answered"} <= labels
