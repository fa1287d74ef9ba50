"""A venue on loopback that answers the pre-flight's reads like demo or prod would, and keeps what it was asked.

`answers` maps a path to a status and a body, for a test to change; `known_key` is the only key id that it accepts.
"""

import copy
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from edgelock.ops.venue_address import VenueAddress

KEY_ID = "11112222-3333-4444-5555-666677778888"
ROOT = "/trade-api/v2"
YEAR_S = 365 * 24 * 3600


def not_found():
    """The venue's own words for a key that it does not know."""
    return 401, refusal("authentication_error", "NOT_FOUND")


def refusal(code, details=""):
    said = {"code": code, "message": code}
    return {"error": {**said, "details": details} if details else said}


LISTING = {
    "ticker": "KXNHLGAME-26NOV22TORMTL-TOR",
    "event_ticker": "KXNHLGAME-26NOV22TORMTL",
    "market_type": "binary",
    "notional_value_dollars": "1.0000",
    "result": "",
    "title": "a game",
    "yes_sub_title": "Toronto",
    "status": "active",
    "open_time": "2026-11-20T00:00:00Z",
    "close_time": "2027-11-23T00:00:00Z",
    "yes_bid_dollars": "0.4600",
    "yes_ask_dollars": "0.4800",
    "volume_24h_fp": "100.00",
    "price_level_structure": "linear_cent",
    "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
    "exchange_index": 0,
}
GOOD = {
    "/exchange/status": (200, {"exchange_active": True, "trading_active": True}),
    "/account/limits": (
        200,
        {
            "usage_tier": "basic",
            "read": {"refill_rate": 200, "bucket_capacity": 200},
            "write": {"refill_rate": 100, "bucket_capacity": 100},
            "grants": [],
        },
    ),
    "/api_keys": (
        200,
        {
            "api_keys": [{"api_key_id": KEY_ID, "name": "bot", "scopes": ["read", "write::trade"]}],
            "api_key_region_expiration_ts": int(time.time()) + YEAR_S,
        },
    ),
    "/portfolio/balance": (200, {"balance": 123456, "balance_dollars": "1234.5678", "updated_ts": 1}),
    "/portfolio/positions": (200, {"market_positions": [], "event_positions": [], "cursor": ""}),
    "/series/KXNHLGAME": (
        200,
        {"series": {"ticker": "KXNHLGAME", "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 1}},
    ),
    "/markets": (200, {"markets": [LISTING], "cursor": ""}),
}


class StandInVenue:
    """Answers until `with` ends. `date_offset_s` moves the Date it writes against this machine's clock."""

    def __init__(self):
        self.answers = copy.deepcopy(GOOD)
        self.known_key = KEY_ID
        self.date_offset_s = 0
        self.asked = []
        venue = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = urlsplit(self.path).path.removeprefix(ROOT)
                venue.asked.append((self.command, path))
                status, body = venue.answer_to(path, self.headers.get("KALSHI-ACCESS-KEY"))
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_POST(self):
                venue.asked.append((self.command, self.path))
                self.send_error(500)

            do_DELETE = do_POST  # noqa: N815

            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + venue.date_offset_s)

            def log_message(self, *_):
                """Nothing: the test keeps what was asked."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def answer_to(self, path, key_id):
        """What this request gets, as a status and a body."""
        is_public = path.startswith(("/exchange", "/series", "/markets"))
        if not is_public and key_id != self.known_key:
            return not_found()
        return self.answers.get(path, (404, refusal("not_found")))

    @property
    def addresses(self):
        """To be given to whoever takes addresses: this stands in for demo and for prod."""
        port = self._server.server_address[1]
        rest, ws = f"http://127.0.0.1:{port}{ROOT}", f"ws://127.0.0.1:{port}/trade-api/ws/v2"
        return {name: VenueAddress(name, rest, ws) for name in ("demo", "prod")}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
