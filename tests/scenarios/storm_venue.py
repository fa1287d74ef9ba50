"""An embedded exchange with as many quiet markets as a test wants, in a process of its own.

Usage: python -m tests.scenarios.storm_venue MARKETS TIER REQUEST_LOG. It prints one JSON line when it is ready, and
ends with its standard input.
"""

import asyncio
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from edgelock.exchange.flow import SetLevel
from tests.exchange.engine_builders import ASK, BID, FlowScript, cents, contracts, dollars
from tests.exchange.served import serving

DEPTH = 10_000
"""Contracts that the house bids at 45 and asks at 47 cents in every market."""


def tickers(count: int) -> list[str]:
    """The names of its markets."""
    return [f"KXNHLGAME-S{number}" for number in range(count)]


async def serve(count: int, tier: str, log: Path) -> None:
    """Until standard input ends."""
    script = FlowScript()
    for ticker in tickers(count):
        script = script.opened_market(ticker)
        script = script.then(0, SetLevel(ticker, BID, cents(45), contracts(DEPTH)))
        script = script.then(0, SetLevel(ticker, ASK, cents(47), contracts(DEPTH)))
    flow = script.lasting(tickers(1)[0]).flow()
    async with serving(flow, tier=tier, balance=dollars(1_000_000), request_log=log) as exchange:
        ready = {
            "origin": exchange.ann.origin,
            "key_id": exchange.ann._key_id,
            "key": exchange.ann._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
            "tickers": tickers(count),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
