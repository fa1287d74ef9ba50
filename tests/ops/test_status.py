"""What a person reads when asking how the bot is."""

from edgelock.ops.status import StatusPayload, clock, status_text

TICKER = "KXNHLGAME-26MAY25TORMTL-TOR"


def a_status() -> StatusPayload:
    return {
        "pid": 7,
        "mode": "paper",
        "venue": "embedded",
        "strategy": "edge_locked",
        "uptime_s": 725,
        "kill": None,
        "breaker": "none",
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
        "actors": [{"name": "feed", "state": "running", "incarnation": 1, "restarts": 0, "inbox": 0}],
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
    assert "    actor quarantined, 5 restarts" in text


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


def test_an_actor_that_does_not_run_is_named():
    status = a_status()
    status["actors"][0] |= {"state": "backing_off", "incarnation": 3}

    assert "actor feed is backing_off (incarnation 3)" in status_text(status)


def test_long_times_turn_into_hours():
    assert [clock(0), clock(5999), clock(6000)] == ["0:00", "99:59", "1h40"]
