"""What a person reads when asking why there is no quote."""

from edgelock.ops.why_text import CheckAnswer, WhyAnswer, why_text

NOW = 1_795_000_000


def a_check(name: str, **changes) -> CheckAnswer:
    usual: CheckAnswer = {
        "where": "market",
        "name": name,
        "is_holding": False,
        "found": "live",
        "allowed": "live",
        "since": None,
        "until": None,
    }
    return usual | changes


def an_answer(*checks: CheckAnswer, **changes) -> WhyAnswer:
    part = {"may_trade": True, "checks": list(checks)}
    usual: WhyAnswer = {
        "ticker": "KXNHLGAME-A",
        "state": "FLAT",
        "at": NOW,
        "looked_ms_ago": 400,
        "parts": [
            {"part": "bid", "answer": "quoting 0.4600 x 10.00, resting", **part},
            {"part": "ask", "answer": "no quote: mid_gate 0.4700 (allowed: at least 0.6500)", **part},
            {"part": "exits", "answer": "flat, nothing to leave", "may_trade": True, "checks": []},
        ],
    }
    return usual | changes


def test_the_answers_are_the_first_lines():
    assert why_text(an_answer()).splitlines()[:4] == [
        "KXNHLGAME-A   FLAT",
        "bid    quoting 0.4600 x 10.00, resting",
        "ask    no quote: mid_gate 0.4700 (allowed: at least 0.6500)",
        "exits  flat, nothing to leave",
    ]


def test_what_holds_stands_before_what_passes_and_says_for_how_long():
    text = why_text(
        an_answer(
            a_check("feed"),
            a_check("close", is_holding=True, found="closes in 3 min", allowed="more than 5 min", since=NOW - 125),
        )
    )
    lines = [" ".join(line.split()) for line in text.splitlines()[5:]]

    assert lines == [
        "holds now found (allowed) for",
        "bid ask close closes in 3 min (more than 5 min) 2:05",
        "",
        "passes",
        "bid ask feed live",
    ]


def test_a_row_of_the_door_says_so_where_there_is_room():
    text = why_text(an_answer(a_check("permit", where="door"), a_check("exit_exceeds_position", where="door")))

    assert "bid ask      door permit" in text
    assert "bid ask      exit_exceeds_position" in text


def test_in_brief_only_what_holds_is_listed():
    text = why_text(an_answer(a_check("feed"), a_check("book", is_holding=True)), in_brief=True)

    assert "book" in text
    assert "feed" not in text


def test_a_check_that_differs_between_the_sides_has_a_line_for_each():
    answer = an_answer()
    answer["parts"][0]["checks"] = [a_check("mid_gate", found="0.47", allowed="at most 0.48")]
    answer["parts"][1]["checks"] = [a_check("mid_gate", found="0.47", allowed="at least 0.65", is_holding=True)]

    lines = [line for line in why_text(answer).splitlines() if "mid_gate" in line and "no quote" not in line]

    assert [line[:8].split() for line in lines] == [["ask"], ["bid"]]


def test_a_market_whose_actor_has_not_looked_for_long_says_so():
    assert why_text(an_answer(looked_ms_ago=65_000)).splitlines()[0].endswith("as of 1:05 ago")


def test_no_line_is_longer_than_a_terminal():
    answer = an_answer(a_check("x" * 40, found="found " * 30, allowed="allowed " * 30, since=NOW - 359_999))
    answer["parts"][0]["answer"] = "no quote: " + "word " * 60

    assert max(len(line) for line in why_text(answer).splitlines()) <= 80
