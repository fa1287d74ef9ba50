"""The live view of a terminal: a header, one row per market, the last events; redrawn by one plain thread.

`render` is pure: a view model and the size of the terminal in, a rich renderable out. Columns are dropped by width,
the least needed first, and tickers are shortened from the left, where markets of one series are all alike.
"""

import threading
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edgelock.ops.live_view_model import MarketRow, ViewModel

REDRAWS_PER_SECOND = 3
EVENTS_SHOWN_MIN = 4
TICKER_CHARACTERS_MIN = 8
STOP_PATIENCE_S = 5.0
_LINES_AROUND = 4

# What a row says, and how dear it is: the highest rank is the first to go when the terminal is narrow.
_COLUMNS: tuple[tuple[str, Callable[[MarketRow], str], int], ...] = (
    ("state",  lambda row: row.state.removeprefix("SKEW_"),         0),
    ("net",    lambda row: row.net,                                 0),
    ("vwap",   lambda row: row.vwap,                                1),
    ("tp",     lambda row: row.tp,                                  1),
    ("bid",    lambda row: row.bid,                                 0),
    ("ask",    lambda row: row.ask,                                 0),
    ("quotes", lambda row: f"{row.our_bid} {row.our_ask}".strip(),  2),
    ("age",    lambda row: row.age,                                 2),
    ("exit",   lambda row: row.next_exit,                           3),
    ("real.",  lambda row: row.realized,                            1),
    ("open",   lambda row: row.open_pnl,                            5),
    ("c30",    lambda row: str(row.cancels_30 or ""),               3),
    ("rs",     lambda row: str(row.restarts or ""),                 3),
    ("",       lambda row: row.condition,                           4),
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
        """Draw once more and give the terminal back."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_PATIENCE_S)

    def _draw_until_stopped(self) -> None:
        # redirect_*: nothing else may write while this draws; the stream of lines goes to the log file.
        live = Live(console=self._console, auto_refresh=False, transient=False, redirect_stderr=False)
        with live:
            while True:
                is_last = self._stopping.is_set()
                size = self._console.size
                live.update(render(self._model(), width=size.width, height=size.height - 1), refresh=True)
                if is_last:
                    return
                self._stopping.wait(1 / REDRAWS_PER_SECOND)


def _header(model: ViewModel, width: int) -> tuple[Text, Text]:
    speed = "" if model.speed == "1" else f" ×{model.speed}"
    first = Text(no_wrap=True, overflow="ellipsis")
    first.append(f"edgelock {model.mode}", style="bold")
    first.append(f" on {model.venue}{speed}  {model.clock}  up {model.uptime}")
    second = Text(f"realised {model.realized}  open {model.open_pnl}", no_wrap=True, overflow="ellipsis")
    if model.alerts:
        second.append("  " + "  ".join(model.alerts), style="bold red")
    first.truncate(width)
    second.truncate(width)
    return first, second


def _table(rows: tuple[MarketRow, ...], width: int) -> Table:
    columns = _columns_that_fit(rows, width)
    used = sum(_width_of(title, tell, rows) + 1 for title, tell in columns)
    ticker_width = max(min(max((len(row.ticker) for row in rows), default=6), width - used), 1)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=False, header_style="bold")
    table.add_column("market", width=ticker_width, no_wrap=True)
    for title, tell in columns:
        table.add_column(title, width=_width_of(title, tell, rows), no_wrap=True, justify="right")
    for row in rows:
        cells = [Text(tell(row), style=_style_of_cell(title, tell(row))) for title, tell in columns]
        table.add_row(Text(_shortened(row.ticker, ticker_width)), *cells)
    return table


def _columns_that_fit(rows: tuple[MarketRow, ...], width: int) -> list[tuple[str, Callable[[MarketRow], str]]]:
    for rank in range(max(dearness for _, _, dearness in _COLUMNS), -1, -1):
        columns = [(title, tell) for title, tell, dearness in _COLUMNS if dearness <= rank]
        if sum(_width_of(title, tell, rows) + 1 for title, tell in columns) + TICKER_CHARACTERS_MIN <= width:
            return columns
    return []


def _width_of(title: str, tell: Callable[[MarketRow], str], rows: tuple[MarketRow, ...]) -> int:
    return max(len(title), *(len(tell(row)) for row in rows)) if rows else len(title)


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
