"""The pre-flight: the runbook's figures by the code that trades, this machine's files, a remedy for each failure."""

import json
import os
from pathlib import Path

import pytest

from edgelock.core.settings import StrategySettings, TradingSettings
from edgelock.core.units import Price
from edgelock.ops.check import plain_text, run_checks
from edgelock.ops.command_line import main
from edgelock.ops.control_server import ControlServer
from edgelock.ops.core_checks import core_checks
from edgelock.ops.instance_lock import InstanceLock
from edgelock.ops.settings_environment import PREFIX, RUNBOOK_VARIABLES

RUNBOOK = {
    "TP math": "7¢ offset (VWAP $0.60 → TP $0.67 long, $0.53 short)",
    "State machine": "FLAT: bid ≤ low, ask ≥ high; SKEW_LONG: ask only; SKEW_SHORT: bid only",
    "Price gates": "NHL 0.48/0.65, NFL 0.44/0.72, CFB 0.42/0.75",
    "MAE trim": "28.125% at 11¢ MAE (32 contracts → 9)",
    "Circuit breaker": "soft 12 → 15 skewed → 9 at a one-tick spread; hard 16 → 20 → 12 (in 30 s)",
}


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name in RUNBOOK_VARIABLES or name.startswith((PREFIX, "KALSHI_")):
            monkeypatch.delenv(name)
    (tmp_path / "settings.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outcomes() -> dict[str, tuple[str, str, str]]:
    return {found.check: (found.outcome, found.detail, found.remedy) for found in run_checks(Path("settings.yaml"))}


def test_the_five_core_checks_show_the_runbooks_figures():
    assert {found.check: found.detail for found in core_checks(TradingSettings())} == RUNBOOK


def test_the_figures_are_those_of_the_operators_settings():
    own = TradingSettings.model_validate(
        {"strategy": {"min_edge_c": 3, "trim_fraction_min": "0.3"}, "risk": {"breaker_skewed_multiplier": 1}}
    )

    found = {check.check: (check.outcome, check.detail) for check in core_checks(own)}

    assert found["TP math"] == ("pass", "8¢ offset (VWAP $0.60 → TP $0.68 long, $0.52 short)")
    assert found["MAE trim"] == ("pass", "32.5% at 11¢ MAE (32 contracts → 10)")
    assert found["Circuit breaker"][1].startswith("soft 12 → 12 skewed → 9")


def test_rules_that_differ_from_the_runbook_fail(monkeypatch: pytest.MonkeyPatch):
    def too_near(_settings: StrategySettings, tick: Price) -> Price:
        return Price(6 * tick)

    monkeypatch.setattr("edgelock.ops.core_checks.take_profit_offset", too_near)

    failed = next(found for found in core_checks(TradingSettings()) if found.check == "TP math")
    assert failed.outcome == "fail"
    assert failed.detail.endswith(f"the runbook says {RUNBOOK['TP math']}")
    assert failed.remedy


def test_a_clean_desk_passes_and_is_left_as_it_was(capsys: pytest.CaptureFixture[str]):
    assert main(["check"]) == 0

    assert capsys.readouterr().out.splitlines()[-1] == "all checks passed (4 skipped)"
    assert not Path("state/edgelock.jsonl").exists()


def test_json_says_the_same_for_machines(capsys: pytest.CaptureFixture[str]):
    assert main(["check", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    assert answer["checks"][0] == {
        "check": "TP math",
        "outcome": "pass",
        "detail": RUNBOOK["TP math"],
        "remedy": "",
    }


def test_settings_that_cannot_be_read_are_a_failure_with_the_core_checked_all_the_same(
    capsys: pytest.CaptureFixture[str],
):
    Path("settings.yaml").write_text("strategy:\n  low: 2\n")

    assert main(["check"]) == 1
    text = capsys.readouterr().out
    assert "FAIL     settings         settings.yaml:2: strategy.low is 2: must be between" in text
    assert "7¢ offset" in text
    assert text.splitlines()[-1] == "1 of 6 checks failed"


def test_files_that_others_may_read_fail_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch):
    Path(".env").write_text("KALSHI_PRIVATE_KEY_PATH=key.pem\n")
    Path("key.pem").write_text("")
    Path(".env").chmod(0o644)
    Path("key.pem").chmod(0o640)

    found = outcomes()
    assert found["secrets file"] == ("fail", ".env may be read by others (mode 0644)", "chmod 600 .env")
    assert found["private key"] == ("fail", "key.pem may be read by others (mode 0640)", "chmod 600 key.pem")

    Path(".env").chmod(0o600)
    Path("key.pem").chmod(0o600)
    found = outcomes()
    assert (found["secrets file"][0], found["private key"][0]) == ("pass", "pass")


def test_a_key_that_is_not_there_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", "key.pem")

    assert outcomes()["private key"][:2] == ("fail", "key.pem does not exist")


def test_a_real_venue_without_credentials_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_ENV", "prod")

    assert outcomes()["credentials"][0] == "fail"


def test_a_log_that_cannot_be_written_fails():
    Path("settings.yaml").write_text("log: {path: settings.yaml/x}\n")

    assert outcomes()["log writable"][0] == "fail"


def test_a_locked_state_directory_fails_unless_it_is_the_running_bots():
    with InstanceLock(Path("state")):
        assert outcomes()["state directory"][0] == "fail"
        with ControlServer(Path("state"), {"status": lambda _: {}}, failed=print):
            assert outcomes()["state directory"][0] == "skipped"


def test_a_state_directory_open_to_others_fails():
    Path("state").mkdir(mode=0o755)
    Path("state").chmod(0o755)

    assert outcomes()["state directory"][2] == "chmod 700 state"


@pytest.mark.parametrize(
    ("venue", "shadow", "found"),
    [
        ("embedded", "false", "live on embedded, edge_locked"),
        ("prod", "false", "live on prod, edge_locked: both opt-ins are given, orders are real money"),
        ("prod", "true", "shadow on prod, edge_locked"),
    ],
)
def test_venue_and_mode_are_two_choices_and_shadow_wins(monkeypatch: pytest.MonkeyPatch, venue, shadow, found):
    monkeypatch.setenv("LIVE_TRADING_ENABLED", "true")
    monkeypatch.setenv("KALSHI_ENV", venue)
    monkeypatch.setenv("SHADOW_MODE", shadow)

    assert outcomes()["mode"][:2] == ("pass", found)


def test_a_venue_is_not_asked_without_a_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_ENV", "prod")

    assert outcomes()["network"] == ("skipped", "prod is not asked without a key", "")


def test_a_row_shows_no_secret_even_where_somebody_put_it_in_the_wrong_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    webhook = "https://discord.com/api/webhooks/1/canary-in-the-webhook"
    monkeypatch.setenv("DISCORD_WEBHOOK_URL", webhook)
    monkeypatch.setenv("KALSHI_ENV", webhook)
    key = "-----BEGIN PRIVATE KEY-----\ncanary0canary0canary0canary0canary0canary0canary0canary0canary00\n-----END"

    for options in ([], ["--json"]):
        assert main(["check", *options]) == 1
        assert "canary" not in capsys.readouterr().out
    monkeypatch.delenv("KALSHI_ENV")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", key)
    assert main(["check"]) == 1
    text = capsys.readouterr().out
    assert "KALSHI_PRIVATE_KEY_PATH holds a key itself" in text
    assert "canary" not in text


def test_plain_text_is_aligned():
    lines = plain_text(run_checks(Path("settings.yaml"))).splitlines()

    starts = {line.index(detail) for line, detail in zip(lines, RUNBOOK.values(), strict=False)}
    assert len(starts) == 1
