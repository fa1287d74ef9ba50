"""The check of a simulated run has teeth: a clean run passes, and each promise is found broken where it is."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.ops.ledger_evidence import Timeline, hundredths, read_lines
from tests.ops.simulated_evidence import (
    ENTRY,
    EXIT,
    TICKER,
    TRIM,
    Story,
    bought_and_settled,
    bought_and_sold,
    killed_while_long,
    ns,
)

PROMISES = {
    "fills", "no self-trade", "entries make", "positions", "money", "one order a side", "gates",
    "entries only when flat", "safe by themselves", "exits only shrink", "exits fit the position", "ids", "expiry",
    "gone by expiry", "the end",
}  # fmt: skip


@pytest.mark.parametrize("story", [bought_and_sold, bought_and_settled, killed_while_long])
def test_a_clean_run_passes(story: Callable[[], Story]):
    assert story().report().breaches == []


def test_a_clean_run_has_something_to_show_for_every_promise():
    examined = bought_and_sold().report().examined

    assert {promise for promise, count in examined.items() if count} == PROMISES


def a_fill_told_twice(story: Story) -> None:
    story.log.append({**story.told("FILL"), "seq": len(story.log) + 1})


def a_fill_not_told(story: Story) -> None:
    story.log.remove(story.told("FILL"))


def a_fill_that_never_happened(story: Story) -> None:
    story.fills.pop()


def a_fill_at_another_price(story: Story) -> None:
    story.fills[0]["yes_price"] = 3900


def a_fill_of_another_order(story: Story) -> None:
    story.fills[0]["client_order_id"] = EXIT


def fees_not_booked(story: Story) -> None:
    for line in story.log:
        if line["action"] == "FILL":
            line["fee"] = 0
        elif line["action"] == "REALIZE":
            line["pnl"] = 0.70


def results_a_millionth_off(story: Story) -> None:
    story.told("REALIZE")["pnl"] = 0.680001


def cash_a_millionth_off(story: Story) -> None:
    story.cash += 1


def a_position_forgotten(story: Story) -> None:
    story.log[-1].update(market=TICKER, net=1)


def the_exchange_holds_more(story: Story) -> None:
    story.positions.append({"ticker": TICKER, "position_fp": "1.00"})


def a_trade_with_itself(story: Story) -> None:
    story.fills[1]["trade_id"] = "t1"


def an_entry_that_takes(story: Story) -> None:
    story.fills[0]["is_taker"] = True


def two_orders_on_a_side(story: Story) -> None:
    story.place(2, TRIM, "entry", "bid", "0.39", "10.00")["ended_at_ns"] = ns(3)


def an_entry_beyond_its_gate(story: Story) -> None:
    story.asked(ENTRY)["price"] = "0.4900"


def an_entry_amended_beyond_its_gate(story: Story) -> None:
    asked = {"client_order_id": ENTRY, "ticker": TICKER, "side": "bid", "price": "0.4900", "count": "10.00"}
    story.request(2, "amend", 200, asked)


def an_entry_decided_with_a_position(story: Story) -> None:
    story.place(12, TRIM, "entry", "ask", "0.66", "10.00")["ended_at_ns"] = ns(13)
    story.log[-2]["seq"] = story.told("FILL")["seq"] + 0.5  # decided before the exit was told to have filled


def an_entry_sent_after_a_fill_was_heard(story: Story) -> None:
    story.requests[0]["received"]["exchange_ns"] = ns(10)


def an_entry_without_post_only(story: Story) -> None:
    story.asked(ENTRY)["post_only"] = False


def an_entry_without_a_group(story: Story) -> None:
    del story.asked(ENTRY)["order_group_id"]


def an_entry_that_does_not_rest(story: Story) -> None:
    story.asked(ENTRY)["time_in_force"] = "immediate_or_cancel"


def an_order_that_stays_in_a_pause(story: Story) -> None:
    story.order(EXIT)["cancel_on_pause"] = False


def an_immediate_exit_without_reduce_only(story: Story) -> None:
    order = story.place(
        7, TRIM, "exit", "ask", "0.30", "5.00",
        time_in_force="immediate_or_cancel", expiration_time=None, post_only=False,
    )  # fmt: skip
    order["ended_at_ns"] = ns(7)


def an_exit_twice_the_position(story: Story) -> None:
    story.asked(EXIT)["count"] = "20.00"


def an_exit_amended_to_twice_the_position(story: Story) -> None:
    asked = {"client_order_id": EXIT, "ticker": TICKER, "side": "ask", "price": "0.47", "count": "20.00"}
    story.request(8, "amend", 200, asked)


def an_exit_that_turns_the_position(story: Story) -> None:
    story.fills[1]["count_fp"] = "20.00"


def an_id_accepted_twice(story: Story) -> None:
    story.requests.append(story.requests[0])


def an_order_nobody_decided(story: Story) -> None:
    story.orders.append({**story.order(EXIT), "client_order_id": "run-9"})


def an_entry_without_expiry(story: Story) -> None:
    del story.asked(ENTRY)["expiration_time"]


def an_entry_with_the_life_of_an_exit(story: Story) -> None:
    story.asked(ENTRY)["expiration_time"] += 840


def a_renewal_of_a_day(story: Story) -> None:
    asked = {**story.asked(EXIT), "expiration_time": story.asked(EXIT)["expiration_time"] + 86_400}
    story.request(8, "amend", 200, asked)


def an_order_that_outlived_its_expiry(story: Story) -> None:
    story.order(EXIT)["ended_at_ns"] = ns(910)


def an_order_without_any_expiry(story: Story) -> None:
    story.order(EXIT)["expires_at_ns"] = None


def an_order_that_still_rests(story: Story) -> None:
    story.order(EXIT)["ended_at_ns"] = None


def an_end_told_too_early(story: Story) -> None:
    story.tell(12, "order_gone", market=TICKER, client_order_id=EXIT)


def an_end_told_before_its_fill(story: Story) -> None:
    story.tell(19.5, "order_gone", market=TICKER, client_order_id=EXIT)["seq"] = story.log[-4]["seq"] - 0.5


def a_refusal_of_what_was_taken(story: Story) -> None:
    story.log = [line for line in story.log if line["action"] != "order_ack"]
    refusal = story.tell(2, "order_reject", market=TICKER, client_order_id=ENTRY)
    refusal["seq"] = story.told("FILL")["seq"] - 0.5


def an_end_that_hides_what_is_left(story: Story) -> None:
    story.order(EXIT)["ended_at_ns"] = ns(200)


def an_end_without_a_word(story: Story) -> None:
    story.log.remove(story.told("shutdown_done"))


@pytest.mark.parametrize(
    ("falsify", "promise"),
    [
        (a_fill_told_twice, "fills"),
        (a_fill_not_told, "fills"),
        (a_fill_that_never_happened, "fills"),
        (a_fill_at_another_price, "fills"),
        (a_fill_of_another_order, "fills"),
        (fees_not_booked, "fills"),
        (fees_not_booked, "money"),
        (results_a_millionth_off, "money"),
        (cash_a_millionth_off, "money"),
        (a_position_forgotten, "positions"),
        (the_exchange_holds_more, "positions"),
        (a_trade_with_itself, "no self-trade"),
        (an_entry_that_takes, "entries make"),
        (two_orders_on_a_side, "one order a side"),
        (an_entry_beyond_its_gate, "gates"),
        (an_entry_amended_beyond_its_gate, "gates"),
        (an_entry_decided_with_a_position, "entries only when flat"),
        (an_entry_sent_after_a_fill_was_heard, "entries only when flat"),
        (an_entry_without_post_only, "safe by themselves"),
        (an_entry_without_a_group, "safe by themselves"),
        (an_entry_that_does_not_rest, "safe by themselves"),
        (an_order_that_stays_in_a_pause, "safe by themselves"),
        (an_immediate_exit_without_reduce_only, "safe by themselves"),
        (an_exit_twice_the_position, "exits fit the position"),
        (an_exit_amended_to_twice_the_position, "exits fit the position"),
        (an_exit_that_turns_the_position, "exits only shrink"),
        (an_id_accepted_twice, "ids"),
        (an_order_nobody_decided, "ids"),
        (an_entry_without_expiry, "expiry"),
        (an_entry_with_the_life_of_an_exit, "expiry"),
        (a_renewal_of_a_day, "expiry"),
        (an_order_that_outlived_its_expiry, "gone by expiry"),
        (an_order_without_any_expiry, "gone by expiry"),
        (an_order_that_still_rests, "gone by expiry"),
        (an_end_told_too_early, "ends"),
        (an_end_told_before_its_fill, "ends"),
        (a_refusal_of_what_was_taken, "ends"),
        (an_end_that_hides_what_is_left, "the end"),
        (an_end_without_a_word, "the end"),
    ],
)
def test_what_is_false_is_found(falsify: Callable[[Story], None], promise: str):
    story = bought_and_sold()

    falsify(story)

    assert promise in story.broken()


def test_a_settlement_told_at_another_value_is_found():
    story = bought_and_settled()

    story.told("settlement")["value"] = 0

    assert "money" in story.broken()


def test_a_settlement_after_the_bot_was_killed_is_part_of_the_cash():
    story = killed_while_long()
    story.settlements.append({"ticker": TICKER, "value": 10_000, "fee": 0, "settled_at_ns": ns(950)})
    story.positions.clear()
    story.cash += 10_000_000

    assert story.broken() == set()


def test_a_killed_bot_need_not_have_heard_of_its_last_fill():
    story = killed_while_long()
    story.fill(99, story.order(EXIT), "0.47", "10.00", fee=10_000, net=0, trade="t2")
    story.log.pop()
    story.positions.clear()
    story.cash += 4_690_000

    assert story.broken() == set()


def test_a_killed_bot_has_heard_of_older_fills():
    story = killed_while_long()
    story.fill(50, story.order(EXIT), "0.47", "10.00", fee=10_000, net=0, trade="t2")
    story.log.pop()

    assert "fills" in story.broken()


def test_a_killed_bot_may_have_had_no_time_to_tell_its_last_order():
    story = killed_while_long()
    story.orders.append({**story.order(EXIT), "client_order_id": "run-9", "book_side": "bid", "created_at_ns": ns(99)})

    assert "ids" not in story.broken()


def test_an_order_left_behind_and_told_so_is_no_breach():
    story = bought_and_sold()
    an_end_that_hides_what_is_left(story)
    story.told("shutdown_done")["open_orders"] = 1
    story.exit_code = 1

    assert story.broken() == set()


def test_an_order_left_behind_with_exit_code_0_is_found():
    story = bought_and_sold()
    an_end_that_hides_what_is_left(story)
    story.told("shutdown_done")["open_orders"] = 1

    assert "the end" in story.broken()


def test_an_entry_on_its_way_while_its_market_filled_is_no_breach():
    story = bought_and_sold()
    story.requests[0]["received"]["exchange_ns"] = ns(6.5)

    assert story.broken() == set()


def test_the_torn_last_line_of_a_killed_bot_is_left_out(tmp_path: Path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"seq":1,"ts":1.25}\n{"seq":2,"ts"')

    assert [line["seq"] for line in read_lines(path)] == [1]


def test_an_amount_finer_than_its_unit_is_an_error_and_not_rounded():
    with pytest.raises(ValueError, match=r"1\.005 is not a whole number of 1/100"):
        hundredths("1.005")


@given(st.lists(st.tuples(st.integers(1, 50), st.one_of(st.none(), st.integers(-9, 9))), max_size=12))
def test_a_position_at_any_time_is_the_sum_since_it_was_last_settled(changes: list[tuple[int, int | None]]):
    ordered = sorted(changes, key=lambda change: change[0])
    timeline = Timeline(changes)

    for at_ns in range(51):
        expected = 0
        for _, change in (each for each in ordered if each[0] <= at_ns):
            expected = 0 if change is None else expected + change
        assert timeline.during(at_ns, at_ns) == [expected]
    for since_ns, until_ns in pairwise(range(0, 51, 10)):
        steps = sum(1 for at_ns, _ in ordered if since_ns < at_ns <= until_ns)
        assert len(timeline.during(since_ns, until_ns)) == 1 + steps
