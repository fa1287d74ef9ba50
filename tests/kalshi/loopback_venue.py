"""A small HTTP server on loopback that answers what a test told it to, and keeps what it was asked."""

import contextlib
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer.

    cut        closes the connection instead
    cut_after  closes it after so many bytes of the body
    drip       sends this many single bytes before the body, one per wait
    drip_head  the same before the end of the headers
    """

    status: int = 200
    body: object = None
    cut: bool = False
    cut_after: int | None = None
    drip: int = 0
    drip_head: int = 0
    location: str | None = None


class LoopbackVenue:
    """Answers in the order of `replies`; the last one goes on for ever. `tls` is a server's ssl.SSLContext."""

    def __init__(self, *replies, tls=None):
        self.replies = list(replies)
        self.asked = []
        self.stopping = threading.Event()
        venue = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                venue.asked.append(Asked(self.command, self.path, dict(self.headers), self.rfile.read(length)))
                reply = venue.replies.pop(0) if len(venue.replies) > 1 else venue.replies[0]
                if reply.cut:
                    self.close_connection = True
                    self.connection.close()
                    return
                raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                if reply.location is not None:
                    self.send_header("Location", reply.location)
                self.send_header("Content-Length", str(len(raw) + reply.drip))
                with contextlib.suppress(OSError):
                    if reply.drip_head:
                        self.flush_headers()
                        self._drip(b"X-Drip: ", reply.drip_head)
                        self.wfile.write(b"\r\n")
                    self.end_headers()
                    self._drip(b"", reply.drip)
                    self.wfile.write(raw[: reply.cut_after])
                self.close_connection = reply.cut_after is not None

            def _drip(self, first, times):
                self.wfile.write(first)
                for _ in range(times):
                    if venue.stopping.wait(0.05):
                        break
                    self.wfile.write(b" ")
                    self.wfile.flush()

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names http.server looks for

            def log_message(self, *_):
                """Nothing: the test keeps what was asked."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self):
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}/trade-api/v2"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
