"""The runbook's log-reading commands, word for word (`tail -f` as `cat`, so that they end), on a log of ours."""

import json
import os
import shutil
import subprocess

import pytest

from edgelock.actors.exit_averages import ExitAverages
from edgelock.core import telemetry as t
from tests.actors.telemetry_samples import SAMPLES
from tests.ops.log_stories import a_session, changed, lines_of, write_log

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed on this machine")

ABS = "def abs: if . < 0 then - . else . end; "
"""jq 1.6 has no abs; the runbook's alert needs this equivalent in front."""

DAILY_ANALYSIS = """
cat live.log | jq -s '
  group_by(.market) |
  map({
    market: .[0].market,
    fills: [.[] | select(.action=="FILL")] | length,
    exits: [.[] | select(.action | test("exit"))] | length,
    avg_hold_time: ([.[] | select(.action | test("exit")) | .age_s] | add / length),
    cb_triggers: [.[] | select(.action | test("cb_"))] | length
  })
'"""
# Word for word but for one pair of parentheses: without it jq 1.6 refuses to compile the division (1.7 takes it).
CHECKPOINT = """
cat live.log | jq -s '
{
  "total_fills": [.[] | select(.action=="FILL")] | length,
  "avg_hold_time_min": (([.[] | select(.age_s) | .age_s] | add / length) / 60),
  "exits_in_sweet_spot": [.[] | select(.action=="sweet_spot_exit")] | length,
  "cb_activations": [.[] | select(.action | test("cb_"))] | length,
  "fills_in_zone": [.[] | select(.action=="FILL" and ((.price <= 0.48) or (.price >= 0.65)))] | length
}
'"""
TP_DRIFT = (
    "cat live.log | jq '"
    + ABS
    + """select(.action=="quote_place" and .state!="FLAT" and (.tp - (.vwap + 0.07) | abs) > 0.005) """
    + """| "\\u001b[31mTP DRIFT: \\(.market) vwap=\\(.vwap) tp=\\(.tp)\\u001b[0m"'"""
)
GATE_BREACH = (
    """cat live.log | jq 'select(.action=="FILL" and ((.price < 0.48) or (.price > 0.65))) """
    + """| "\\u001b[31mPRICE GATE BREACH: \\(.market) \\(.action) @ \\(.price)\\u001b[0m"'"""
)


def a_log() -> list[t.Record]:
    """Two sessions, the exits that they lack, every other record, and a market that never traded."""
    averages = ExitAverages()
    idle = t.MarketAdded(
        at=SAMPLES[0].at, market="KXNHLGAME-26NOV22IDLE-X", family="NHL", volume_24h=None, spread_ticks=2
    )
    records: list[t.Record] = [idle]
    for record in (*a_session(0, steps=150), *a_session(1, steps=150), *SAMPLES):
        records.append(record)
        records.extend(averages.after((record,) if record is not SAMPLES[0] else (idle, record)))
    return records


LINES = lines_of(a_log())


@pytest.fixture
def shell(tmp_path):
    write_log(tmp_path / "live.log", LINES)

    def run(command: str, *, no_match_is_fine: bool = False) -> str:
        # The command is the runbook's, piped through a shell, as a person would type it.
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        assert result.stderr == ""
        assert result.returncode in ((0, 1) if no_match_is_fine else (0,))
        return result.stdout

    return run


def test_state_changes_and_quotes_are_found_by_grep(shell):
    states = shell("""cat live.log | grep '"action":"state_change"'""").splitlines()
    quotes = shell("""cat live.log | grep '"action":"quote_place"'""").splitlines()

    assert {json.loads(line)["action"] for line in states} == {"state_change"}
    assert {json.loads(line)["action"] for line in quotes} == {"quote_place"}


def test_the_take_profit_watch_prints_its_four_fields(shell):
    shown = shell(
        """cat live.log | jq -c 'select(.action=="quote_place" and .state!="FLAT") | {market, vwap, tp, price}'"""
    )

    assert all(None not in json.loads(line).values() for line in shown.splitlines())
    assert shown


def test_the_fill_watch_shows_fills_results_exits_and_states(shell):
    shown = shell("cat live.log | grep -E '(FILL|REALIZE|sweet_spot_exit|state_change)'").splitlines()

    actions = {json.loads(line)["action"] for line in shown}
    assert actions >= {"FILL", "REALIZE", "sweet_spot_exit", "state_change"}


def test_the_drift_alert_is_silent_for_longs(shell):
    sides = {json.loads(line)["market"]: json.loads(line) for line in LINES if '"SKEW_SHORT"' in line}
    alerts = shell(TP_DRIFT)

    assert sides
    assert "NaN" not in alerts
    longs = [line for line in LINES if '"action":"quote_place"' in line and '"state":"SKEW_LONG"' in line]
    drifts = [line for line in longs if abs(json.loads(line)["tp"] - json.loads(line)["vwap"] - 0.07) > 0.005]
    assert drifts == []


def test_the_gate_alert_can_be_read(shell):
    assert all("FILL @" in line for line in shell(GATE_BREACH).splitlines())


def test_the_breaker_alert_finds_both_tiers(shell):
    shown = shell("""cat live.log | grep -E '"(cb_soft|cb_hard)"' --color=never""").splitlines()

    assert [json.loads(line)["action"] for line in shown] == ["cb_soft", "cb_hard"]


def test_the_daily_analysis_has_figures_for_every_market_and_for_the_system(shell):
    table = json.loads(shell(DAILY_ANALYSIS))

    assert {row["market"] for row in table} >= {None, "KXNHLGAME-26NOV22IDLE-X"}
    assert all(isinstance(row["avg_hold_time"], int | float) for row in table)
    assert sum(row["fills"] for row in table) == sum('"action":"FILL"' in line for line in LINES)


def test_the_checkpoint_prints_its_five_figures(shell):
    figures = json.loads(shell(CHECKPOINT))

    assert figures["total_fills"] > 0
    assert figures["exits_in_sweet_spot"] > 0
    assert figures["cb_activations"] == 3
    assert isinstance(figures["avg_hold_time_min"], float)


def test_the_failure_checklist_finds_what_it_asks_for(shell):
    assert shell("grep state_change live.log")
    assert '"kind":"sweet_spot"' in shell("grep -A2 sweet_spot_exit live.log | grep quote_place")
    assert shell("""jq 'select(.state=="SKEW_LONG" and .side=="bid")' live.log""") == ""
    assert shell("grep cb_soft live.log | jq .cancels_30").split() == ["12"]


def test_the_checklist_s_leak_query_finds_a_leak(shell, tmp_path):
    quote = next(line for line in LINES if '"action":"quote_place"' in line and '"role":"entry"' in line)
    write_log(tmp_path / "live.log", [changed(quote, state="SKEW_LONG", side="bid")])

    assert shell("""jq 'select(.state=="SKEW_LONG" and .side=="bid")' live.log""")


def test_the_quick_start_review_finds_the_banner_the_offset_and_state_changes(shell):
    shown = shell("grep -E '(STARTUP|TP Offset|state_change)' live.log")

    assert "STARTUP" in shown
    assert "TP Offset: 7¢" in shown
    assert "state_change" in shown
    assert shell("""cat live.log | jq -c 'select(.action | test("exit|trim|cb_"))' """)


def test_every_line_is_an_object_with_a_text_action(shell):
    assert shell("jq -s 'map(.action | type) | unique' -c live.log").strip() == '["string"]'
