import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from edgelock.core.strategy import LEGACY
from edgelock.core.telemetry import ActorRestart, BreakerSoft
from edgelock.core.units import SECOND, Duration, Size, Timestamp
from edgelock.ops.audit import UnreadableLog, audit, audit_logs, run_audit
from edgelock.ops.audit_findings import Check
from tests.core.builders import NOON, TICKER
from tests.ops.log_stories import a_session, changed, lines_of, write_log

SESSION = lines_of(a_session(0))
OLD_AGE_SESSION = lines_of(a_session(1))


def audited(tmp_path, lines):
    return audit_logs([write_log(tmp_path / "run.jsonl", lines)])


def index_of(lines: list[str], wanted: Callable[[dict], bool]) -> int:
    return next(number for number, line in enumerate(lines) if wanted(json.loads(line)))


def with_changed(wanted: Callable[[dict], bool], lines: list[str] = SESSION, **fields) -> list[str]:
    number = index_of(lines, wanted)
    return [*lines[:number], changed(lines[number], **fields), *lines[number + 1 :]]


def action(name: str, **fields) -> Callable[[dict], bool]:
    return lambda line: line["action"] == name and all(line.get(key) == value for key, value in fields.items())


@pytest.mark.parametrize("seed", range(8))
def test_a_session_of_the_real_core_is_clean(tmp_path, seed):
    findings = audited(tmp_path, lines_of(a_session(seed)))

    assert [(finding.where, finding.reason) for finding in findings.kept] == []
    assert findings.notes == []


@pytest.mark.parametrize("seed", range(2))
def test_a_legacy_session_is_clean(tmp_path, seed):
    findings = audited(tmp_path, lines_of(a_session(seed, LEGACY)))

    assert [(finding.where, finding.reason) for finding in findings.kept] == []


def test_the_sessions_contain_what_the_audit_is_about():
    actions = {json.loads(line)["action"] for line in (*SESSION, *OLD_AGE_SESSION)}

    assert actions >= {"sweet_spot_exit", "hard_cap_exit", "mae_trim", "quote_amend", "settlement", "REALIZE"}


TAMPERED = {
    "a take-profit a tick too low": (Check.TP_DRIFT, action("quote_place", kind="take_profit"), {"price": 0.40}),
    "a take-profit far beyond": (Check.TP_DRIFT, action("quote_place", kind="take_profit"), {"price": 0.99}),
    "a tp field that follows the mid": (Check.TP_DRIFT, action("quote_place", kind="take_profit"), {"tp": 0.6}),
    "an entry between the gates": (Check.GATES, action("quote_place", role="entry", side="bid"), {"price": 0.5}),
    "an entry fill between the gates": (Check.GATES, action("FILL", role="entry", side="bid"), {"price": 0.49}),
    "a zone that is not true": (Check.GATES, action("FILL", role="entry"), {"in_zone": False}),
    "a bid while long": (Check.SKEW, action("quote_place", role="exit", side="ask"), {"side": "bid"}),
    "an entry while skewed": (Check.SKEW, action("quote_place", role="exit"), {"role": "entry"}),
    "an exit that waited": (Check.EXITS_PROMPT, action("quote_place", role="exit"), {"cooldown_ms": 300}),
    "another net": (Check.POSITION, action("order_ack"), {"net": 3}),
    "a fill of another size": (Check.POSITION, action("FILL", role="entry"), {"qty": 99}),
    "a profit a millionth too high": (Check.PNL, action("REALIZE"), {"pnl": 0.123457}),
    "fees left out": (Check.PNL, action("REALIZE"), {"fees": 0}),
    "an entry average that is not that of the lots": (Check.PNL, action("REALIZE"), {"entry_vwap": 0.3}),
    "a state that the net does not have": (Check.STATES, action("order_ack"), {"state": "SKEW_SHORT"}),
    "a state change to nowhere": (Check.STATES, action("state_change"), {"new_state": "SKEW_SHORT"}),
    "a fill of an order that was never placed": (Check.ORDERS, action("FILL"), {"client_order_id": "x"}),
    "an exit larger than the position": (Check.ORDERS, action("quote_place", kind="take_profit"), {"qty": 5_000}),
    "a field finer than the venue has": (Check.LINES, action("FILL"), {"price": 0.12345}),
    "a price that is text": (Check.LINES, action("FILL"), {"price": "0.45"}),
    "a seq that was there before": (Check.SEQUENCE, action("FILL"), {"seq": 1}),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_the_audit_finds(tmp_path, name):
    check, wanted, fields = TAMPERED[name]

    findings = audited(tmp_path, with_changed(wanted, **fields))

    assert findings.counts[check] >= 1


@pytest.mark.parametrize("gone", ["seq", "run", "net", "client_order_id", "in_zone"])
def test_a_missing_field_is_found(tmp_path, gone):
    number = index_of(SESSION, action("FILL"))
    data = json.loads(SESSION[number])
    del data[gone]

    findings = audited(tmp_path, [*SESSION[:number], json.dumps(data), *SESSION[number + 1 :]])

    assert findings.counts[Check.LINES] == 1
    assert gone in next(finding.reason for finding in findings.kept if finding.check is Check.LINES)


@pytest.mark.parametrize("number", range(1, len(SESSION) - 1, 37))
def test_a_line_left_out_anywhere_is_found_once_and_accuses_nothing_else(tmp_path, number):
    findings = audited(tmp_path, [*SESSION[:number], *SESSION[number + 1 :]])

    assert dict(findings.counts) == {Check.SEQUENCE: 1}


def renumbered(lines: list[str]) -> list[str]:
    return [changed(line, seq=number) for number, line in enumerate(lines, start=1)]


@pytest.mark.parametrize("exit_action", ["sweet_spot_exit", "mae_trim", "hard_cap_exit"])
def test_an_exit_without_its_order_is_found(tmp_path, exit_action):
    lines = OLD_AGE_SESSION if exit_action == "hard_cap_exit" else SESSION
    number = index_of(lines, action(exit_action))

    findings = audited(tmp_path, renumbered([*lines[: number + 1], *lines[number + 2 :]]))

    assert findings.counts[Check.EXITS_FOLLOWED] == 1


def test_a_position_that_outlives_the_hard_cap_is_found(tmp_path):
    number = index_of(OLD_AGE_SESSION, action("hard_cap_exit"))
    late = json.loads(OLD_AGE_SESSION[number])["ts"] + 60
    lines = [*OLD_AGE_SESSION[:number], changed(OLD_AGE_SESSION[number], action="time_at_risk", ts=late)]

    findings = audited(tmp_path, lines)

    assert findings.counts[Check.EXITS_PROMPT] == 1


@pytest.mark.parametrize("gone", ["REALIZE", "state_change"])
def test_a_line_that_must_follow_a_fill_is_missed(tmp_path, gone):
    number = index_of(SESSION, action(gone))

    findings = audited(tmp_path, renumbered([*SESSION[:number], *SESSION[number + 1 :]]))

    assert findings.counts[Check.PNL if gone == "REALIZE" else Check.STATES] >= 1


def test_a_fill_told_twice_is_found(tmp_path):
    number = index_of(SESSION, action("FILL"))

    findings = audited(tmp_path, renumbered([*SESSION[: number + 1], *SESSION[number:]]))

    assert findings.counts[Check.ORDERS] >= 1


def a_trip(cancels_30: int, cancels_60: int, seconds: int = 0) -> BreakerSoft:
    return BreakerSoft(
        at=Timestamp(NOON + seconds * SECOND),
        market=None,
        scope="portfolio",
        cb_tier="soft",
        cancels_30=cancels_30,
        cancels_60=cancels_60,
        threshold_30=12,
        threshold_60=18,
        until=Timestamp(NOON + 99 * SECOND),
    )


@pytest.mark.parametrize(("cancels_30", "cancels_60", "found"), [(12, 12, 0), (3, 18, 0), (11, 17, 1)])
def test_a_breaker_that_trips_below_its_thresholds_is_found(tmp_path, cancels_30, cancels_60, found):
    findings = audited(tmp_path, lines_of([a_trip(cancels_30, cancels_60)]))

    assert findings.counts[Check.BREAKER] == found


def test_a_breaker_that_counts_cancels_nobody_made_is_found(tmp_path):
    long_after = json.loads(SESSION[-1])["ts"] + 100
    trip = lines_of([a_trip(12, 18)], first_seq=len(SESSION) + 1)[0]
    trip = changed(trip, market=TICKER, scope="market", ts=long_after)

    findings = audited(tmp_path, [*SESSION, trip])

    assert findings.counts[Check.BREAKER] == 1


def test_a_new_life_of_the_door_has_withdrawn_what_rested_so_its_exits_are_not_too_many(tmp_path):
    is_exit = action("quote_place", role="exit", kind="take_profit")
    number = index_of(SESSION, is_exit)
    again = changed(SESSION[number], client_order_id="of-the-next-life")
    restart = ActorRestart(
        at=NOON, market=None, actor="exchange", incarnation=2, restarts_in_window=1, backoff_s=Duration(0),
        down_s=Duration(0), recovered_net=None, recovered_vwap=None, recovered_orders=None,
    )  # fmt: skip

    without = audited(tmp_path, renumbered([*SESSION[: number + 1], again]))
    found = audited(tmp_path, renumbered([*SESSION[: number + 1], *lines_of([restart]), again]))

    assert [finding.check for finding in without.kept] == [Check.ORDERS]
    assert found.is_clean


def test_an_exit_that_filled_while_its_market_was_down_does_not_count_for_the_next_life(tmp_path):
    """Its fill is part of what was recovered, and no line tells of it."""
    number = index_of(SESSION, action("quote_place", role="exit", kind="take_profit"))
    again = changed(SESSION[number], client_order_id="of-the-next-life")

    def restarted_with(*orders):
        restart = ActorRestart(
            at=NOON, market=TICKER, actor=f"market:{TICKER}", incarnation=2, restarts_in_window=1,
            backoff_s=Duration(0), down_s=Duration(0), recovered_net=None, recovered_vwap=None,
            recovered_orders=orders,
        )  # fmt: skip
        return audited(tmp_path, renumbered([*SESSION[: number + 1], *lines_of([restart]), again]))

    assert restarted_with().is_clean
    still_there = restarted_with(json.loads(SESSION[number])["client_order_id"])
    assert [finding.check for finding in still_there.kept] == [Check.ORDERS]


@pytest.mark.parametrize("is_told_first", [True, False])
def test_fills_that_a_next_life_tells_late_are_added_up_as_if_it_had_never_been_down(tmp_path, is_told_first):
    """Its own line may come before theirs or after; the order that filled is on record no more."""
    fill = index_of(SESSION, action("FILL", role="exit", state_after="FLAT"))
    after_it = index_of(SESSION[fill:], action("state_change")) + fill + 1
    restart = ActorRestart(
        at=NOON, market=TICKER, actor=f"market:{TICKER}", incarnation=2, restarts_in_window=1,
        backoff_s=Duration(0), down_s=Duration(0), recovered_net=Size(0), recovered_vwap=None, recovered_orders=(),
    )  # fmt: skip
    place = fill if is_told_first else after_it

    told = audited(tmp_path, renumbered([*SESSION[:place], *lines_of([restart]), *SESSION[place:]]))
    never_down = audited(tmp_path, SESSION)

    assert [(finding.where, finding.reason) for finding in told.kept] == []
    assert told.notes == []
    assert told.examined[Check.PNL] == never_down.examined[Check.PNL]


def test_a_log_cut_at_its_start_is_noted_and_not_accused(tmp_path):
    findings = audited(tmp_path, SESSION[len(SESSION) // 2 :])

    assert findings.is_clean
    assert any("begins at seq" in note for note in findings.notes)


@pytest.mark.parametrize("start", range(2, len(SESSION), 61))
def test_wherever_a_log_begins_nothing_is_accused(tmp_path, start):
    findings = audited(tmp_path, SESSION[start:])

    assert [(finding.where, finding.reason) for finding in findings.kept] == []


def test_rotated_files_are_read_oldest_first(tmp_path):
    newer = write_log(tmp_path / "run.jsonl", SESSION[200:])
    older = write_log(tmp_path / "run.jsonl.1", SESSION[:200])

    findings = audit_logs([newer, older])

    assert findings.is_clean
    assert findings.notes == []
    assert findings.lines == len(SESSION)


def test_two_runs_in_one_file_are_two_sequences(tmp_path):
    findings = audited(tmp_path, [*SESSION, *lines_of(a_session(2), run="run-2")])

    assert [(finding.where, finding.reason) for finding in findings.kept] == []


def test_a_clean_log_ends_with_0(tmp_path, capsys):
    assert run_audit([write_log(tmp_path / "run.jsonl", SESSION)]) == 0
    assert f"{len(SESSION)} lines: clean" in capsys.readouterr().out


def test_findings_end_with_1_and_show_the_offending_line(tmp_path, capsys):
    path = write_log(tmp_path / "run.jsonl", with_changed(action("FILL"), in_zone=False))
    number = index_of(SESSION, action("FILL")) + 1

    assert run_audit([path]) == 1
    shown = capsys.readouterr().out
    assert f"{path}:{number}: price gates: {TICKER}: in_zone is False" in shown
    assert '"in_zone":false' in shown


@pytest.mark.parametrize(
    ("content", "words"),
    [("starting up...\n", "run.jsonl:1: not JSON"), ("", "is empty"), ("\xff\xfe", "not JSON"), (None, "No such file")],
)
def test_what_is_no_log_ends_with_2_and_one_line(tmp_path, capsys, content, words):
    path = tmp_path / "run.jsonl"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))

    assert run_audit([path]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert words in shown.err


def test_a_torn_last_line_is_not_json(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join(SESSION)[:-20])

    with pytest.raises(UnreadableLog, match=f"{len(SESSION)}: not JSON"):
        audit_logs([path])


@pytest.mark.parametrize("line", ["[1,2]", '"text"', "7", '{"ts":1}', '{"action":7}'])
def test_json_without_a_text_action_is_a_finding(tmp_path, line):
    findings = audited(tmp_path, [SESSION[0], line])

    assert findings.counts[Check.LINES] == 1


def test_the_command_takes_several_files(tmp_path):
    path = write_log(tmp_path / "run.jsonl", SESSION)

    result = CliRunner().invoke(audit, [str(path)], standalone_mode=False)

    assert result.return_value == 0
