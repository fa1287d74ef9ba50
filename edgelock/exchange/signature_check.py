"""Checking the three headers that sign a request (venue reference §2).

The signed text is `timestamp_ms + METHOD + path`, the path without its query. RSA keys sign with PSS, SHA-256 and a
salt of 32 bytes; Ed25519 keys sign the text itself. The timestamp is compared with the machine's wall clock, whatever
the exchange's own clock says: that is what a client signs with.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

KEY_HEADER = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER = "KALSHI-ACCESS-SIGNATURE"

SCOPES = ("read", "write", "write::trade")
"""What a key may be allowed: reads, all writes, orders only."""

PublicKey = RSAPublicKey | Ed25519PublicKey
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


class Unsigned(Enum):
    """Why a request counts as nobody's."""

    SIGNATURE_MISSING = "signature missing"
    TIMESTAMP_EXPIRED = "timestamp expired"
    UNKNOWN_KEY = "unknown key"
    BAD_SIGNATURE = "bad signature"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that members sign with. Only its public half is here."""

    account_id: str
    public_key: PublicKey
    scopes: tuple[str, ...] = ("read", "write")

    @property
    def may_read(self) -> bool:
        """Whether private reads are allowed."""
        return "read" in self.scopes

    @property
    def may_trade(self) -> bool:
        """Whether orders and order groups may be changed."""
        return not {"write", "write::trade"}.isdisjoint(self.scopes)


class SignatureCheck:
    """Tells whose a request is.

    attested_until_s  Unix seconds at which the members' location attestation ends; None when there never was one
    """

    def __init__(
        self, keys: Mapping[str, ApiKey], *, tolerance_ms: int = 10_000, attested_until_s: int | None = None
    ) -> None:
        self._keys = keys
        self._tolerance_ms = tolerance_ms
        self.attested_until_s = attested_until_s

    def keys_of(self, account_id: str) -> dict[str, ApiKey]:
        """A member's keys by id."""
        return {key_id: key for key_id, key in self._keys.items() if key.account_id == account_id}

    def key(self, headers: Mapping[str, str]) -> ApiKey | None:
        """The key that a request names, whether or not it signed it."""
        return self._keys.get(headers.get(KEY_HEADER, ""))

    def account_id(self, headers: Mapping[str, str], method: str, path: str, *, wall_ms: int) -> str | Unsigned:
        """The account that signed this request, or why none did."""
        signature = headers.get(SIGNATURE_HEADER)
        stamp = headers.get(TIMESTAMP_HEADER, "")
        if not signature:
            return Unsigned.SIGNATURE_MISSING
        if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp) - wall_ms) > self._tolerance_ms:
            return Unsigned.TIMESTAMP_EXPIRED
        key = self._keys.get(headers.get(KEY_HEADER, ""))
        if key is None:
            return Unsigned.UNKNOWN_KEY
        text = f"{stamp}{method}{path}".encode()
        return key.account_id if _is_valid(key.public_key, signature, text) else Unsigned.BAD_SIGNATURE


def _is_valid(key: PublicKey, signature: str, text: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, Ed25519PublicKey):
            key.verify(raw, text)
        else:
            key.verify(raw, text, _PSS, hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
