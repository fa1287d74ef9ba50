"""A redactor that knows the secrets of this process, for everything that is written or said.

The key file's text counts as a secret even where it is of no use to us, such as with rights that make us refuse it.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from edgelock.actors.redaction import SECRET_CHARACTERS_MIN, Redactor
from edgelock.kalshi.private_file import BYTES_MAX
from edgelock.ops.settings_environment import Secrets, dotenv_variables, environment_variables, key_path
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
    """A redactor for a process that has read no settings, or failed to: also what cannot be used may be a secret."""
    variables = {}
    with suppress(SettingsError):
        variables = dotenv_variables(dotenv)
    variables |= environment_variables(environ)

    def text(name: str) -> str | None:
        found = variables[name].text.strip() if name in variables else ""
        return found if len(found) >= SECRET_CHARACTERS_MIN else None

    path, pem = None, text("KALSHI_PRIVATE_KEY")
    with suppress(SettingsError):
        path = key_path(text("KALSHI_PRIVATE_KEY_PATH") or "", "")
    return redactor_of(
        Secrets(
            api_key_id=text("KALSHI_API_KEY_ID"),
            private_key_path=path,
            private_key_pem=pem.replace("\\n", "\n") if pem else None,
            discord_webhook_url=text("DISCORD_WEBHOOK_URL"),
        )
    )


def _text_of(path: Path | None) -> str | None:
    try:
        if path is None or not path.is_file():
            return None
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(BYTES_MAX)
    except OSError:
        return None
