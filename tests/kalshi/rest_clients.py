"""Our REST client against a loopback venue, without a pause that a test would wait for."""

import random

from cryptography.hazmat.primitives.asymmetric import ed25519

from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.kalshi.signing import Credentials
from tests.kalshi.loopback_venue import Reply

KEY = ed25519.Ed25519PrivateKey.generate()


class PausesKept(list):
    """Stands in for sleeping: keeps how long, and returns at once."""

    def __call__(self, seconds):
        self.append(seconds)


def a_client(venue, kind=TradingRest, **limits):
    credentials = Credentials("key-1", KEY)
    pauses = PausesKept()
    client = kind(venue.url, credentials, rng=random.Random(1), limits=CallLimits(**limits), sleep=pauses)
    return client, pauses


def refusal(status, code, details=None):
    said = {"code": code, "message": code.replace("_", " ")}
    return Reply(status, {"error": said if details is None else {**said, "details": details}})
