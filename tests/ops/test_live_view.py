import io
import os
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edgelock.ops.live_view import LEAVE_ALTERNATE_SCREEN, LiveView, render
from edgelock.ops.live_view_model import MarketRow, RunFacts, ViewModel

PATIENCE_S = 30
GAMES = tuple(
    f"{series}-26NOV{day}{teams}-{team}"
    for series in ("KXNHLGAME", "KXNHLSPREAD")
    for day in (22, 23)
    for teams in ("TORMTL", "MTLTOR")
    for team in ("TOR", "MTL")
)
ROW = MarketRow(
    ticker="KXNHLGAME-26NOV22TORMTL-TOR",
    state="SKEW_LONG",
    net="10",
    vwap="44.5",
    tp="51.5",
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
    condition="",
)
MODEL = ViewModel(
    run=RunFacts(mode="paper", venue="embedded", strategy="edge_locked", speed="60"),
    clock="2026-11-22 19:05:00 UTC",
    uptime="1:02:03",
    realized="+12.34",
    open_pnl="-0.07",
    alerts=("KILLED by command",),
    rows=tuple(replace(ROW, ticker=f"KXNHLGAME-26NOV22TORMTL-T{number:02d}") for number in range(8)),
    events=tuple(f"19:04:{number:02d} KXNHLGAME-26NOV22TORMTL-TOR FILL bid 10 @ 46" for number in range(60)),
    farewell="",
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
    for figure in ("paper", "embedded", "×60", "1:02:03", "+12.34", "KILLED by command", "44.5", "51.5", "10@54"):
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


def test_80_columns_hold_what_a_trader_needs_even_when_both_sides_are_quoted_and_a_market_is_down():
    busy = replace(ROW, our_bid="10@44", our_ask="10@47", condition="quarantine", age="38:05")

    lines = drawn(replace(MODEL, rows=(busy,)))

    needed = ["market", "state", "net", "vwap", "tp", "bid", "ask", "quotes", "age", "exit", "real."]
    assert lines[2].split()[: len(needed)] == needed
    assert "MTL-TOR" in lines[3]
    assert "10@44 10@47 38:05 HC29:55 +12.34 quarantine" in " ".join(lines[3].split())


def test_80_columns_hold_cancels_and_restarts_when_nothing_is_wrong():
    assert drawn(MODEL)[2].split()[-2:] == ["c30", "rs"]


def test_columns_stay_where_they_are_while_figures_come_and_go():
    quiet = replace(ROW, vwap="", tp="", our_bid="", our_ask="", age="", next_exit="", realized="0.00", cancels_30=0)

    assert drawn(replace(MODEL, rows=(quiet,)))[2] == drawn(replace(MODEL, rows=(ROW,)))[2]


@given(st.lists(st.sampled_from(GAMES), min_size=1, max_size=8, unique=True), st.integers(60, 200))
def test_no_two_markets_ever_look_alike(tickers, width):
    lines = drawn(replace(MODEL, rows=tuple(replace(ROW, ticker=ticker) for ticker in tickers), events=()), width, 24)

    shown = [line.split()[0] for line in lines[3 : 3 + len(tickers)]]
    assert len(set(shown)) == len(tickers)


def test_more_markets_than_lines_are_counted():
    crowd = replace(MODEL, rows=tuple(replace(ROW, ticker=f"T-{number}") for number in range(100)))

    lines = drawn(crowd)

    assert len(lines) <= 24
    assert any("… and 84 more markets" in line for line in lines)
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


def test_the_view_draws_apart_from_the_scrollback_and_leaves_its_last_picture_there(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    drawn_once = threading.Event()
    models = [MODEL]

    def model() -> ViewModel:
        drawn_once.set()
        return models[-1]

    view = LiveView(model, Console(file=screen, width=80, height=24, force_terminal=True))
    view.start()
    assert drawn_once.wait(PATIENCE_S)
    models.append(replace(MODEL, farewell="stopped; " + "KXNHLGAME-26NOV22TORMTL-TOR 10.00, " * 9 + "exit code 0"))
    view.stop()

    while_drawing, _, afterwards = screen.getvalue().partition("\x1b[?1049l")
    assert while_drawing.startswith("\x1b[?1049h")
    assert "KILLED by command" in while_drawing
    assert "\x1b[?25h" in while_drawing[-8:] + afterwards[:8]  # the cursor is shown again
    assert "KILLED by command" in afterwards
    assert afterwards.replace("\n", " ").rstrip().endswith("exit code 0")
    assert "live-view" not in {thread.name for thread in threading.enumerate()}


def test_a_process_that_ends_at_once_leaves_the_alternate_screen_but_never_twice(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as file:
        console = Console(file=file, width=80, height=24, force_terminal=True)
        view = LiveView(lambda: MODEL, console)

        view.leave_now()
        console.set_alt_screen(True)
        file.flush()
        view.leave_now()

        assert os.read(reader, 1_000) == b"\x1b[?1049h\x1b[H" + LEAVE_ALTERNATE_SCREEN
    os.close(reader)
