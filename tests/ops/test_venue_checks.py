"""What the pre-flight makes of a venue's answers, over real sockets to a venue on loopback."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgelock.kalshi.signing import Credentials
from edgelock.ops.check_result import CheckResult
from edgelock.ops.settings import Settings
from edgelock.ops.venue_address import VenueAddress
from edgelock.ops.venue_checks import venue_checks
from tests.ops.stand_in_venue import KEY_ID, StandInVenue, not_found, refusal

CREDENTIALS = Credentials(KEY_ID, Ed25519PrivateKey.generate()).read_only()
HOUR_S = 3600


@pytest.fixture
def venue() -> Iterator[StandInVenue]:
    with StandInVenue() as stand_in:
        yield stand_in


def rows(venue: StandInVenue, **sections: object) -> dict[str, CheckResult]:
    live = {"trading": {"live_trading_enabled": True}, **sections}
    found = venue_checks(Settings.model_validate(live), venue.addresses["prod"], CREDENTIALS)
    return {row.check: row for row in found}


def test_a_good_account_passes_every_row_and_nothing_but_reads_is_sent(venue):
    found = rows(venue)

    assert {row.check: row.outcome for row in found.values()} == {
        "network": "pass",
        "clock skew": "pass",
        "API key": "pass",
        "key rights": "pass",
        "location": "pass",
        "balance": "pass",
        "rate tier": "pass",
        "series NHL": "pass",
    }
    assert {method for method, _ in venue.asked} == {"GET"}
    assert found["key rights"].detail == "1111… has the scopes read, write::trade"
    assert found["series NHL"].detail == (
        "KXNHLGAME quadratic_with_maker_fees × 1 (taker 7 %, maker 1.75 %), 1 open markets, tick 1 ¢"
    )
    assert not any(KEY_ID in row.detail + row.remedy for row in found.values())


def test_a_key_of_the_other_environment_is_not_known_and_the_row_says_why(venue):
    venue.known_key = "somebody-elses"

    found = rows(venue)

    assert found["API key"].outcome == "fail"
    assert found["API key"].detail == ("the key 1111… is not known at prod; keys are not shared between demo and prod")
    assert list(found) == ["network", "clock skew", "API key"]


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (not_found(), "is not known at prod"),
        ((401, refusal("authentication_error", "INCORRECT_API_KEY_SIGNATURE")), "private key is not the one that"),
        ((401, refusal("header_timestamp_expired")), "refuses our signatures because the clocks differ"),
        ((403, refusal("forbidden")), "prod refuses 1111…: 403 forbidden"),
        ((200, {"odd": 1}), "could not be tried"),
    ],
)
def test_every_refusal_of_the_key_has_its_own_reason(venue, answer, part):
    venue.answers["/account/limits"] = answer

    assert part in rows(venue)["API key"].detail


def key(**changes: object) -> dict[str, object]:
    return {"api_key_id": KEY_ID, "name": "bot", "scopes": ["read", "write"], **changes}


@pytest.mark.parametrize(
    ("keys", "outcome", "part"),
    [
        ([key()], "pass", "read, write"),
        ([key(scopes=["read", "a_new_one", "write::trade"])], "pass", "a_new_one"),
        ([key(subaccount=0)], "pass", "read"),
        ([key(scopes=["read"])], "fail", "has the scopes read; trading needs write or write::trade"),
        ([key(scopes=["read", "write::transfer"])], "fail", "trading needs write"),
        ([key(scopes=["write"])], "fail", "reading needs read"),
        ([key(scopes=[])], "fail", "has the scopes none"),
        ([key(subaccount=3)], "fail", "subaccount 3 alone"),
        ([key(fcm_subtrader_id="x_1")], "fail", "a subtrader's"),
        ([key(api_key_id="other-key")], "fail", "does not list 1111…"),
        ([], "fail", "does not list 1111…"),
        ("many", "fail", "could not be read"),
    ],
)
def test_the_keys_rights_are_read_from_the_account(venue, keys, outcome, part):
    venue.answers["/api_keys"] = (200, {"api_keys": keys})

    found = rows(venue)["key rights"]

    assert (found.outcome, part in found.detail) == (outcome, True)


def test_paper_needs_no_right_to_trade(venue):
    venue.answers["/api_keys"] = (200, {"api_keys": [key(scopes=["read"])]})

    assert rows(venue, trading={"live_trading_enabled": False})["key rights"].outcome == "pass"


@pytest.mark.parametrize(
    ("in_s", "outcome", "part"),
    [
        (30 * 24 * HOUR_S, "pass", "attested until"),
        (HOUR_S, "warn", "less than a day"),
        (-1, "fail", "lapsed at"),
        (None, "warn", "never attested"),
    ],
)
def test_a_lapsed_location_attestation_fails(venue, in_s, outcome, part):
    body = {"api_keys": [key()]}
    venue.answers["/api_keys"] = (
        200,
        body if in_s is None else {**body, "api_key_region_expiration_ts": int(time.time()) + in_s},
    )

    found = rows(venue)["location"]

    assert (found.outcome, part in found.detail) == (outcome, True)


@pytest.mark.parametrize("offset_s", [-40, 40])
def test_a_clock_that_is_surely_off_fails(venue, offset_s):
    venue.date_offset_s = offset_s

    found = rows(venue)["clock skew"]

    assert found.outcome == "fail"
    assert "more than risk.max_clock_skew_ms 1000" in found.detail


def held(net: str) -> dict[str, object]:
    return {
        "ticker": "T",
        "position_fp": net,
        "market_exposure_dollars": "1.000000",
        "realized_pnl_dollars": "0.000000",
        "fees_paid_dollars": "0.000000",
    }


@pytest.mark.parametrize(
    ("cash", "positions", "outcome", "part"),
    [
        ("1000.0000", [], "pass", "$1,000.00 available, 0 open positions; the limits allow $51.50 at risk"),
        ("51.4999", [], "warn", "$51.49 available"),
        ("0.0100", [], "fail", "one contract costs up to $0.35"),
        ("0.0100", [held("-3.00")], "warn", "1 open positions"),
        ("0.0100", [held("0.00")], "fail", "0 open positions"),
    ],
)
def test_cash_below_the_worst_case_warns_and_no_cash_fails_unless_a_position_must_be_managed(
    venue, cash, positions, outcome, part
):
    venue.answers["/portfolio/balance"] = (200, {"balance_dollars": cash})
    venue.answers["/portfolio/positions"] = (200, {"market_positions": positions, "event_positions": [], "cursor": ""})

    found = rows(venue)["balance"]

    assert (found.outcome, part in found.detail) == (outcome, True), found


def test_a_tier_too_small_for_the_markets_warns_and_one_without_room_for_an_entry_fails(venue):
    assert rows(venue, selection={"max_markets_to_trade": 50})["rate tier"].outcome == "warn"
    assert rows(venue, risk={"exit_token_reserve": 75})["rate tier"].outcome == "fail"
    assert rows(venue)["rate tier"].outcome == "pass"


def test_a_series_that_the_venue_does_not_have_fails_and_one_that_cannot_be_read_fails(venue):
    assert rows(venue, selection={"series": ["NFL"]})["series NFL"].detail == "the venue has none of KXNFLGAME, NFL"
    assert rows(venue, selection={"series": ["other"]})["series other"].outcome == "skipped"
    venue.answers["/markets"] = (200, {"odd": 1})
    assert rows(venue)["series NHL"].outcome == "fail"


def test_a_paused_exchange_warns(venue):
    venue.answers["/exchange/status"] = (200, {"exchange_active": True, "trading_active": False})

    assert (rows(venue)["network"].outcome, rows(venue)["balance"].outcome) == ("warn", "pass")


@pytest.mark.parametrize("answer", [(503, {"error": "maintenance"}), (200, {"odd": 1}), (302, {})])
def test_something_else_at_the_address_is_not_the_venue(venue, answer):
    venue.answers["/exchange/status"] = answer

    found = rows(venue)

    assert found["network"].detail.startswith("venue not reachable: 127.0.0.1 does not answer like the venue")
    assert found["API key"].outcome == "skipped"
    assert [path for _, path in venue.asked if path != "/exchange/status"] == []


def test_nobody_at_the_address_is_told_as_not_reachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        nobody = VenueAddress("prod", f"http://127.0.0.1:{port}/trade-api/v2", f"ws://127.0.0.1:{port}/x")

        first = next(venue_checks(Settings(), nobody, CREDENTIALS))

    assert first.outcome == "fail"
    assert first.detail.startswith("venue not reachable: 127.0.0.1: GET /exchange/status: ")


def test_a_name_that_does_not_resolve_in_time_is_told_as_not_reachable(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr("edgelock.ops.venue_checks.NAME_TIMEOUT_S", 0.05)
    monkeypatch.setattr("edgelock.ops.venue_checks.socket.getaddrinfo", lambda *_, **__: never.wait(5))
    prod = VenueAddress("prod", "https://external-api.kalshi.com/trade-api/v2", "wss://external-api-ws.kalshi.com/x")

    first = next(venue_checks(Settings(), prod, CREDENTIALS))

    never.set()
    assert first.detail == "venue not reachable: the name external-api.kalshi.com could not be resolved"
