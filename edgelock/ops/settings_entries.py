"""A setting with its origin, and the schema that says which keys exist.

Every source (YAML, `.env`, environment, command line) becomes a flat layer: the key's parts → its value and where it
was written. Laying one over another is then a dictionary update, and every later error can name its origin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from edgelock.core.settings import DEFAULT_FAMILIES, StrategySettings
from edgelock.ops.settings import Settings, nearest
from edgelock.ops.settings_error import SettingsError, shown

Key = tuple[str, ...]
"""A key by its parts: ("families", "NHL", "low")."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as written, and where: "settings.yaml:12", "environment variable X", "command line --speed"."""

    value: object
    where: str


Layer = Mapping[Key, Entry]


def dotted(key: Key) -> str:
    """The key as a person writes it: families.NHL.low."""
    return ".".join(key)


def keys_below(table: Key) -> frozenset[str] | None:
    """Names of the keys in this table; None when it is one value; empty when a person chooses the names."""
    match table:
        case ("families",) | ("markets",):
            return frozenset()
        case ("families", _):
            return _aliases(StrategySettings) | {"series"}
        case ("markets", _):
            return _aliases(StrategySettings)
        case ("families" | "markets", _, _, *_):
            return None
    model: type[BaseModel] = Settings
    for part in table:
        field = next((f for name, f in model.model_fields.items() if part == (f.alias or name)), None)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return None
        model = field.annotation
    return _aliases(model)


def check_key(key: Key, entry: Entry) -> None:
    """Raises SettingsError when the key does not exist, names a whole table, or goes below a single value."""
    for depth, part in enumerate(key):
        table, below = key[:depth], keys_below(key[:depth])
        if below is None:
            raise SettingsError(f"{entry.where}: {dotted(table)} is one value, not a table of keys")
        if below and part not in below:
            raise SettingsError(f"{entry.where}: unknown key {dotted(key)}{_nearest_key((*table, part), below)}")
    if keys_below(key) is not None:
        raise SettingsError(f"{entry.where}: {dotted(key)} is {shown(entry.value)}: must be a table of keys and values")


def all_keys() -> Iterable[str]:
    """Every key with a fixed name, dotted."""
    return _keys_under(())


def default_layer() -> Layer:
    """Every default as the code writes it, so that a file that sets one key of a table keeps the table's others."""
    values: dict[Key, object] = dict(_defaults((), Settings, {}))
    for family, table in DEFAULT_FAMILIES.items():
        values |= {("families", family, name): value for name, value in table.items()}
    return {key: Entry(value, "default") for key, value in values.items()}


def tree(entries: Layer) -> dict[str, object]:
    """The entries as nested tables, as pydantic reads them."""
    root: dict[str, object] = {}
    for key, entry in entries.items():
        table = root
        for part in key[:-1]:
            below = table.setdefault(part, {})
            assert isinstance(below, dict)  # check_key has refused a value where a table belongs
            table = below
        table[key[-1]] = entry.value
    return root


def _defaults(table: Key, model: type[BaseModel], given: Mapping[str, object]) -> Iterable[tuple[Key, object]]:
    for name, field in model.model_fields.items():
        part = field.alias or name
        value = given.get(part, field.default)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _defaults((*table, part), field.annotation, value if isinstance(value, Mapping) else {})
        elif not isinstance(value, Mapping):
            yield (*table, part), value


def _nearest_key(key: Key, siblings: Iterable[str]) -> str:
    near = nearest(key[-1], siblings)
    if near:
        return near
    elsewhere = {name.rpartition(".")[2]: name for name in all_keys()}
    if key[-1] in elsewhere:
        return f"; did you mean {elsewhere[key[-1]]!r}?"
    return nearest(dotted(key), all_keys())


def _keys_under(table: Key) -> Iterable[str]:
    for name in sorted(keys_below(table) or ()):
        below = keys_below((*table, name))
        if below is None:
            yield dotted((*table, name))
        else:
            yield from _keys_under((*table, name))


def _aliases(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())
