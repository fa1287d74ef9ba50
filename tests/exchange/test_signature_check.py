"""Whose request it is: signed here with the cryptography library directly, as the venue's documents say."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from edgelock.exchange.api_key import KEY_TYPES, GeneratedKey, generate_key
from edgelock.exchange.signature_check import ApiKey, SignatureCheck, Unsigned

NOW_MS = 1_781_159_360_866
PATH = "/trade-api/v2/portfolio/balance"
KEYS = {key_type: generate_key(key_type) for key_type in KEY_TYPES}


def signed(key: GeneratedKey, text: str, *, salt: int = 32) -> str:
    private = serialization.load_pem_private_key(key.private_pem.encode(), password=None)
    if isinstance(private, Ed25519PrivateKey):
        raw = private.sign(text.encode())
    else:
        assert isinstance(private, RSAPrivateKey)
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt)
        raw = private.sign(text.encode(), pss, hashes.SHA256())
    return base64.b64encode(raw).decode()


def headers(key: GeneratedKey, *, stamp: object = NOW_MS, method: str = "GET", path: str = PATH) -> dict[str, str]:
    return {
        "KALSHI-ACCESS-KEY": key.key_id,
        "KALSHI-ACCESS-TIMESTAMP": str(stamp),
        "KALSHI-ACCESS-SIGNATURE": signed(key, f"{stamp}{method}{path}"),
    }


def check(key: GeneratedKey, sent: dict[str, str], *, method: str = "GET", path: str = PATH) -> str | Unsigned:
    keys = {key.key_id: ApiKey("ann", key.public_key)}
    return SignatureCheck(keys).account_id(sent, method, path, wall_ms=NOW_MS)


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_a_good_signature_tells_the_account(key_type: str) -> None:
    key = KEYS[key_type]
    assert check(key, headers(key)) == "ann"


@pytest.mark.parametrize("key_type", KEY_TYPES)
@pytest.mark.parametrize(("method", "path"), [("POST", PATH), ("GET", PATH + "s"), ("GET", PATH + "?limit=1")])
def test_a_signature_is_good_for_its_own_method_and_path_only(key_type: str, method: str, path: str) -> None:
    key = KEYS[key_type]
    assert check(key, headers(key), method=method, path=path) is Unsigned.BAD_SIGNATURE


@pytest.mark.parametrize("skew_ms", [-10_000, -1, 0, 1, 10_000])
def test_ten_seconds_of_skew_are_tolerated(skew_ms: int) -> None:
    key = KEYS["ed25519"]
    assert check(key, headers(key, stamp=NOW_MS + skew_ms)) == "ann"


@pytest.mark.parametrize("stamp", [NOW_MS - 10_001, NOW_MS + 10_001, "", "now", "-5", f"{NOW_MS}.5", "１７８"])
def test_a_stamp_outside_the_window_or_not_a_number_has_expired(stamp: object) -> None:
    key = KEYS["ed25519"]
    assert check(key, headers(key, stamp=stamp)) is Unsigned.TIMESTAMP_EXPIRED


def test_a_missing_signature_and_an_unknown_key_are_told_apart() -> None:
    key = KEYS["ed25519"]
    assert check(key, {}) is Unsigned.SIGNATURE_MISSING
    assert check(key, {**headers(key), "KALSHI-ACCESS-KEY": "someone"}) is Unsigned.UNKNOWN_KEY


@pytest.mark.parametrize("key_type", KEY_TYPES)
@pytest.mark.parametrize("garbage", ["AAAA", "not base64!", "ä", "===="])
def test_a_signature_of_garbage_is_bad(key_type: str, garbage: str) -> None:
    key = KEYS[key_type]
    assert check(key, {**headers(key), "KALSHI-ACCESS-SIGNATURE": garbage}) is Unsigned.BAD_SIGNATURE


def test_another_salt_length_is_refused() -> None:
    key = KEYS["rsa"]
    signature = signed(key, f"{NOW_MS}GET{PATH}", salt=20)
    assert check(key, {**headers(key), "KALSHI-ACCESS-SIGNATURE": signature}) is Unsigned.BAD_SIGNATURE


def test_the_private_key_is_not_in_the_repr() -> None:
    assert "PRIVATE" not in repr(KEYS["rsa"])
