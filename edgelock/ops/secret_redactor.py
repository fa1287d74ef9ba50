"""A redactor that knows the secrets of this process, for everything that is written or said.

The key file's text counts as a secret even where it is of no use to us, such as with rights that make us refuse it.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from edgelock.actors.redaction import SECRET_CHARACTERS_MIN, Redactor
from edgelock.kalshi.private_file import BYTES_MAX
from edgelock.ops.settings_environment import Secrets, dotenv_variables, environment_variables, secrets_of
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.settings_file import DEFAULT_DOTENV


def redactor_of(secrets: Secrets) -> Redactor:
    """A redactor with these secrets registered; a key file that cannot be read holds nothing that could leak."""
    redactor = Redactor()
    for text in (secrets.private_key_pem, _text_of(secrets.private_key_path)):
        if text is not None and len(text.strip()) >= SECRET_CHARACTERS_MIN:
            redactor.register_secret(text)
    if secrets.discord_webhook_url is not None:
        redactor.register_webhook(secrets.discord_webhook_url)
    if secrets.api_key_id is not None:
        redactor.register_key_id(secrets.api_key_id)
    return redactor


def redactor_of_process(environ: Mapping[str, str], dotenv: Path = DEFAULT_DOTENV) -> Redactor:
    """A redactor for a process that has read no settings, or failed to. Never raises for what it finds."""
    variables = {}
    with suppress(SettingsError):
        variables = dotenv_variables(dotenv)
    try:
        return redactor_of(secrets_of({**variables, **environment_variables(environ)}))
    except SettingsError:
        return Redactor()


def _text_of(path: Path | None) -> str | None:
    if path is None or not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(BYTES_MAX)
    except OSError:
        return None
