"""What a person reads when asking how the bot is."""

from typing import cast

from edgelock.ops.status import ActorStatus, MarketStatus, StatusPayload
from edgelock.ops.status_text import status_text

TICKER = "KXNHLGAME-26MAY25TORMTL-TOR"


def an_actor(name: str, **changes: object) -> ActorStatus:
    usual = {
        "name": name,
        "kind": "infrastructure",
        "state": "running",
        "since_s": 725,
        "incarnation": 1,
        "restarts": 0,
        "restarts_max": 2,
        "window_s": 300,
        "back_ms": 0,
        "last_crash": None,
        "inbox": 0,
        "inbox_control": 0,
        "inbox_fifo": 0,
        "inbox_latest": 0,
        "inbox_max": 3,
        "busy_with": None,
        "busy_s": 0,
        "handled": 9,
        "fatal_messages": 0,
        "lost": 0,
        "zombies": 0,
    }
    return cast(ActorStatus, usual | changes)


def a_status() -> StatusPayload:
    return {
        "pid": 7,
        "mode": "paper",
        "venue": "embedded",
        "strategy": "edge_locked",
        "uptime_s": 725,
        "kill": None,
        "breaker": "none",
        "journal": None,
        "realized": "-1.234500",
        "log": "state/edgelock.jsonl",
        "markets": [
            {
                "ticker": TICKER,
                "state": "SKEW_LONG",
                "net": "10.00",
                "vwap": "0.6025",
                "tp": "0.6725",
                "bid": "0.5900",
                "ask": "0.6150",
                "quotes": [{"side": "ask", "price": "0.6800", "qty": "10.00", "kind": "take_profit"}],
                "age_s": 65,
                "realized": "0.500000",
                "restarts": 0,
                "permit": "OPEN",
                "permit_reason": "",
                "actor": "running",
            }
        ],
        "supervision": {"escalated": None, "is_stopping": False, "is_storm": False, "zombies": 0},
        "actors": [an_actor("feed"), an_actor(f"market:{TICKER}", kind="market", restarts_max=5, window_s=600)],
    }


def test_a_market_is_one_row_in_cents():
    row = status_text(a_status()).splitlines()[-1].split()

    assert [f"…{TICKER[-20:]}", "long", "10", "60.25", "67.25", "59/61.5", "-/68", "1:05", "0.50"] == row


def test_no_line_is_longer_than_a_terminal():
    status = a_status()
    status["kill"] = "command " * 20
    status["markets"][0] |= {"net": "-1000.55", "permit": "HALTED", "permit_reason": "x" * 100}

    assert max(map(len, status_text(status).splitlines())) <= 80


def test_the_header_says_mode_kill_and_result():
    status = a_status()
    status["kill"] = "command"

    text = status_text(status)

    assert "paper on embedded, edge_locked, pid 7, up 12:05" in text
    assert "kill ON (command)" in text
    assert "realized $-1.23" in text


def test_a_market_that_is_held_back_says_why():
    status = a_status()
    status["markets"][0] |= {"permit": "REDUCE_ONLY", "permit_reason": "cb_hard", "actor": "quarantined", "restarts": 5}

    text = status_text(status)

    assert "    REDUCE_ONLY: cb_hard" in text
    assert "    actor quarantined, restarted 5 times" in text


def test_a_flat_market_without_a_book_has_dashes():
    status = a_status()
    status["markets"][0] |= {
        "state": "FLAT",
        "net": "0.00",
        "vwap": None,
        "tp": None,
        "bid": None,
        "ask": None,
        "quotes": [],
        "age_s": None,
    }

    row = status_text(status).splitlines()[-1].split()
    assert row[1:] == ["flat", "0", "-", "-", "-/-", "-", "-", "0.50"]


def test_before_the_first_market_it_says_so():
    status = a_status()
    status["markets"] = []

    assert "no markets yet" in status_text(status)


def test_a_journal_in_trouble_is_said_in_the_header():
    status = a_status()
    status["journal"] = "no space left on the disk"

    assert "JOURNAL: no space left on the disk" in status_text(status).splitlines()[:3]
    assert "JOURNAL" not in status_text(a_status())


def many(number: int, **changes: object) -> StatusPayload:
    """A status with so many flat markets, each of them quoting one side."""
    status = a_status()
    flat = {"state": "FLAT", "net": "0.00", "vwap": None, "tp": None, "age_s": None}
    status["markets"] = [
        cast(MarketStatus, {**status["markets"][0], **flat, "ticker": f"KXNHLGAME-{n:02}", **changes})
        for n in range(number)
    ]
    status["actors"] = [
        *(an_actor(name) for name in ("telemetry", "exchange", "risk", "feed")),
        *(an_actor(f"market:KXNHLGAME-{n:02}", kind="market") for n in range(number)),
    ]
    return status


def test_eight_markets_fit_a_screen_of_24_rows():
    assert len(status_text(many(8)).splitlines()) <= 24


def test_of_fifty_markets_those_that_need_a_look_are_shown_and_the_others_counted():
    status = many(50)
    status["markets"][7] |= {"state": "SKEW_LONG", "net": "10.00"}
    status["markets"][8] |= {"permit": "REDUCE_ONLY", "permit_reason": "drift"}
    status["markets"][9] |= {"actor": "quarantined"}

    text = status_text(status)

    rows = [line.split()[0] for line in text.splitlines() if line.startswith("KXNHLGAME")]
    assert rows == ["KXNHLGAME-07", "KXNHLGAME-08", "KXNHLGAME-09"]
    assert "47 more are flat and free, 47 of them quote; --all" in text
    assert len(text.splitlines()) <= 24
    assert status_text(status, in_full=True).count("\nKXNHLGAME") == 100


def test_what_holds_every_market_is_said_once():
    text = status_text(many(8, permit="REDUCE_ONLY", permit_reason="kill"))

    assert text.count("kill") == 2, "in the header, and for all markets"
    assert "all markets are REDUCE_ONLY: kill" in text
