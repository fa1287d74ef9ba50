"""The live view of a terminal: a header, one row per market, the last events; redrawn by one plain thread.

`render` is pure: a view model and the size of the terminal in, a rich renderable out. Columns are dropped by width,
the least needed first, and tickers are shortened from the left, where markets of one series are all alike.

It is drawn on the terminal's alternate screen, so that a resize leaves no remnants and the scrollback stays as it was;
the last picture is printed once on the normal screen.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edgelock.ops.live_view_model import MarketRow, ViewModel

REDRAWS_PER_SECOND = 3
EVENTS_SHOWN_MIN = 4
TICKER_CHARACTERS_MIN = 8
STOP_PATIENCE_S = 5.0
LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l\x1b[?25h"
_LINES_AROUND = 3


@dataclass(frozen=True, slots=True)
class _Column:
    """What a row says in one column.

    width_min  so that the columns stay where they are while figures come and go
    dearness   the highest is the first to go when the terminal is narrow
    """

    title: str
    tell: Callable[[MarketRow], str]
    width_min: int
    dearness: int

    def width(self, rows: tuple[MarketRow, ...]) -> int:
        """Room for the widest text, without the space after it."""
        return max(self.width_min, len(self.title), max((len(self.tell(row)) for row in rows), default=0))


_COLUMNS = (
    _Column("state",  lambda row: row.state.removeprefix("SKEW_"),         5,  0),
    _Column("net",    lambda row: row.net,                                 3,  0),
    _Column("vwap",   lambda row: row.vwap,                                4,  1),
    _Column("tp",     lambda row: row.tp,                                  4,  1),
    _Column("bid",    lambda row: row.bid,                                 3,  0),
    _Column("ask",    lambda row: row.ask,                                 3,  0),
    _Column("quotes", lambda row: f"{row.our_bid} {row.our_ask}".strip(),  11, 2),
    _Column("age",    lambda row: row.age,                                 5,  2),
    _Column("exit",   lambda row: row.next_exit,                           7,  2),
    _Column("real.",  lambda row: row.realized,                            6,  1),
    _Column("open",   lambda row: row.open_pnl,                            6,  5),
    _Column("c30",    lambda row: str(row.cancels_30 or ""),               3,  4),
    _Column("rs",     lambda row: str(row.restarts or ""),                 2,  4),
    _Column("",       lambda row: row.condition,                           0,  3),
)  # fmt: skip


def render(model: ViewModel, *, width: int, height: int) -> RenderableType:
    """The whole screen, at most `height` lines of at most `width` characters."""
    rows_room = max(height - _LINES_AROUND - EVENTS_SHOWN_MIN, 1)
    shown = model.rows if len(model.rows) <= rows_room else model.rows[: rows_room - 1]
    hidden = len(model.rows) - len(shown)
    lines: list[RenderableType] = [*_header(model, width), _table(shown, width)]
    if hidden:
        lines.append(Text(f"… and {hidden} more markets", style="dim", no_wrap=True))
    room = max(height - _LINES_AROUND - len(shown) - bool(hidden), 0)
    events = model.events[-room:] if room else ()
    lines.extend(Text(event[:width], style=_style_of(event), no_wrap=True, overflow="ellipsis") for event in events)
    return Group(*lines)


class LiveView:
    """Draws on a terminal until stopped; `stop` gives the terminal back. Nothing that trades waits for it."""

    def __init__(self, model: Callable[[], ViewModel], console: Console) -> None:
        self._model = model
        self._console = console
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_stopped, name="live-view", daemon=True)

    def start(self) -> None:
        """Begin to draw, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Give the terminal back, and leave the last picture on it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_PATIENCE_S)

    def leave_now(self) -> None:
        """For a process that ends at once: the terminal back in order, without waiting for the drawing thread."""
        if self._console.is_alt_screen:  # leaving it twice would move the cursor back into what was printed since
            os.write(self._console.file.fileno(), LEAVE_ALTERNATE_SCREEN)

    def _draw_until_stopped(self) -> None:
        # redirect_*: nothing else may write while this draws; the stream of lines goes to the log file.
        with Live(console=self._console, auto_refresh=False, screen=True, redirect_stderr=False) as live:
            while not self._stopping.is_set():
                size = self._console.size
                live.update(render(self._model(), width=size.width, height=size.height), refresh=True)
                self._stopping.wait(1 / REDRAWS_PER_SECOND)
        size, last = self._console.size, self._model()
        self._console.print(render(last, width=size.width, height=size.height - 2), Text(last.farewell))


def _header(model: ViewModel, width: int) -> tuple[Text, Text]:
    run = model.run
    speed = "" if run.speed == "1" else f" ×{run.speed}"
    first = Text(no_wrap=True, overflow="ellipsis")
    first.append(f"edgelock {run.mode}", style="bold")
    first.append(f" on {run.venue}{speed}  {model.clock}  up {model.uptime}")
    second = Text(f"realised {model.realized}  open {model.open_pnl}", no_wrap=True, overflow="ellipsis")
    if model.alerts:
        second.append("  " + "  ".join(model.alerts), style="bold red")
    first.truncate(width)
    second.truncate(width)
    return first, second


def _table(rows: tuple[MarketRow, ...], width: int) -> Table:
    columns = _columns_that_fit(rows, width)
    used = sum(column.width(rows) + 1 for column in columns)
    ticker_width = max(min(max((len(row.ticker) for row in rows), default=6), width - used), 1)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=False, header_style="bold")
    table.add_column("market", width=ticker_width, no_wrap=True)
    for column in columns:
        table.add_column(column.title, width=column.width(rows), no_wrap=True, justify="right")
    for row in rows:
        cells = [Text(column.tell(row), style=_style_of_cell(column.title, column.tell(row))) for column in columns]
        table.add_row(Text(_shortened(row.ticker, ticker_width)), *cells)
    return table


def _columns_that_fit(rows: tuple[MarketRow, ...], width: int) -> list[_Column]:
    """As many as there is room for beside tickers that can be told apart, the most needed first."""
    room = width - _ticker_width_min(rows)
    fitting = set()
    for column in sorted(_COLUMNS, key=lambda column: column.dearness):
        column_width = column.width(rows)
        if column_width and column_width + 1 <= room:
            fitting.add(column)
            room -= column_width + 1
    return [column for column in _COLUMNS if column in fitting]


def _ticker_width_min(rows: tuple[MarketRow, ...]) -> int:
    longest = max((len(row.ticker) for row in rows), default=0)
    for width in range(TICKER_CHARACTERS_MIN, longest):
        if len({_shortened(row.ticker, width) for row in rows}) == len(rows):
            return width
    return max(longest, TICKER_CHARACTERS_MIN)


def _shortened(ticker: str, width: int) -> str:
    return ticker if len(ticker) <= width else f"…{ticker[len(ticker) - width + 1 :]}"


def _style_of_cell(title: str, text: str) -> str:
    if title == "state":
        return {"LONG": "green", "SHORT": "red"}.get(text, "")
    if title in ("real.", "open"):
        return "red" if text.startswith("-") else "green" if text.startswith("+") else ""
    return "bold red" if title == "" else ""


def _style_of(event: str) -> str:
    if any(word in event for word in ("crash", "quarantine", "hung", "loss_limit", "cb_hard")):
        return "red"
    return "green" if " FILL " in event or " REALIZE " in event else "dim"
