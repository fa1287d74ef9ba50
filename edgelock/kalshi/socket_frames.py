"""websocket-client's WebSocket with a read buffer and an upper bound for what a frame may hold.

The library asks the system for every two header bytes, and reads whatever length a frame claims. Both seams used here
(`_recv` and the frame buffer) are pinned with the library's version and have a test that fails when they change.
"""

import ssl
from typing import Any

import websocket
from websocket._abnf import frame_buffer

_CHUNK = 1 << 16


class _BoundedFrames(frame_buffer):
    def __init__(self, receive: Any, bytes_max: int) -> None:
        super().__init__(receive, skip_utf8_validation=True)
        self._bytes_max = bytes_max

    def recv_length(self) -> None:
        super().recv_length()
        if self.length is not None and self.length > self._bytes_max:
            raise websocket.WebSocketPayloadException(f"a frame of {self.length} bytes, {self._bytes_max} are allowed")


class BufferedWebSocket(websocket.WebSocket):
    """For one thread. Text is not checked for UTF-8 here; whoever parses it does."""

    def __init__(self, frame_bytes_max: int) -> None:
        super().__init__(skip_utf8_validation=True)
        self.frame_buffer = _BoundedFrames(self._recv, frame_bytes_max)
        self._frame_bytes_max = frame_bytes_max
        self._gathered = 0
        self._buffer = b""
        self._offset = 0

    @property
    def has_more(self) -> bool:
        """Whether bytes are at hand that the operating system would not report as readable."""
        if self._offset < len(self._buffer):
            return True
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def recv_frame(self) -> websocket.ABNF:
        """One frame; the parts of a message count together against the bound."""
        frame: websocket.ABNF = super().recv_frame()  # type: ignore[no-untyped-call]
        if frame.opcode == websocket.ABNF.OPCODE_CONT:
            self._gathered += len(frame.data)
        elif frame.opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
            self._gathered = len(frame.data)
        if self._gathered > self._frame_bytes_max:
            raise websocket.WebSocketPayloadException(f"a message of more than {self._frame_bytes_max} bytes")
        return frame

    def close(self, *_: object, **__: object) -> None:
        """Close at once; a farewell that nobody answers is not waited for."""
        self.shutdown()  # type: ignore[no-untyped-call]

    def _recv(self, bufsize: int) -> bytes:
        if self._offset >= len(self._buffer):
            self._buffer = super()._recv(_CHUNK)  # type: ignore[no-untyped-call]
            self._offset = 0
        part = self._buffer[self._offset : self._offset + bufsize]
        self._offset += len(part)
        return part
