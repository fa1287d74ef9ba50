"""Runs the program and, once it quotes, looks at every object of the process for one that could sign an order.

Usage: who_can_sign.py DIRECTORY. The mode comes from the environment as for the program itself. Prints one JSON line.
"""

import contextlib
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.signing import CredentialError, Credentials
from edgelock.ops.command_line import main

WRITES = ("POST", "DELETE", "PUT", "PATCH")
QUOTES = ('"action":"quote_place"', '"action":"shadow_quote"')
LOOK_EVERY_S = 0.05


def signers() -> Iterator[str]:
    """Names of objects of this process that sign a write, or hold a key that somebody else could sign with."""
    for each in gc.get_objects():
        if isinstance(each, Credentials):
            for method in WRITES:
                with contextlib.suppress(CredentialError):
                    each.headers(method, "/trade-api/v2/portfolio/events/orders", 1)
                    yield f"Credentials signed {method}"
        elif isinstance(each, TradingRest):
            yield "TradingRest"
        elif any(isinstance(held, RSAPrivateKey | Ed25519PrivateKey) for held in gc.get_referents(each)):
            yield f"{type(each).__name__} holds a key"


def count_readers() -> int:
    """Credentials that sign a read: that there are some shows that the search finds what is there."""
    return sum(
        bool(each.headers("GET", "/trade-api/ws/v2", 1)) for each in gc.get_objects() if isinstance(each, Credentials)
    )


def look(log: Path) -> None:
    """Wait until the program quotes, print what was found, and end it."""
    pause = threading.Event()
    while not (log.exists() and any(word in log.read_text(encoding="utf-8") for word in QUOTES)):
        pause.wait(LOOK_EVERY_S)
    found = {"signers": sorted(set(signers())), "readers": count_readers()}
    sys.stdout.write(f"\n{json.dumps(found)}\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    run_log = Path(sys.argv[1]) / "run.jsonl"
    threading.Thread(target=look, args=(run_log,), daemon=True).start()
    sys.exit(main(["--no-live-view", "--speed", "60", "--log", str(run_log)]))
