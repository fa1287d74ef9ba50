"""Signatures, checked by the cryptography library as the venue would check them."""

import base64
import copy

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from edgelock.kalshi.signing import (
    CredentialError,
    Credentials,
    credentials_from_file,
    credentials_from_pem,
)

KEY_ID = "11112222-3333-4444-5555-666677778888"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()


def pem_of(key, encryption=None, form=PrivateFormat.PKCS8):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def test_an_rsa_signature_verifies_with_pss_sha256_and_a_salt_of_32():
    headers = Credentials(KEY_ID, RSA_KEY).headers("get", "/trade-api/v2/portfolio/balance?subaccount=0", 1703123456789)

    assert headers["KALSHI-ACCESS-KEY"] == KEY_ID
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == "1703123456789"
    RSA_KEY.public_key().verify(
        base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"], validate=True),
        b"1703123456789GET/trade-api/v2/portfolio/balance",
        padding.PSS(padding.MGF1(hashes.SHA256()), 32),
        hashes.SHA256(),
    )


def test_an_ed25519_signature_verifies_and_covers_the_timestamp():
    headers = Credentials(KEY_ID, ED25519_KEY).headers("POST", "/trade-api/v2/portfolio/events/orders", 17)
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"])

    ED25519_KEY.public_key().verify(signature, b"17POST/trade-api/v2/portfolio/events/orders")
    with pytest.raises(InvalidSignature):
        ED25519_KEY.public_key().verify(signature, b"18POST/trade-api/v2/portfolio/events/orders")


@pytest.mark.parametrize(
    "pem", [pem_of(RSA_KEY), pem_of(RSA_KEY, form=PrivateFormat.TraditionalOpenSSL), pem_of(ED25519_KEY)]
)
def test_keys_are_read_from_a_file_and_from_text_with_written_line_breaks(pem, tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(pem)
    path.chmod(0o600)

    from_file = credentials_from_file(KEY_ID, path)
    from_text = credentials_from_pem(KEY_ID, pem.decode().replace("\n", "\\n"), source="KALSHI_PRIVATE_KEY")

    assert from_file.key_id == from_text.key_id == KEY_ID


def test_repr_shows_a_short_id_and_no_key():
    credentials = Credentials(KEY_ID, ED25519_KEY)

    assert repr(credentials) == "Credentials(1111…)"
    with pytest.raises(TypeError):
        copy.deepcopy(credentials)


@pytest.mark.parametrize(
    ("pem", "complaint"),
    [
        (b"", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n", "no private key"),
        (pem_of(RSA_KEY, BestAvailableEncryption(b"secret")), "encrypted"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
        (RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "a public key"),
    ],
)
def test_a_key_that_cannot_be_used_is_one_clear_error_without_the_key(pem, complaint, tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(pem)
    path.chmod(0o600)

    with pytest.raises(CredentialError, match=complaint) as caught:
        credentials_from_file(KEY_ID, path)

    assert str(path) in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(CredentialError, match=r"key file .*absent\.pem does not exist"):
        credentials_from_file(KEY_ID, tmp_path / "absent.pem")


@pytest.mark.parametrize("key_id", ["", "has space", "zeile\n"])
def test_an_odd_key_id_is_refused(key_id):
    with pytest.raises(CredentialError, match="API key id"):
        Credentials(key_id, ED25519_KEY)


def test_a_key_file_that_others_may_use_is_not_read(tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(pem_of(ED25519_KEY))
    path.chmod(0o640)

    with pytest.raises(
        CredentialError, match=rf"key file {path} may be read by others \(mode 0640\); chmod 600 {path}"
    ):
        credentials_from_file(KEY_ID, path)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH", "post", "HEAD", ""])
def test_read_only_credentials_sign_nothing_that_could_trade(method):
    credentials = Credentials(KEY_ID, ED25519_KEY).read_only()

    with pytest.raises(CredentialError, match="read-only credentials do not sign"):
        credentials.headers(method, "/trade-api/v2/portfolio/events/orders?subaccount=0", 17)

    assert repr(credentials) == "Credentials(1111…, read-only)"
    assert not credentials.read_only().may_trade


def test_read_only_credentials_sign_reads_and_the_sockets_handshake():
    headers = Credentials(KEY_ID, ED25519_KEY).read_only().headers("GET", "/trade-api/ws/v2", 17)

    ED25519_KEY.public_key().verify(base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), b"17GET/trade-api/ws/v2")
