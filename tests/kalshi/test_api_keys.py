"""The account's keys, read from the body that the venue's own models describe."""

import json

import pytest

from edgelock.core.units import SECOND
from edgelock.kalshi.api_keys import read_api_keys
from edgelock.kalshi.wire import WireError

KEY = {"api_key_id": "k1", "name": "n", "scopes": ["read", "write::trade"]}


def read(**body: object):
    return read_api_keys(json.dumps(body).encode())


def test_keys_are_read_with_what_they_may_do():
    found = read(api_keys=[KEY, {**KEY, "api_key_id": "k2", "scopes": ["write"], "subaccount": 0}])

    first, second = found.of("k1"), found.of("k2")
    assert first is not None
    assert second is not None
    assert (first.may_trade, first.may_read, first.subaccount, first.is_subtraders) == (True, True, None, False)
    assert (second.may_trade, second.may_read, second.subaccount) == (True, False, 0)
    assert (found.of("k3"), found.attested_until) == (None, None)


def test_the_attestation_is_in_unix_seconds():
    assert read(api_keys=[], api_key_region_expiration_ts=1_790_000_000).attested_until == 1_790_000_000 * SECOND


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"api_keys": None},
        {"api_keys": [{**KEY, "scopes": None}]},
        {"api_keys": [{**KEY, "api_key_id": ""}]},
        {"api_keys": [{"name": "n", "scopes": []}]},
        {"api_keys": [{**KEY, "subaccount": "0"}]},
        {"api_keys": [], "api_key_region_expiration_ts": "2026-01-01"},
        {"api_keys": [], "api_key_region_expiration_ts": -1},
    ],
)
def test_a_body_that_is_not_the_protocols_is_an_error_and_never_a_default(body):
    with pytest.raises(WireError, match="GET /api_keys"):
        read(**body)
