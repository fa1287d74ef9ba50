"""The real program in a process that can be told to die: `python -m tests.crash.crashing_bot ARGUMENTS OF run.py`.

On stdin it takes a line at a time: `arm LABEL OCCURRENCE`, `disarm`, `count PHASE`. When stdin ends, whoever gave the
orders is gone, and the process goes too. The variable CRASH_AT=LABEL:OCCURRENCE arms it before the program begins;
with CRASH_COUNTS=FILE it writes there in the end how often each label was passed, by phase, beginning with recovery.
CRASH_SABOTAGE=KIND damages it first.
"""

import json
import os
import runpy
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from tests.crash.points import Phase
from tests.crash.sabotage import KINDS
from tests.crash.seams import install
from tests.crash.switch import CrashSwitch, kill_this_process

PROGRAM = Path(__file__).resolve().parents[2] / "run.py"
ARMED_VARIABLE = "CRASH_AT"
COUNTS_VARIABLE = "CRASH_COUNTS"
SABOTAGE_VARIABLE = "CRASH_SABOTAGE"


def main() -> None:
    """Take orders, and be the program."""
    switch = CrashSwitch()
    if kind := os.environ.pop(SABOTAGE_VARIABLE, ""):
        KINDS[kind].do()
    install(switch)
    counts_file = os.environ.pop(COUNTS_VARIABLE, "")
    if counts_file:
        switch.count_as(Phase.RECOVERY)
    if armed := os.environ.pop(ARMED_VARIABLE, ""):
        label, _, occurrence = armed.rpartition(":")
        switch.arm(label, int(occurrence))
    # Unbuffered: a thread that waits in a buffered stdin keeps its lock, and the interpreter then aborts at its end.
    orders = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - it is read to the end of the process
    threading.Thread(target=take_orders, args=(switch, orders), name="crash-orders", daemon=True).start()
    sys.argv[0] = str(PROGRAM)
    try:
        runpy.run_path(str(PROGRAM), run_name="__main__")
    finally:
        if counts_file:
            Path(counts_file).write_text(json.dumps(switch.counts()), encoding="utf-8")


def take_orders(switch: CrashSwitch, orders: BinaryIO) -> None:
    """Until stdin ends, and with it the reason to live."""
    for line in orders:
        match line.decode().split():
            case ["arm", label, occurrence]:
                switch.arm(label, int(occurrence))
            case ["disarm"]:
                switch.disarm()
            case ["count", phase]:
                switch.count_as(phase)
            case _:
                raise ValueError(f"{line!r} is no order")
    kill_this_process()


if __name__ == "__main__":
    main()
