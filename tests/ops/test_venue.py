"""Where a run trades: its addresses, its key and its clock, or one line that says why not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edgelock.actors.clock import wall_clock_ns
from edgelock.core.units import SECOND
from edgelock.ops.embedded_process import exchange_command, start_exchange
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import Settings
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import open_venue
from edgelock.ops.venue_address import KALSHI, VenueAddress

KEY_ID = "11112222-3333-4444-5555-666677778888"


def options(venue: str, *, live: bool = False, **secrets: object) -> RunOptions:
    sections = {"venue": {"name": venue}, "embedded": {"speed": 60}, "trading": {"live_trading_enabled": live}}
    return RunOptions(
        settings=Settings.model_validate(sections),
        secrets=Secrets(api_key_id=KEY_ID, **secrets),  # type: ignore[arg-type]
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


@pytest.fixture(scope="module")
def pem() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def said(_line: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(("name", "part"), [("demo", "demo.kalshi"), ("prod", "api.kalshi.com")])
def test_a_remote_venue_has_its_own_addresses_and_real_time(name, part, pem):
    venue = open_venue(options(name, private_key_pem=pem), told=said)

    assert part in venue.rest_url
    assert venue.rest_url.startswith("https://")
    assert venue.ws_url.startswith("wss://")
    assert (venue.clock.speed, venue.child) == (1, None)
    assert abs(venue.clock.now() - wall_clock_ns()) < 60 * SECOND
    venue.close()


def test_the_key_may_be_a_file(pem, tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(pem)
    path.chmod(0o600)

    assert open_venue(options("demo", private_key_path=path), told=said).credentials is not None


def test_a_key_that_cannot_be_read_is_one_line_without_the_key():
    with pytest.raises(UserError) as refused:
        open_venue(options("demo", private_key_pem="no key at all"), told=said)

    assert "KALSHI_PRIVATE_KEY" in str(refused.value)
    assert "no key at all" not in str(refused.value)


@pytest.mark.parametrize("name", ["demo", "prod"])
def test_only_live_mode_is_given_credentials_that_can_trade(name, pem):
    paper = open_venue(options(name, private_key_pem=pem), told=said)
    live = open_venue(options(name, live=True, private_key_pem=pem), told=said)

    assert paper.trading_credentials is None
    assert live.trading_credentials is not None
    assert live.trading_credentials.may_trade
    assert not paper.credentials.may_trade
    assert not live.credentials.may_trade


def test_a_test_may_bring_its_own_venue_and_nobody_may_bring_another_host(pem):
    here = {"prod": VenueAddress("prod", "http://127.0.0.1:1/trade-api/v2", "ws://127.0.0.1:1/trade-api/ws/v2")}

    assert open_venue(options("prod", private_key_pem=pem), told=said, addresses=here).rest_url == here["prod"].rest_url
    for url in ("https://example.org/x", KALSHI["demo"].rest_url, "http://external-api.kalshi.com/trade-api/v2"):
        with pytest.raises(ValueError, match="is not a host of prod"):
            VenueAddress("prod", url, KALSHI["prod"].ws_url)


def ready_line(pem: str, **changes: object) -> str:
    """What an exchange prints when it is ready."""
    ready = {
        "rest_url": "http://127.0.0.1:1/trade-api/v2",
        "ws_url": "ws://127.0.0.1:1/trade-api/ws/v2",
        "api_key_id": KEY_ID,
        "private_key_pem": pem,
        "clock": {"origin_ns": 1, "anchor_wall_ns": 1, "speed": 1},
        "markets": [],
    }
    return json.dumps({**ready, **changes})


@pytest.mark.parametrize("field", ["rest_url", "ws_url"])
def test_an_exchange_that_runs_already_must_be_on_this_machine(field, pem, tmp_path):
    path = tmp_path / "ready.json"
    path.write_text(ready_line(pem, **{field: KALSHI["prod"].rest_url}))

    with pytest.raises(UserError, match="is not on this machine; demo and prod are chosen with KALSHI_ENV"):
        open_venue(replace(options("embedded", live=True), exchange=path), told=said)


def test_an_exchange_that_ran_is_told_to_be_gone(pem, tmp_path):
    path = tmp_path / "ready.json"
    path.write_text(ready_line(pem))

    with pytest.raises(UserError, match=r"the exchange at http://127\.0\.0\.1:1/trade-api/v2 does not answer"):
        open_venue(replace(options("embedded"), exchange=path), told=said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "JSONDecodeError"),
        ("[]", "it is not a JSON object"),
        ("{}", "KeyError: 'clock'"),
        ("{", "JSONDecodeError"),
    ],
)
def test_a_file_that_no_exchange_wrote_is_one_line(text, why, tmp_path):
    path = tmp_path / "ready.json"
    path.write_text(text)

    with pytest.raises(UserError) as refused:
        open_venue(replace(options("embedded"), exchange=path), told=said)

    assert str(refused.value).startswith(f"--exchange {path}: not the line that python run.py exchange prints")
    assert why in str(refused.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"--exchange .*ready\.json: No such file or directory"):
        open_venue(replace(options("embedded"), exchange=tmp_path / "ready.json"), told=said)


def test_two_runs_on_one_exchange_share_its_clock_and_leave_it_running(tmp_path):
    alone = [word for word in exchange_command(options("embedded").settings.embedded) if word != "--hold-clock"]
    exchange, ready = start_exchange(alone, told=said)
    try:
        clock = {"origin_ns": ready.origin_ns, "anchor_wall_ns": ready.anchor_wall_ns, "speed": int(ready.speed)}
        assert ready.private_key_pem is not None
        path = tmp_path / "ready.json"
        path.write_text(ready_line(ready.private_key_pem, rest_url=ready.rest_url, ws_url=ready.ws_url, clock=clock))

        first, second = (open_venue(replace(options("embedded"), exchange=path), told=said) for _ in range(2))
        apart = abs(second.clock.now() - first.clock.now())
        first.close()
        second.close()

        assert ready.origin_ns < first.clock.now()
        assert apart < 60 * SECOND
        assert (first.child, exchange.exit_code) == (None, None)
    finally:
        exchange.stop()


def test_the_embedded_venue_is_a_process_with_markets_and_a_clock_of_its_own():
    venue = open_venue(options("embedded"), told=said)
    try:
        assert venue.child is not None
        assert venue.child.exit_code is None
        assert (venue.clock.speed, bool(venue.markets)) == (60, True)
        assert venue.rest_url.startswith("http://127.0.0.1:")
    finally:
        venue.close()

    assert venue.child.exit_code is not None


def test_an_embedded_exchange_that_is_gone_is_one_line_and_no_traceback():
    venue = open_venue(options("embedded"), told=said)
    venue.close()

    with pytest.raises(UserError, match="the embedded exchange does not answer"):
        venue.release_clock()
