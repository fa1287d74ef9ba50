"""A small WebSocket venue on loopback: acknowledges, sends the snapshots it was given, and does what a test says."""

import asyncio
import json
import queue
import threading

from aiohttp import WSMsgType, web

PATIENCE_S = 20
SIDS = {"orderbook_delta": 1, "trade": 2, "market_lifecycle_v2": 3}


class LoopbackSocketVenue:
    """One thread, one loop, any number of connections one after the other; frames go to the newest.

    books      ticker -> (bids, asks) of the snapshots it sends, asks on the YES scale
    refusals   HTTP statuses to answer the next handshakes with
    """

    def __init__(self, books=None, *, refusals=(), autoping=True):
        self.books = books or {}
        self.refusals = list(refusals)
        self.autoping = autoping
        self.handshakes = []
        self.commands = queue.SimpleQueue()
        self.connected = queue.SimpleQueue()
        self.ended = queue.SimpleQueue()
        self._socket = None
        self._seqs = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self.url = ""

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        self._call(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def send(self, text):
        """Any text, as one frame."""
        self._call(self._socket.send_str(text))

    def send_numbered(self, type_, body, *, sid=1, skip=0):
        """A numbered frame; `skip` leaves out as many numbers before it."""
        self._call(self._numbered(type_, body, sid, skip))

    def send_many(self, frames):
        """Several bodies of changes of books, as one write."""
        self._call(self._many(frames))

    def send_bytes_raw(self, raw):
        """Bytes onto the wire, frame or not."""
        self._call(self._write(raw))

    def cut(self):
        """End the connection without a word."""
        self._loop.call_soon_threadsafe(self._socket._req.transport.abort)

    def close(self, code, text):
        """End the connection politely."""
        self._call(self._socket.close(code=code, message=text.encode()))

    @property
    def numbers(self):
        """The last number of each subscription on the newest connection."""
        return dict(self._seqs)

    def command(self):
        """The next command that arrived."""
        return self.commands.get(timeout=PATIENCE_S)

    async def _write(self, raw):
        self._socket._req.transport.write(raw)

    async def _many(self, frames):
        for body in frames:
            await self._numbered("orderbook_delta", body, 1, 0)

    async def _numbered(self, type_, body, sid, skip):
        self._seqs[sid] = self._seqs.get(sid, 0) + 1 + skip
        await self._socket.send_str(json.dumps({"type": type_, "sid": sid, "seq": self._seqs[sid], "msg": body}))

    async def _snapshots(self, tickers):
        for ticker in tickers:
            if ticker in self.books:
                bids, asks = self.books[ticker]
                body = {"market_ticker": ticker, "yes_dollars_fp": bids, "no_dollars_fp": asks}
                await self._numbered("orderbook_snapshot", {k: v for k, v in body.items() if v}, 1, 0)

    async def _answer(self, command):
        params, number = command["params"], command["id"]
        tickers = params.get("market_tickers", [])
        if command["cmd"] == "subscribe":
            (channel,) = params["channels"]
            ack = {"type": "subscribed", "id": number, "msg": {"channel": channel, "sid": SIDS[channel]}}
            await self._socket.send_str(json.dumps(ack))
            if channel == "orderbook_delta":
                await self._snapshots(tickers)
        elif params["action"] == "get_snapshot" or (params["sids"] == [1] and params["action"] == "add_markets"):
            await self._snapshots(tickers)

    async def _handle(self, request):
        self.handshakes.append(dict(request.headers))
        if self.refusals:
            return web.Response(status=self.refusals.pop(0), text="no")
        self._socket = web.WebSocketResponse(autoping=self.autoping)
        self._seqs = {}
        await self._socket.prepare(request)
        socket = self._socket
        self.connected.put(len(self.handshakes))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                command = json.loads(message.data)
                self.commands.put(command)
                await self._answer(command)
        self.ended.put(socket.close_code)
        return socket

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()

    async def _open(self):
        app = web.Application()
        app.router.add_get("/trade-api/ws/v2", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/trade-api/ws/v2"
