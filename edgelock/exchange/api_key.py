"""Making the key that a client of the embedded exchange signs with."""

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgelock.exchange.signature_check import PublicKey

KEY_TYPES = ("rsa", "ed25519")


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A fresh key pair; the private half stays out of its repr."""

    key_id: str
    public_key: PublicKey
    private_pem: str = field(repr=False)


def generate_key(key_type: str) -> GeneratedKey:
    """A key of one of KEY_TYPES. Raises ValueError for another type."""
    private: rsa.RSAPrivateKey | Ed25519PrivateKey
    if key_type == "rsa":
        private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    elif key_type == "ed25519":
        private = Ed25519PrivateKey.generate()
    else:
        raise ValueError(f"key type {key_type!r} is not one of {', '.join(KEY_TYPES)}")
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return GeneratedKey(key_id=str(uuid.uuid4()), public_key=private.public_key(), private_pem=pem.decode())


def write_private_key(path: Path, key: GeneratedKey) -> None:
    """Write the private key where only its owner can read it. Raises OSError when it cannot be written."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.private_pem)
