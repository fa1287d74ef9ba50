"""What was typed becomes one value that the run is made of."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edgelock.core.units import Duration
from edgelock.ops.run_options import CrashActorAt, CrashAt, HangAt, RunOptions
from edgelock.ops.settings_entries import Entry
from edgelock.ops.trade_command import (
    TradeArguments,
    parse_actor_crash,
    parse_crash,
    parse_hang,
    parse_seconds,
    run_options,
)
from edgelock.ops.user_error import UserError

KEY_ID = "11112222-3333-4444-5555-666677778888"
PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "settings.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(**given: object) -> TradeArguments:
    nothing: dict[str, object] = {
        "config": Path("settings.yaml"),
        "duration": None,
        "speed": None,
        "seed": None,
        "scenario": None,
        "recording": None,
        "log": None,
        "append": False,
        "no_live_view": False,
        "markets": (),
        "crash_market": (),
        "exchange_log": None,
        "exchange_ledger": None,
        "faults": None,
        "exchange": None,
    }
    return TradeArguments(**{**nothing, **given})  # type: ignore[arg-type]


def options(*, env: dict[str, str] | None = None, is_terminal: bool = False, **given: object) -> RunOptions:
    return run_options(typed(**given), environ=env or {}, stdout_is_terminal=is_terminal)


def test_nothing_typed_is_paper_on_the_embedded_exchange_with_the_log_continued():
    found = options()

    assert (found.settings.mode, found.settings.venue.name) == ("paper", "embedded")
    assert (found.log_path, found.append) == (Path("state/edgelock.jsonl"), True)
    assert (found.duration, found.markets, found.recording, found.crash_market) == (None, (), None, ())


def test_the_state_directory_is_made_for_the_owner_alone_wherever_the_log_is():
    options(log="run.jsonl")

    assert stat.S_IMODE(Path("state").stat().st_mode) == 0o700


def test_a_typed_setting_beats_the_environment_and_is_kept_for_a_reload():
    found = options(speed="60", env={"EDGELOCK_EMBEDDED__SPEED": "2"})

    assert found.settings.embedded.speed == 60
    assert found.command_line == {("embedded", "speed"): Entry("60", "command line --speed")}


def test_a_new_log_is_taken_and_an_old_one_needs_append():
    assert not options(log="run.jsonl").append
    Path("run.jsonl").write_text("{}\n")

    with pytest.raises(UserError, match=r"run\.jsonl exists; continue it with --append"):
        options(log="run.jsonl")
    assert options(log="run.jsonl", append=True).append
    assert Path("run.jsonl").read_text() == "{}\n"


def test_a_refused_run_makes_no_state_directory():
    with pytest.raises(UserError):
        options(recording="nowhere.gz")

    assert not Path("state").exists()


@pytest.mark.parametrize(
    ("is_terminal", "no_live_view", "live_view"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_the_live_view_is_for_terminals(is_terminal: bool, no_live_view: bool, live_view: bool):
    assert options(is_terminal=is_terminal, no_live_view=no_live_view).live_view is live_view


def test_a_recording_of_the_settings_is_the_runs_recording():
    Path("game.gz").write_text("")

    assert options(env={"EDGELOCK_EMBEDDED__RECORDING": "game.gz"}).recording == Path("game.gz")


def test_live_is_a_mode_of_its_own_and_shadow_wins_over_it():
    assert options(env={"LIVE_TRADING_ENABLED": "yes"}).settings.mode == "live"
    assert options(env={"LIVE_TRADING_ENABLED": "yes", "SHADOW_MODE": "yes"}).settings.mode == "shadow"


def test_a_real_venue_needs_a_key_and_a_dotenv_that_are_ours_alone():
    env = {"KALSHI_ENV": "demo", "KALSHI_API_KEY_ID": KEY_ID, "KALSHI_PRIVATE_KEY_PATH": "key.pem"}

    with pytest.raises(UserError, match=r"key file key\.pem does not exist"):
        options(env=env)
    Path("key.pem").write_bytes(PEM)
    Path("key.pem").chmod(0o600)
    assert options(env=env).settings.venue.name == "demo"
    Path(".env").write_text("DISCORD_WEBHOOK_URL=https://discord.com/api/webhooks/1/x\n")
    Path(".env").chmod(0o644)
    with pytest.raises(UserError, match=r"\.env holds DISCORD_WEBHOOK_URL and may be read by others"):
        options(env=env)
    assert not Path("run.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speed", "2"),
        ("seed", "2"),
        ("scenario", "quiet"),
        ("recording", "game.gz"),
        ("crash_market", (CrashAt(ticker="A", after=Duration(1)),)),
        ("hang_market", (HangAt(ticker="A", after=Duration(1), lasts=Duration(1)),)),
        ("crash_actor", (CrashActorAt(actor="exchange", after=Duration(1)),)),
        ("exchange_log", Path("requests.jsonl")),
        ("exchange_ledger", Path("ledger.json")),
        ("faults", Path("faults.yaml")),
        ("exchange", Path("ready.json")),
    ],
)
def test_what_only_the_embedded_exchange_knows_is_refused_elsewhere(name: str, value: object):
    option = name.replace("_", "-")

    with pytest.raises(UserError, match=f"--{option} is for the embedded exchange, and the venue is demo"):
        options(env={"KALSHI_ENV": "demo"}, **{name: value})


def test_an_exchange_that_runs_already_is_handed_on():
    assert options(exchange=Path("ready.json")).exchange == Path("ready.json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speed", "2"),
        ("seed", "2"),
        ("scenario", "quiet"),
        ("exchange_log", Path("requests.jsonl")),
        ("exchange_ledger", Path("ledger.json")),
        ("faults", Path("faults.yaml")),
    ],
)
def test_what_belongs_to_an_exchange_of_its_own_is_refused_with_one_that_runs_already(name: str, value: object):
    with pytest.raises(UserError, match=f"--{name.replace('_', '-')} is for an exchange that this run starts; with"):
        options(exchange=Path("ready.json"), **{name: value})


def test_seconds_are_exact():
    assert parse_seconds("0.1") == Duration(100_000_000)
    assert parse_crash("A-B@2.5") == CrashAt(ticker="A-B", after=Duration(2_500_000_000))


def test_a_hang_is_a_ticker_a_moment_and_a_length():
    assert parse_hang("A-B@2.5:12") == HangAt(
        ticker="A-B", after=Duration(2_500_000_000), lasts=Duration(12_000_000_000)
    )


@pytest.mark.parametrize("text", ["A", "A@3", "@3:4", "A@:4", "A@3:", "A@3:x", "A@0:4"])
def test_a_hang_that_lacks_something_is_refused(text):
    with pytest.raises(ValueError, match=r"must be"):
        parse_hang(text)


def test_an_actor_of_the_infrastructure_is_crashed_at_a_moment():
    assert parse_actor_crash("risk@3") == CrashActorAt(actor="risk", after=Duration(3_000_000_000))


@pytest.mark.parametrize("text", ["risk", "supervisor@3", "@3", "risk@-1"])
def test_a_crash_of_somebody_else_is_refused(text):
    with pytest.raises(ValueError, match=r"must be"):
        parse_actor_crash(text)
