"""What a person reads of the last lives of an actor."""

from edgelock.ops.restarts_text import LifeAnswer, RestartsAnswer, restarts_text


def a_life(**changes) -> LifeAnswer:
    usual: LifeAnswer = {
        "at": 100,
        "run": "r2",
        "actor": "market:KXNHLGAME-A",
        "incarnation": 3,
        "event": "crash",
        "detail": "handle: ValueError: no price (of BookNews)",
        "took_ms": 0,
        "traceback": "Traceback ...",
    }
    return usual | changes


def an_answer(*lives: LifeAnswer) -> RestartsAnswer:
    return {"at": 165, "run": "r2", "lives": list(lives)}


def test_each_turn_says_when_who_and_of_what():
    text = restarts_text(
        an_answer(a_life(), a_life(event="restart", took_ms=240, detail="recovered net 10.00 at 0.4800", run="r1"))
    )

    assert text.splitlines() == [
        "  1:05 ago  KXNHLGAME-A life 3 crashed",
        "            handle: ValueError: no price (of BookNews)",
        "  1:05 ago  KXNHLGAME-A life 3 came back after 240 ms, run r1",
        "            recovered net 10.00 at 0.4800",
    ]


def test_a_quiet_life_says_so():
    assert restarts_text(an_answer()) == "nothing crashed, hung or came back"


def test_no_line_is_longer_than_a_terminal():
    text = restarts_text(an_answer(a_life(detail="reason " * 60, actor="market:" + "X" * 70)))

    assert max(len(line) for line in text.splitlines()) <= 80
