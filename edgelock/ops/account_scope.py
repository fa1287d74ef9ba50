"""Which account and world a record in the journal belongs to, so that nothing of another one is ever read back."""

import hashlib

_FINGERPRINT_CHARACTERS = 12


def scope_of(*, mode: str, venue: str, key_id: str, run: str) -> str:
    """The scope of a run: text that is equal for two runs exactly when one goes on where the other stopped.

    A live run goes on with what its account holds. The key stands for the account by a fingerprint, and an embedded
    exchange gives every account a new key, so a new exchange is a new world. Paper and shadow begin anew each time.
    """
    if mode != "live":
        return f"{mode}:{run}"
    fingerprint = hashlib.sha256(key_id.encode()).hexdigest()[:_FINGERPRINT_CHARACTERS]
    return f"{mode}:{venue}:{fingerprint}"


def is_of_its_process(scope: str) -> bool:
    """Whether what the scope's runs did existed nowhere but in their processes."""
    return scope.startswith(("paper:", "shadow:"))
