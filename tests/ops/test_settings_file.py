"""Every source of a setting, in its order, and every mistake as one line that says where it was made."""

import tempfile
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import yaml as yaml_library
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import Duration, Price, Size
from edgelock.ops.settings_entries import Entry, Key
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import Loaded, load


class Desk:
    """A directory with a settings file and perhaps a `.env`, and what is then loaded from them."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "settings.yaml"
        self.dotenv = directory / ".env"
        self.config.write_text("")

    def load(
        self,
        yaml: str = "",
        *,
        env: Mapping[str, str] | None = None,
        dotenv: str | None = None,
        command_line: Mapping[Key, Entry] | None = None,
    ) -> Loaded:
        self.config.write_text(yaml, encoding="utf-8")
        if dotenv is not None:
            self.dotenv.write_text(dotenv, encoding="utf-8")
        return load(self.config, command_line=command_line, environ=env or {}, dotenv=self.dotenv)

    def refusal(self, yaml: str = "", **sources: object) -> str:
        """The one line of the error, with the directory taken out of it."""
        with pytest.raises(SettingsError) as caught:
            self.load(yaml, **sources)  # type: ignore[arg-type]
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(f"{self.config.parent}/", "")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_empty_file_gives_the_defaults(desk: Desk):
    settings = desk.load("").settings

    assert (settings.venue.name, settings.mode, settings.strategy_name) == ("embedded", "paper", "edge_locked")
    assert settings.selection.series == ("NHL",)
    assert Price(4800) == settings.strategy_for("KXNHLGAME-X").low


def test_a_section_whose_lines_are_all_commented_out_is_empty(desk: Desk):
    assert desk.load("selection:\n  # max_markets_to_trade: 3\n").settings.selection.max_markets_to_trade == 8


def test_command_line_beats_environment_beats_dotenv_beats_yaml_beats_defaults(desk: Desk):
    key = ("selection", "max_markets_to_trade")
    yaml, dotenv, env = (
        "selection: {max_markets_to_trade: 2}",
        "MAX_MARKETS_TO_TRADE=3\n",
        {"MAX_MARKETS_TO_TRADE": "4"},
    )
    typed = {key: Entry("5", "command line --x")}

    def found(**sources: object) -> int:
        return desk.load(**sources).settings.selection.max_markets_to_trade  # type: ignore[arg-type]

    assert found(yaml=yaml) == 2
    assert found(yaml=yaml, dotenv=dotenv) == 3
    assert found(yaml=yaml, env=env) == 4
    assert found(yaml=yaml, env=env, command_line=typed) == 5


def test_the_origin_of_a_value_is_known(desk: Desk):
    origins = desk.load("log:\n  backups: 3\n", env={"SHADOW_MODE": "yes"}).origins

    assert origins["log.backups"].endswith("settings.yaml:2")
    assert origins["trading.shadow_mode"] == "environment variable SHADOW_MODE"


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "Yes"])
def test_a_switch_is_on_in_any_case(desk: Desk, text: str):
    assert desk.load(env={"DISABLE_NEW_QUOTES": text}).settings.trading.disable_new_quotes


@pytest.mark.parametrize("text", ["false", "0", "NO"])
def test_a_switch_is_off_in_any_case(desk: Desk, text: str):
    assert not desk.load("trading: {shadow_mode: true}", env={"SHADOW_MODE": text}).settings.trading.shadow_mode


@pytest.mark.parametrize("text", ["", "on", "2", "tru", " "])
def test_a_switch_of_any_other_word_is_an_error_and_not_false(desk: Desk, text: str):
    message = desk.refusal(env={"LIVE_TRADING_ENABLED": text})

    assert message.startswith("environment variable LIVE_TRADING_ENABLED: trading.live_trading_enabled is ")
    assert "must be one of true, false, 1, 0, yes, no" in message


def test_shadow_wins_over_live(desk: Desk):
    assert desk.load(env={"SHADOW_MODE": "1", "LIVE_TRADING_ENABLED": "1"}).settings.mode == "shadow"


def test_the_runbooks_inventory_variable_reaches_the_strategy(desk: Desk):
    settings = desk.load(env={"MAX_INVENTORY_PER_MARKET": "20"}).settings

    assert Size(2000) == settings.strategy_for("KXNHLGAME-X").max_inventory


def test_a_variable_reaches_into_a_family_and_leaves_the_other_families_alone(desk: Desk):
    settings = desk.load(env={"EDGELOCK_FAMILIES__NHL__LOW": "0.40"}).settings

    assert Price(4000) == settings.strategy_for("KXNHLGAME-X").low
    assert Price(6500) == settings.strategy_for("KXNHLGAME-X").high
    assert Price(4400) == settings.strategy_for("KXNFLGAME-X").low


def test_a_family_in_the_file_keeps_what_it_does_not_say(desk: Desk):
    settings = desk.load("families:\n  NHL:\n    low: 0.30\n").settings

    assert settings.families["NHL"].series == ("KXNHLGAME", "NHL")
    assert Price(3000) == settings.families["NHL"].strategy.low


def test_a_market_trades_with_its_own_over_its_familys_values(desk: Desk):
    settings = desk.load("markets:\n  KXNFLGAME-A:\n    size_per_fill_contracts: 5\n").settings

    assert Size(500) == settings.strategy_for("KXNFLGAME-A").size_per_fill
    assert Price(4400) == settings.strategy_for("KXNFLGAME-A").low


def test_a_list_in_a_variable_has_commas(desk: Desk):
    assert desk.load(env={"EDGELOCK_SELECTION__SERIES": "NHL, CFB"}).settings.selection.series == ("NHL", "CFB")


def test_numbers_do_not_pass_through_float(desk: Desk):
    settings = desk.load("strategy: {reference_alpha: 0.1, entry_fee_c: 1.13}\nembedded: {speed: 0.3}").settings

    assert Fraction(1, 10) == settings.strategy.reference_alpha
    assert Price(113) == settings.strategy.entry_fee
    assert Fraction(3, 10) == settings.embedded.speed


def test_units_become_the_engines(desk: Desk):
    settings = desk.load("supervision: {backoff_base_s: 0.25}\nselection: {min_spread_c: 1.5}").settings

    assert Duration(250_000_000) == settings.supervision.backoff_base
    assert Price(150) == settings.selection.min_spread


def test_text_that_other_readers_of_yaml_twist_stays_what_it_says(desk: Desk):
    """YAML 1.1 reads NO as false and 1:30 as ninety."""
    settings = desk.load("families:\n  NO:\n    series: [NO, 1_0, 1:30]\n").settings

    assert settings.families["NO"].series == ("NO", "1_0", "1:30")


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("strategy:\n  low: 1.7", "settings.yaml:2: strategy.low is 1.7: must be between 0.0001 and 0.9999 dollars"),
        ("strategy:\n  low: .nan", "settings.yaml:2: strategy.low is '.nan': must be a number"),
        ("strategy:\n  low: yes", "settings.yaml:2: strategy.low is 'yes': must be a number"),
        ("strategy:\n  low: true", "settings.yaml:2: strategy.low is true: must be a number"),
        ("strategy:\n  low:", "settings.yaml:2: strategy.low is empty: must be a number"),
        (
            "selection: {max_markets_to_trade: 401}",
            "settings.yaml:1: selection.max_markets_to_trade is 401: must be a whole number between 1 and 400 markets",
        ),
        (
            "selection: {max_markets_to_trade: 1.5}",
            "settings.yaml:1: selection.max_markets_to_trade is 1.5: must be a whole number between 1 and 400 markets",
        ),
        ("embedded: {speed: 0}", "settings.yaml:1: embedded.speed is 0: must be a number between 0.1 and 10000"),
        ("venue: {name: moon}", "settings.yaml:1: venue.name is 'moon': must be one of embedded, demo, prod"),
        ("venue: moon", "settings.yaml:1: venue is 'moon': must be a table of keys and values"),
        ("venue: {name: {a: 1}}", "settings.yaml:1: venue.name is one value, not a table of keys"),
        ("selection: {series: NHL}", "settings.yaml:1: selection.series is 'NHL': must be a list, such as [NHL, NFL]"),
        ("selection: {series: [1]}", "settings.yaml:1: selection.series is (1,): must be text"),
        ("log: {path: 5}", "settings.yaml:1: log.path is 5: must be the path of a file"),
        ("vanue: {name: demo}", "settings.yaml:1: unknown key vanue.name; did you mean 'venue'?"),
        ("strategy:\n  loww: 0.4", "settings.yaml:2: unknown key strategy.loww; did you mean 'low'?"),
        ("hard_cap_s: 5", "settings.yaml:1: unknown key hard_cap_s; did you mean 'strategy.hard_cap_s'?"),
        ("families: {NHL: {hi: 1}}", "settings.yaml:1: unknown key families.NHL.hi; did you mean 'high'?"),
        (
            "families:\n  NHL:\n    low: 0.66",
            "settings.yaml:3: families.NHL: low must be below high "
            "(families.NHL.high is 0.65, families.NHL.low is 0.66)",
        ),
        (
            "families:\n  NFL:\n    low: 2",
            "settings.yaml:3: families.NFL.low is 2: must be between 0.0001 and 0.9999 dollars",
        ),
        (
            "risk:\n  breaker_soft: {cancels_30s: 16}",
            "settings.yaml:2: risk: breaker_soft.cancels_30s must be below breaker_hard.cancels_30s "
            "(risk.breaker_hard.cancels_30s is 16, risk.breaker_soft.cancels_30s is 16)",
        ),
        (
            "families: {NBA: {low: 0.4}}",
            "settings.yaml:1: families.NBA.series is missing; list the series that belong to it",
        ),
        ("log: {backups: 1}\nlog: {backups: 2}", "settings.yaml:2: log is already set on line 1"),
        ("log:\n  backups: 1\n  backups: 2", "settings.yaml:3: log.backups is already set on line 2"),
        ("log: [", "settings.yaml:1:7: not valid YAML: expected the node content, but found '<stream end>'"),
        ("- a", "settings.yaml:1: must be a table of keys and values"),
        ("log: &x {backups: 1}\nstate: *x", "settings.yaml:2: state is an alias; write the value out"),
        ("1: {a: b}", "settings.yaml:1: unknown key 1.a"),
        ("? [a]\n: 1", "settings.yaml:1: a key must be a word"),
        ("log: {backups: [[1]]}", "settings.yaml:1: log.backups must be a list of single values"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_with_its_place_and_what_is_allowed(desk: Desk, yaml: str, message: str):
    assert message == desk.refusal(yaml)


@pytest.mark.parametrize(
    ("variable", "text", "end"),
    [
        ("MAX_MARKETS_TO_TRADE", "abc", "selection.max_markets_to_trade is 'abc': must be a whole number"),
        ("MAX_MARKETS_TO_TRADE", "", "selection.max_markets_to_trade is '': must be a whole number"),
        ("MAX_MARKETS_TO_TRADE", "٣", "must be a whole number"),
        ("KALSHI_ENV", "production", "venue.name is 'production': must be one of embedded, demo, prod"),
        ("EDGELOCK_STRATEGY__LOWW", "1", "fits no setting; did you mean 'EDGELOCK_STRATEGY__LOW'?"),
        ("EDGELOCK_STRATEGY", "1", "is a section; name a key of it, such as EDGELOCK_STRATEGY__BASE_SPREAD_C"),
        ("EDGELOCK_FAMILIES__NHL__LOW__X", "1", "fits no setting"),
        ("EDGELOCK_", "1", "fits no setting"),
    ],
)
def test_a_wrong_variable_is_named(desk: Desk, variable: str, text: str, end: str):
    message = desk.refusal(env={variable: text})

    assert message.startswith(f"environment variable {variable}: ")
    assert end in message


def test_a_wrong_line_of_dotenv_is_named(desk: Desk):
    assert desk.refusal(dotenv="# mode\n\nSHADOW_MODE=perhaps\n").startswith(".env:3: SHADOW_MODE: trading.shadow_mode")
    assert desk.refusal(dotenv="A=1\nhalf a secret\n") == ".env:2: is not a NAME=value line"


def test_two_names_of_one_setting_must_agree(desk: Desk):
    both = {"MAX_MARKETS_TO_TRADE": "3", "EDGELOCK_SELECTION__MAX_MARKETS_TO_TRADE": "4"}

    assert "contradict each other about selection.max_markets_to_trade" in desk.refusal(env=both)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: no such settings file; name one with --config FILE"):
        load(tmp_path / "nowhere.yaml", environ={})


def test_a_file_that_is_not_text_is_an_error(desk: Desk):
    desk.config.write_bytes(b"log: \xff\xfe")

    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        load(desk.config, environ={}, dotenv=desk.dotenv)


def test_secrets_come_from_the_environment_or_dotenv_and_are_in_no_text(desk: Desk):
    loaded = desk.load(
        dotenv="KALSHI_API_KEY_ID=from-file\nKALSHI_PRIVATE_KEY_PATH=/keys/a.pem\nDISCORD_WEBHOOK_URL=\n",
        env={"KALSHI_API_KEY_ID": "from-process", "KALSHI_PRIVATE_KEY": "-----BEGIN\\nX"},
    )

    assert loaded.secrets.api_key_id == "from-process"
    assert Path("/keys/a.pem") == loaded.secrets.private_key_path
    assert loaded.secrets.private_key_pem == "-----BEGIN\nX"
    assert loaded.secrets.discord_webhook_url is None
    assert "Secrets(hidden)" == repr(loaded.secrets) == str(loaded.secrets)
    assert not [secret for secret in ("from-process", "a.pem", "BEGIN") if secret in repr(loaded)]


def test_dotenv_does_not_touch_the_processs_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KALSHI_API_KEY_ID", raising=False)
    desk.load(dotenv="KALSHI_API_KEY_ID=in-the-file\n")

    import os

    assert "KALSHI_API_KEY_ID" not in os.environ


def test_missing_credentials_are_named(desk: Desk):
    assert desk.load().secrets.missing == ("KALSHI_API_KEY_ID", "KALSHI_PRIVATE_KEY_PATH (or KALSHI_PRIVATE_KEY)")
    assert desk.load(env={"KALSHI_API_KEY_ID": "a-key-id", "KALSHI_PRIVATE_KEY": "a-key-text"}).secrets.missing == ()


def test_a_path_may_start_at_home(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/trader")

    assert desk.load("state: {directory: ~/edgelock}").settings.state.directory == Path("/home/trader/edgelock")


@pytest.mark.parametrize("yaml", ['log: {path: "a\\0b"}', 'log: {path: ""}', "log: {path: ~nobody-at-all/x}"])
def test_a_path_that_cannot_be_one_is_an_error(desk: Desk, yaml: str):
    assert desk.refusal(yaml).startswith("settings.yaml:1: log.path is ")


def test_nesting_without_end_and_control_characters_are_errors(desk: Desk):
    assert "settings.yaml" in desk.refusal("[" * 20_000)
    assert desk.refusal("log:\n  path: \x01").startswith("settings.yaml:2: not valid YAML: ")


KEYS = st.sampled_from(["strategy", "low", "log", "families", "NHL", "series", "risk", "breaker_soft", "x", "~", "1"])
SCALARS = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text()))
TABLES = st.recursive(SCALARS, lambda below: st.dictionaries(KEYS, below), max_leaves=8)


def complaint(yaml: str = "", **variables: str) -> str | None:
    """The error's text, or None when the settings are good."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            Desk(Path(directory)).load(yaml, env=variables)
        except SettingsError as error:
            return str(error)
    return None


@given(st.one_of(st.text(), st.dictionaries(KEYS, TABLES).map(yaml_library.safe_dump)))
def test_whatever_the_file_holds_is_settings_or_one_line(text: str):
    assert len((complaint(text) or "").splitlines()) <= 1


@given(st.sampled_from(["EDGELOCK_STRATEGY__LOW", "MAX_MARKETS_TO_TRADE", "EDGELOCK_SELECTION__SERIES"]), st.text())
def test_whatever_a_variable_holds_is_a_setting_or_one_line_that_names_it(name: str, text: str):
    line = complaint(**{name: text})

    assert line is None or line.startswith(f"environment variable {name}: ")
    assert len((line or "").splitlines()) <= 1


def test_a_number_is_read_exactly_as_written(desk: Desk):
    from edgelock.ops.settings_yaml import read_yaml

    desk.config.write_text("a: 0.1\nb: 1e3\nc: '5'\nd: 007\ne: TRUE\nf: ~\n")

    values = [entry.value for entry in read_yaml(desk.config).values()]
    assert [Decimal("0.1"), Decimal("1e3"), "5", 7, True] == values
