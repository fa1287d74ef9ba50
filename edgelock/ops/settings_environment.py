"""Reads the environment and `.env` into a layer, and the secrets beside it.

The runbook's variables keep their names; any other setting is EDGELOCK_SECTION__KEY, as deep as the key is
(EDGELOCK_FAMILIES__NHL__LOW). `.env` is parsed without touching the process's own environment, so that nothing this
program starts inherits a secret from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import Original, parse_stream

from edgelock.actors.redaction import SECRET_CHARACTERS_MIN
from edgelock.ops.settings import nearest
from edgelock.ops.settings_entries import Entry, Key, Layer, all_keys, check_key, dotted, keys_below
from edgelock.ops.settings_error import SettingsError

RUNBOOK_VARIABLES: Mapping[str, Key] = {
    "LIVE_TRADING_ENABLED": ("trading", "live_trading_enabled"),
    "SHADOW_MODE": ("trading", "shadow_mode"),
    "DISABLE_NEW_QUOTES": ("trading", "disable_new_quotes"),
    "USE_LEGACY_LOGIC": ("trading", "use_legacy_logic"),
    "MAX_MARKETS_TO_TRADE": ("selection", "max_markets_to_trade"),
    "MAX_INVENTORY_PER_MARKET": ("strategy", "max_inventory_per_market"),
    "KALSHI_ENV": ("venue", "name"),
}
PREFIX = "EDGELOCK_"
NOT_SETTINGS = frozenset({"EDGELOCK_RECORDINGS"})
"""Variables with our prefix that the tests read and the bot ignores."""
SECRET_VARIABLES = ("KALSHI_PRIVATE_KEY", "DISCORD_WEBHOOK_URL")
"""Variables whose value is a secret itself."""
CREDENTIAL_VARIABLES = ("KALSHI_API_KEY_ID", "KALSHI_PRIVATE_KEY_PATH", *SECRET_VARIABLES)
"""Variables that no other process is to inherit from us."""
KEY_ENVIRONMENTS = ("demo", "prod")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's text and where it was set."""

    text: str
    where: str


class Secrets:
    """Credentials. They come from the environment or `.env`, never from YAML, and no text of this object shows them.

    api_key_id           id of the API key, or None
    private_key_path     file with the PEM key, or None
    private_key_pem      the PEM key itself, or None
    discord_webhook_url  where alerts go, or None
    key_environment      the venue that the operator says the key belongs to, "demo" or "prod", or None
    """

    __slots__ = ("api_key_id", "discord_webhook_url", "key_environment", "private_key_path", "private_key_pem")

    def __init__(
        self,
        *,
        api_key_id: str | None = None,
        private_key_path: Path | None = None,
        private_key_pem: str | None = None,
        discord_webhook_url: str | None = None,
        key_environment: str | None = None,
    ) -> None:
        self.api_key_id = api_key_id
        self.private_key_path = private_key_path
        self.private_key_pem = private_key_pem
        self.discord_webhook_url = discord_webhook_url
        self.key_environment = key_environment

    def __repr__(self) -> str:
        return "Secrets(hidden)"

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the variables without which the venue's socket and orders cannot be signed."""
        lacking = [] if self.api_key_id else ["KALSHI_API_KEY_ID"]
        if not (self.private_key_path or self.private_key_pem):
            lacking.append("KALSHI_PRIVATE_KEY_PATH (or KALSHI_PRIVATE_KEY)")
        return tuple(lacking)


def environment_variables(environ: Mapping[str, str]) -> dict[str, Variable]:
    """The process's variables with their origin."""
    return {name: Variable(text, f"environment variable {name}") for name, text in environ.items()}


def dotenv_variables(path: Path) -> dict[str, Variable]:
    """The variables of `.env`, none when there is no such file. Raises SettingsError for a line that is none."""
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the variables: {error.strerror}") from None
    variables = {}
    for binding in bindings:
        # The line itself is not shown: it may be half a secret.
        if binding.error or (binding.key is not None and binding.value is None):
            raise SettingsError(f"{path}:{_line(binding.original)}: is not a NAME=value line")
        if binding.key is not None and binding.value is not None:
            where = f"{path}:{_line(binding.original)}: {binding.key}"
            variables[binding.key] = Variable(binding.value, where)
    return variables


def layer_of(variables: Mapping[str, Variable], families: frozenset[str]) -> Layer:
    """The settings among the variables. Raises SettingsError for an unknown EDGELOCK_ name and for a contradiction.

    families  family names known so far; a variable may write them in any case
    """
    layer: dict[Key, Entry] = {}
    for name in sorted(variables):
        key = RUNBOOK_VARIABLES.get(name) or _key_of(name, variables[name].where, families)
        if key is None:
            continue
        entry = Entry(_value(key, variables[name].text), variables[name].where)
        other = layer.get(key)
        if other is not None and other.value != entry.value:
            raise SettingsError(f"{entry.where} and {other.where} contradict each other about {dotted(key)}; keep one")
        layer[key] = entry
    return layer


def secrets_of(variables: Mapping[str, Variable]) -> Secrets:
    """The credentials among the variables; an empty one counts as absent.

    Raises SettingsError, without the value, for one that cannot be what its name says.
    """

    def text(name: str) -> str | None:
        variable = variables.get(name)
        return variable.text.strip() or None if variable else None

    for name in ("KALSHI_API_KEY_ID", *SECRET_VARIABLES):
        if len(text(name) or "long enough") < SECRET_CHARACTERS_MIN:
            raise SettingsError(f"{variables[name].where} has fewer than {SECRET_CHARACTERS_MIN} characters")
    environment = text("KALSHI_KEY_ENV")
    if environment is not None and environment not in KEY_ENVIRONMENTS:
        raise SettingsError(f"{variables['KALSHI_KEY_ENV'].where}: must be one of {', '.join(KEY_ENVIRONMENTS)}")
    path, pem = text("KALSHI_PRIVATE_KEY_PATH"), text("KALSHI_PRIVATE_KEY")
    return Secrets(
        api_key_id=text("KALSHI_API_KEY_ID"),
        private_key_path=key_path(path, variables["KALSHI_PRIVATE_KEY_PATH"].where) if path else None,
        # A PEM key in one line of a file has its line ends written as \n.
        private_key_pem=pem.replace("\\n", "\n") if pem else None,
        discord_webhook_url=text("DISCORD_WEBHOOK_URL"),
        key_environment=environment,
    )


def key_path(text: str, where: str) -> Path:
    """The file that KALSHI_PRIVATE_KEY_PATH names. Raises SettingsError, without the text, when it names none."""
    if "-----BEGIN" in text:
        raise SettingsError(f"{where} holds a key itself; it names the key's file, and KALSHI_PRIVATE_KEY holds a key")
    if "\0" in text:
        raise SettingsError(f"{where} is not the path of a file")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SettingsError(f"{where} names the home of a user whom this machine does not know") from None


def variable_name(key: str) -> str:
    """The EDGELOCK_ variable of a dotted key."""
    return PREFIX + key.upper().replace(".", "__")


def _key_of(name: str, where: str, families: frozenset[str]) -> Key | None:
    if not name.startswith(PREFIX) or name in NOT_SETTINGS:
        return None
    parts = name.removeprefix(PREFIX).split("__")
    key: Key = ()
    for part in parts:
        key = (*key, _spelled(key, part, families))
    below = keys_below(key)
    try:
        check_key(key, Entry("", where))
    except SettingsError:
        if below is not None and below:
            raise SettingsError(
                f"{where}: is a section; name a key of it, such as {name}__{min(below).upper()}"
            ) from None
        known = [variable_name(known_key) for known_key in all_keys()] + sorted(RUNBOOK_VARIABLES)
        raise SettingsError(f"{where}: fits no setting{nearest(name, known)}") from None
    return key


def _spelled(table: Key, part: str, families: frozenset[str]) -> str:
    if table == ("markets",):
        return part
    if table == ("families",):
        return next((family for family in families if family.lower() == part.lower()), part)
    return part.lower()


def _value(key: Key, text: str) -> object:
    if key[-1] == "series":
        return tuple(name.strip() for name in text.split(",") if name.strip())
    return text


def _line(original: Original) -> int:
    """Line of the binding itself: the parser counts from the blank and comment lines before it."""
    blank = original.string[: len(original.string) - len(original.string.lstrip())]
    return original.line + blank.count("\n")
