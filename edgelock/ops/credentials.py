"""The operator's key for one venue: found, private, readable, and meant for that venue, or one line that says why not.

Everything here is decided on this machine, before anything is started or sent.
"""

import re
from pathlib import Path

from edgelock.kalshi.private_file import PrivateFileError, require_private_file
from edgelock.kalshi.signing import CredentialError, Credentials, credentials_from_file, credentials_from_pem
from edgelock.ops.settings_environment import KEY_ENVIRONMENTS, Secrets
from edgelock.ops.user_error import UserError

NOT_SHARED = "keys are not shared between demo and prod"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def credentials_of(venue: str, secrets: Secrets) -> Credentials:
    """Credentials that may trade at `venue` ("demo" or "prod"). Raises UserError with the reason and the remedy."""
    if secrets.missing:
        raise UserError(
            f"venue {venue} needs {' and '.join(secrets.missing)} in the environment or .env: "
            "it sends even market data only over a signed connection"
        )
    _require_meant_for(venue, secrets)
    key_id = str(secrets.api_key_id)
    if _UUID.fullmatch(key_id) is None:
        raise UserError(
            "KALSHI_API_KEY_ID is not a key id as the venue gives them: 36 characters like "
            "01234567-89ab-cdef-0123-456789abcdef; copy it from the account's page of API keys"
        )
    try:
        if secrets.private_key_pem is not None:
            return credentials_from_pem(key_id, secrets.private_key_pem, source="KALSHI_PRIVATE_KEY")
        return credentials_from_file(key_id, Path(str(secrets.private_key_path)))
    except CredentialError as error:
        raise UserError(str(error)) from None


def require_private_dotenv(dotenv: Path, secret_names: tuple[str, ...]) -> None:
    """Raises UserError when `.env` holds a secret and anybody but us may use the file."""
    if not secret_names:
        return
    try:
        require_private_file(dotenv)
    except PrivateFileError as error:
        raise UserError(f"{dotenv} holds {' and '.join(secret_names)} and {error.problem}; {error.remedy}") from None


def _require_meant_for(venue: str, secrets: Secrets) -> None:
    if secrets.key_environment not in (None, venue):
        raise UserError(
            f"KALSHI_KEY_ENV says that this key belongs to {secrets.key_environment}, and the venue is {venue}; "
            f"{NOT_SHARED}"
        )
    other = next(name for name in KEY_ENVIRONMENTS if name != venue)
    path = secrets.private_key_path
    if secrets.private_key_pem is None and path is not None and _words(path.name) & {other}:
        raise UserError(
            f"the key file {path} is named after {other}, and the venue is {venue}; {NOT_SHARED} "
            "(rename the file if it is the right one)"
        )


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.lower()))
