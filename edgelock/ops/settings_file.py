"""Lays the layers over one another and checks the result: command line > environment > `.env` > YAML > defaults.

Every failure is a `SettingsError` of one line that names the key, the value, what is allowed and where it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edgelock.ops.settings import Settings
from edgelock.ops.settings_entries import Entry, Key, Layer, check_key, default_layer, dotted, tree
from edgelock.ops.settings_environment import (
    SECRET_VARIABLES,
    Secrets,
    dotenv_variables,
    environment_variables,
    layer_of,
    secrets_of,
)
from edgelock.ops.settings_error import SettingsError, shown
from edgelock.ops.settings_yaml import read_yaml

DEFAULT_CONFIG = Path("settings.yaml")
DEFAULT_DOTENV = Path(".env")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Checked settings, the credentials, and where each written value came from (dotted key → origin).

    dotenv_secrets  names of the variables in `.env` that are secrets; the file must then be the owner's alone
    """

    settings: Settings
    secrets: Secrets
    origins: Mapping[str, str]
    dotenv_secrets: tuple[str, ...]


def load(
    config: Path = DEFAULT_CONFIG,
    *,
    command_line: Mapping[Key, Entry] | None = None,
    environ: Mapping[str, str],
    dotenv: Path = DEFAULT_DOTENV,
) -> Loaded:
    """Read every source and check the whole. Raises SettingsError; reads nothing but the two files and `environ`."""
    entries: dict[Key, Entry] = dict(default_layer())
    _lay(entries, read_yaml(config))
    from_file, from_process = dotenv_variables(dotenv), environment_variables(environ)
    _lay(entries, layer_of(from_file, _family_names(entries)))
    _lay(entries, layer_of(from_process, _family_names(entries)))
    _lay(entries, command_line or {})
    return Loaded(
        settings=_checked(entries),
        secrets=secrets_of({**from_file, **from_process}),
        origins={dotted(key): entry.where for key, entry in entries.items()},
        dotenv_secrets=tuple(name for name in SECRET_VARIABLES if name in from_file and from_file[name].text.strip()),
    )


def _lay(entries: dict[Key, Entry], layer: Layer) -> None:
    for key, entry in layer.items():
        check_key(key, entry)
        entries.pop(key, None)  # so that the order of the entries is the order of precedence
        entries[key] = entry


def _family_names(entries: Layer) -> frozenset[str]:
    return frozenset(key[1] for key in entries if key[0] == "families" and len(key) > 1)


def _checked(entries: Layer) -> Settings:
    for key, entry in entries.items():
        if key[0] == "families" and (*key[:2], "series") not in entries:
            raise SettingsError(
                f"{entry.where}: {dotted(key[:2])}.series is missing; list the series that belong to it"
            )
    try:
        return Settings.model_validate(tree(entries))
    except ValidationError as error:
        raise SettingsError(_described(error.errors(include_url=False)[0], entries)) from None


def _described(error: ErrorDetails, entries: Layer) -> str:
    key, message = _key_of(error["loc"]), _message(error)
    for length in range(len(key), 1, -1):  # an error inside a list belongs to the list
        if key[:length] in entries:
            entry = entries[key[:length]]
            return f"{entry.where}: {dotted(key[:length])} is {shown(entry.value)}: {message}"
    named = _keys_named_by(message, key, entries)
    where = f"{entries[named[-1]].where}: " if named else ""
    values = ", ".join(f"{dotted(each)} is {shown(entries[each].value)}" for each in named)
    place = f"{dotted(key)}: " if key else ""
    return f"{where}{place}{message}" + (f" ({values})" if values and key else "")


def _key_of(location: tuple[int | str, ...]) -> Key:
    parts = tuple(str(part) for part in location)
    # A family's values lie one level deeper in the model than in the file.
    return (*parts[:2], *parts[3:]) if parts[:1] == ("families",) and parts[2:3] == ("strategy",) else parts


def _keys_named_by(message: str, table: Key, entries: Layer) -> list[Key]:
    """Keys that the message speaks of, the one of highest precedence last."""
    words = [tuple(word.strip(";,").split(".")) for word in message.split()]
    own = {(*table, *word) for word in words}
    common = {("strategy", *word) for word in words if (*table, *word) not in entries}
    return [key for key in entries if key in own or (key in common and table[:1] in (("families",), ("markets",)))]


def _message(error: ErrorDetails) -> str:
    context = error.get("ctx") or {}
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"must be one of {context['expected']}".replace("'", "").replace(" or ", ", ")
        case "string_type":
            return "must be text"
        case "tuple_type":
            return "must be a list, such as [NHL, NFL]"
        case "too_short":
            return "must not be empty"
        case "missing":
            return "is missing"
        case _:
            return error["msg"].lower()
