"""Where a run trades: its addresses, its key and its clock, or one line that says why not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edgelock.actors.clock import wall_clock_ns
from edgelock.core.units import SECOND
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


@pytest.mark.parametrize("field", ["rest_url", "ws_url"])
def test_an_exchange_that_runs_already_must_be_on_this_machine(field, pem, tmp_path):
    ready = {
        "rest_url": "http://127.0.0.1:1/trade-api/v2",
        "ws_url": "ws://127.0.0.1:1/trade-api/ws/v2",
        "api_key_id": KEY_ID,
        "private_key_pem": pem,
        "clock": {"origin_ns": 1, "anchor_wall_ns": 1, "speed": 1},
        "markets": [],
    }
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({**ready, field: KALSHI["prod"].rest_url}))

    with pytest.raises(UserError, match="is not on this machine; demo and prod are chosen with KALSHI_ENV"):
        open_venue(replace(options("embedded", live=True), exchange=path), told=said)


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
