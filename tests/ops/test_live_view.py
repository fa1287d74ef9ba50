import io
import threading
from dataclasses import replace

import pytest
from rich.console import Console

from edgelock.ops.live_view import LiveView, render
from edgelock.ops.live_view_model import MarketRow, ViewModel

PATIENCE_S = 30
ROW = MarketRow(
    ticker="KXNHLGAME-26NOV22TORMTL-TOR",
    state="SKEW_LONG",
    net="10",
    vwap="46.67",
    tp="53.67",
    bid="45",
    ask="47",
    our_bid="",
    our_ask="10@54",
    age="10:05",
    next_exit="HC29:55",
    realized="+12.34",
    open_pnl="-0.07",
    cancels_30=7,
    restarts=1,
    condition="soft",
)
MODEL = ViewModel(
    mode="paper",
    venue="embedded",
    speed="60",
    clock="2026-11-22 19:05:00",
    uptime="1:02:03",
    realized="+12.34",
    open_pnl="-0.07",
    alerts=("KILLED by command",),
    rows=tuple(replace(ROW, ticker=f"KXNHLGAME-26NOV22TORMTL-T{number:02d}") for number in range(8)),
    events=tuple(f"19:04:{number:02d} KXNHLGAME-26NOV22TORMTL-TOR FILL bid 10 @ 46" for number in range(60)),
)


def drawn(model: ViewModel, width: int = 80, height: int = 24, **options) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), record=True, force_terminal=True, **options)
    console.print(render(model, width=width, height=height))
    return console.export_text().splitlines()


def test_the_picture_fits_80_by_24_without_cutting_a_figure():
    lines = drawn(MODEL)

    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80
    text = "\n".join(lines)
    for figure in ("paper", "embedded", "×60", "1:02:03", "+12.34", "KILLED by command", "46.67", "53.67", "10@54"):
        assert figure in text
    assert "HC29:55" in text
    assert "…" not in "\n".join(lines[:2])


def test_every_market_is_told_apart_by_the_end_of_its_ticker():
    text = "\n".join(drawn(MODEL))

    assert all(f"T{number:02d}" in text for number in range(8))


@pytest.mark.parametrize(("width", "height"), [(20, 5), (40, 10), (60, 20), (80, 24), (120, 40), (200, 60), (1, 1)])
def test_any_size_of_terminal_is_kept(width, height):
    lines = drawn(MODEL, width, height)

    assert len(lines) <= max(height, 7)
    assert max((len(line) for line in lines), default=0) <= width


def test_a_wide_terminal_shows_everything_a_narrow_one_the_dearest():
    wide, narrow = drawn(MODEL, width=160)[2], drawn(MODEL, width=50)[2]

    assert all(title in wide for title in ("open", "c30", "rs", "age", "exit"))
    assert all(title in narrow for title in ("state", "net", "bid", "ask"))
    assert "c30" not in narrow


def test_80_columns_hold_age_next_exit_cancels_and_restarts():
    titles = drawn(MODEL)[2].split()

    assert titles[:12] == [
        "market",
        "state",
        "net",
        "vwap",
        "tp",
        "bid",
        "ask",
        "quotes",
        "age",
        "exit",
        "real.",
        "c30",
    ]
    assert "rs" in titles


def test_more_markets_than_lines_are_counted():
    crowd = replace(MODEL, rows=tuple(replace(ROW, ticker=f"T-{number}") for number in range(100)))

    lines = drawn(crowd)

    assert len(lines) <= 24
    assert any("… and 85 more markets" in line for line in lines)
    assert "FILL" in lines[-1]


def test_the_newest_events_are_shown_last():
    lines = drawn(MODEL)

    assert "19:04:59" in lines[-1]


def test_a_run_that_has_nothing_yet_is_drawn():
    empty = replace(MODEL, rows=(), events=(), alerts=())

    assert "edgelock paper" in drawn(empty)[0]


def test_without_colour_no_colour_is_written():
    console = Console(width=80, height=24, file=io.StringIO(), force_terminal=True, no_color=True)

    console.print(render(MODEL, width=80, height=24))

    assert "\x1b[3" not in console.file.getvalue()
    assert "KILLED by command" in console.file.getvalue()


def test_the_view_draws_until_it_is_stopped_and_gives_the_terminal_back():
    screen = io.StringIO()
    drawn_once = threading.Event()

    def model() -> ViewModel:
        drawn_once.set()
        return MODEL

    view = LiveView(model, Console(file=screen, width=80, height=24, force_terminal=True))
    view.start()
    assert drawn_once.wait(PATIENCE_S)
    view.stop()

    assert "KILLED by command" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[?25h")  # the cursor is shown again
    assert "live-view" not in {thread.name for thread in threading.enumerate()}
