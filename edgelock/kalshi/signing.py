"""Signed requests: who we are, and the three headers that prove it.

The venue signs `timestamp in ms + METHOD + path`, the path from the root and without its query: RSA keys with
RSA-PSS, SHA-256 and a salt as long as the digest, Ed25519 keys directly. Host and body are not signed.
Source: venue reference §2.1 (read 2026-11-22).
"""

import base64
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edgelock.kalshi.private_file import PrivateFileError, read_private_file

KEY_HEADER = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER = "KALSHI-ACCESS-SIGNATURE"

_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)


class CredentialError(ValueError):
    """The key cannot be used; the text names where it came from and what was wrong, and never the key."""


class Credentials:
    """A key id and its private key. Neither `repr` nor an error shows the key; the id is shortened.

    may_trade  whether anything but a GET is signed. Whoever must not trade is given `read_only` ones.
    """

    __slots__ = ("_private_key", "key_id", "may_trade")

    def __init__(self, key_id: str, private_key: RSAPrivateKey | Ed25519PrivateKey, *, may_trade: bool = True) -> None:
        if not key_id or not key_id.isascii() or not key_id.isprintable() or " " in key_id:
            raise CredentialError("the API key id is empty, or holds spaces or characters that no key id has")
        self.key_id = key_id
        self.may_trade = may_trade
        self._private_key = private_key

    def __repr__(self) -> str:
        return f"Credentials({self.key_id[:4]}…{'' if self.may_trade else ', read-only'})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("credentials are not to be pickled or copied")

    def read_only(self) -> "Credentials":
        """The same key for reading and for the sockets: these sign GET and nothing else."""
        return Credentials(self.key_id, self._private_key, may_trade=False)

    def headers(self, method: str, path: str, timestamp_ms: int) -> dict[str, str]:
        """The three headers of one request, good for a few seconds around `timestamp_ms` (Unix milliseconds).

        `path` is what goes over the wire, percent-encoding and all; a query behind it is left out of the signature.
        Raises CredentialError for anything but a GET when these credentials are read-only.
        """
        if not self.may_trade and method.upper() != "GET":
            raise CredentialError(f"read-only credentials do not sign {method.upper()} {path.split('?', 1)[0]}")
        signed = f"{timestamp_ms}{method.upper()}{path.split('?', 1)[0]}".encode()
        return {
            KEY_HEADER: self.key_id,
            TIMESTAMP_HEADER: str(timestamp_ms),
            SIGNATURE_HEADER: base64.b64encode(self._sign(signed)).decode("ascii"),
        }

    def _sign(self, text: bytes) -> bytes:
        if isinstance(self._private_key, Ed25519PrivateKey):
            return self._private_key.sign(text)
        return self._private_key.sign(text, _PSS, hashes.SHA256())


def credentials_from_file(key_id: str, path: Path) -> Credentials:
    """Credentials from a PEM file of ours alone. Raises CredentialError naming the file and what was wrong with it."""
    try:
        pem = read_private_file(path)
    except PrivateFileError as error:
        raise CredentialError(f"key file {error}") from None
    return credentials_from_pem(key_id, pem, source=f"key file {path}")


def credentials_from_pem(key_id: str, pem: bytes | str, *, source: str) -> Credentials:
    """Credentials from PEM text. `source` says in the error where the text came from, such as a variable's name.

    A key handed over in an environment variable often has its line breaks written as backslash-n; both are read.
    """
    text = pem.encode() if isinstance(pem, str) else pem
    if b"-----BEGIN PUBLIC KEY" in text or b"-----BEGIN CERTIFICATE" in text:
        raise CredentialError(f"{source} holds a public key; the private key that belongs to it is needed")
    if b"\n" not in text.strip():
        text = text.replace(b"\\n", b"\n")
    try:
        key = load_pem_private_key(text.strip() + b"\n", password=None)
    except TypeError:
        raise CredentialError(f"{source} is encrypted; a key without a passphrase is needed") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(f"{source} holds no private key in PEM form that can be read") from None
    if not isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)):
        raise CredentialError(f"{source} holds a key that is neither RSA nor Ed25519")
    return Credentials(key_id, key)
