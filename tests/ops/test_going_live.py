"""Who may begin: a run is refused before anything starts, and a live one by the first check that fails."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edgelock.core.settings import StrategySettings
from edgelock.core.units import Money, Price, Timestamp
from edgelock.kalshi.rest import KalshiRest
from edgelock.ops.going_live import approved, live_risk, live_risk_text, told_risk
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import Settings
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import open_venue
from tests.ops.stand_in_venue import KEY_ID, StandInVenue, refusal

PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
NOON = Timestamp(1_795_363_200_000_000_000)


@pytest.fixture
def venue() -> Iterator[StandInVenue]:
    with StandInVenue() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    key = tmp_path / "key.pem"
    key.write_bytes(PEM)
    key.chmod(0o600)
    return tmp_path


def options(name: str, *, live: bool, **sections: object) -> RunOptions:
    given = {"venue": {"name": name}, "trading": {"live_trading_enabled": live}, **sections}
    return RunOptions(
        settings=Settings.model_validate(given),
        secrets=Secrets(api_key_id=KEY_ID, private_key_path=Path("key.pem")),
        config_path=Path("settings.yaml"),
        command_line={},
        duration=None,
        log_path=Path("log.jsonl"),
        append=False,
        live_view=False,
        markets=(),
        recording=None,
        crash_market=(),
        exchange_log=None,
        exchange_ledger=None,
        faults=None,
    )


def refused(given: RunOptions, venue: StandInVenue) -> str:
    with pytest.raises(UserError) as caught:
        approved(given, addresses=venue.addresses)
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert "\n" not in text
    assert KEY_ID not in text
    return text


@pytest.mark.parametrize("name", ["demo", "prod"])
def test_live_begins_with_every_row_of_the_check(name, venue):
    found = {row.check: row.outcome for row in approved(options(name, live=True), addresses=venue.addresses).preflight}

    assert set(found.values()) <= {"pass", "warn", "skipped"}
    assert {"TP math", "Circuit breaker", "mode", "private key", "credentials", "network", "API key", "balance"} <= set(
        found
    )
    assert {method for method, _ in venue.asked} == {"GET"}


@pytest.mark.parametrize("name", ["demo", "prod"])
@pytest.mark.parametrize(
    ("path", "answer", "line"),
    [
        ("/account/limits", (401, refusal("authentication_error", "NOT_FOUND")),
         "API key: the key 1111… is not known at {0}; keys are not shared between demo and prod; use a key that was "
         "made at {0}"),
        ("/api_keys", (200, {"api_keys": [{"api_key_id": KEY_ID, "name": "n", "scopes": ["read"]}]}),
         "key rights: 1111… has the scopes read; trading needs write or write::trade; make a key with read and "
         "write::trade"),
        ("/portfolio/balance", (200, {"balance_dollars": "0.0000"}),
         "balance: $0.00 available, 0 open positions; one contract costs up to $0.35; add cash to the account"),
        ("/series/KXNHLGAME", (404, refusal("not_found")),
         "series NHL: the venue has none of KXNHLGAME, NHL; mend families.NHL.series"),
    ],
)  # fmt: skip
def test_live_is_refused_in_one_line_by_a_failing_check(name, path, answer, line, venue):
    venue.answers[path] = answer

    assert refused(options(name, live=True), venue) == f"live trading on {name} is refused: {line.format(name)}"


def test_every_row_of_the_check_is_explained_in_the_document(venue):
    text = (Path(__file__).parents[2] / "docs" / "going-live.md").read_text(encoding="utf-8")
    core = {row.check for row in approved(options("embedded", live=True)).preflight}

    rows = {row.check for row in approved(options("prod", live=True), addresses=venue.addresses).preflight} - core

    assert {row for row in rows if row.split(" NHL")[0] not in text} == set()


def test_a_lapsed_attestation_and_a_clock_that_is_off_refuse_live(venue):
    keys = {"api_keys": [{"api_key_id": KEY_ID, "name": "n", "scopes": ["read", "write"]}]}
    venue.answers["/api_keys"] = (200, {**keys, "api_key_region_expiration_ts": int(time.time()) - 60})
    assert "location: the location attestation lapsed at" in refused(options("prod", live=True), venue)

    venue.date_offset_s = 40
    assert "clock skew: this machine's clock is between" in refused(options("prod", live=True), venue)


def test_a_file_that_others_may_read_refuses_live_before_the_venue_is_asked(venue):
    Path("key.pem").chmod(0o644)

    assert refused(options("prod", live=True), venue) == (
        "live trading on prod is refused: private key: key.pem may be read by others (mode 0644); chmod 600 key.pem"
    )
    assert venue.asked == []


def test_a_changed_rule_refuses_live_on_every_venue_and_not_paper(monkeypatch, venue):
    def too_near(_settings: StrategySettings, tick: Price) -> Price:
        return Price(6 * tick)

    monkeypatch.setattr("edgelock.ops.core_checks.take_profit_offset", too_near)

    for name in ("embedded", "demo", "prod"):
        assert f"live trading on {name} is refused: TP math: " in refused(options(name, live=True), venue)
    assert approved(options("embedded", live=False), addresses=venue.addresses).preflight[0].outcome == "fail"


def test_live_on_the_embedded_exchange_needs_the_core_checks_only(venue):
    Path("key.pem").chmod(0o644)

    found = approved(options("embedded", live=True), addresses=venue.addresses).preflight

    assert len(found) == 5
    assert venue.asked == []


def test_paper_and_shadow_need_of_a_real_venue_only_that_it_answers_and_knows_the_key(venue):
    venue.answers["/portfolio/balance"] = (200, {"balance_dollars": "0.0000"})
    paper = options("prod", live=False)
    shadow = options("prod", live=True, trading={"live_trading_enabled": True, "shadow_mode": True})

    for given in (paper, shadow):
        found = {row.check: row.outcome for row in approved(given, addresses=venue.addresses).preflight}
        assert (found["API key"], found["balance"]) == ("pass", "fail")

    venue.known_key = "another"
    assert refused(paper, venue).startswith("API key: the key 1111… is not known at prod")


def test_what_is_at_risk_is_told_with_a_short_key_and_every_limit():
    given = options("prod", live=True, selection={"series": ["NHL", "NFL"]})

    risk = live_risk(given, key_id=KEY_ID, balance=Money(1_234_567_800), at=NOON)

    assert (risk.venue, risk.account, risk.exposure, risk.daily_loss) == ("prod", "1111…", 51_500_000, 50_000_000)
    assert live_risk_text(risk).splitlines() == [
        "LIVE on prod with key 1111…: orders are real",
        "  balance     $1,234.56",
        "  at risk     at most $51.50: 100 contracts at up to 48¢ and 3.5¢ of fees",
        "  one order   at most $100.00",
        "  daily loss  entries stop at -$50.00",
        "  markets     up to 8 of NHL, NFL",
    ]
    named = replace(given, markets=("T1", "T2"))
    assert live_risk(named, key_id=KEY_ID, balance=Money(0), at=NOON).markets == ("T1", "T2")
    assert live_risk_text(replace(risk, markets=tuple("ABCDEFGHIJ"))).endswith("A, B, C, D, E, F, G, H and 2 more")


def test_the_balance_is_read_and_told_to_a_person_before_the_table_begins(
    venue: StandInVenue, capsys: pytest.CaptureFixture[str]
):
    given = options("prod", live=True)
    opened = open_venue(given, told=lambda _line: None, addresses=venue.addresses)
    rest = KalshiRest(opened.rest_url, opened.credentials, rng=random.Random(1))

    try:
        assert told_risk(given, opened, rest).balance == 1_234_567_800
        assert capsys.readouterr().err == ""
        told_risk(replace(given, live_view=True), opened, rest)
        assert capsys.readouterr().err.startswith("LIVE on prod with key 1111…: orders are real\n")
        venue.answers["/portfolio/balance"] = (200, {"odd": 1})
        with pytest.raises(UserError, match="the account's balance could not be read: "):
            told_risk(given, opened, rest)
    finally:
        rest.close()
