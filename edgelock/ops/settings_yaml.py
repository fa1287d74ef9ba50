"""Reads `settings.yaml` into a layer: every value with its line, numbers exact, duplicate keys refused.

PyYAML composes the tree; the values are made here, because its own constructors go through float, read `NO` as false
and 1:30 as ninety, and silently keep the last of two equal keys.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import yaml

from edgelock.ops.settings_entries import Entry, Key, Layer, dotted
from edgelock.ops.settings_error import SettingsError, shown

_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


def read_yaml(path: Path) -> Layer:
    """The file's values by key. Raises SettingsError with file, line and column."""
    text = _read_text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise SettingsError(f"{path}{place}: not valid YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(f"{path}:{line}: not valid YAML: {error.reason}") from None
    except RecursionError:
        raise SettingsError(f"{path}: tables are nested too deeply") from None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError(f"{path}:1: must be a table of keys and values")
    return dict(_entries(path, (), root, seen=set()))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text") from None
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such settings file; name one with --config FILE") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the settings: {error.strerror}") from None


def _entries(path: Path, table: Key, node: yaml.MappingNode, seen: set[int]) -> Iterator[tuple[Key, Entry]]:
    lines: dict[str, int] = {}
    for name_node, value_node in node.value:
        where = f"{path}:{name_node.start_mark.line + 1}"
        if not isinstance(name_node, yaml.ScalarNode) or not name_node.value:
            raise SettingsError(f"{where}: a key must be a word")
        key = (*table, name_node.value)
        if name_node.value in lines:
            raise SettingsError(f"{where}: {dotted(key)} is already set on line {lines[name_node.value]}")
        lines[name_node.value] = name_node.start_mark.line + 1
        if id(value_node) in seen:
            raise SettingsError(f"{where}: {dotted(key)} is an alias; write the value out")
        seen.add(id(value_node))
        yield from _value_entries(path, key, where, value_node, seen)


def _value_entries(path: Path, key: Key, where: str, node: yaml.Node, seen: set[int]) -> Iterator[tuple[Key, Entry]]:
    if isinstance(node, yaml.MappingNode):
        yield from _entries(path, key, node, seen)
    elif isinstance(node, yaml.SequenceNode):
        yield key, Entry(tuple(_scalar(item, where, key) for item in node.value), where)
    else:
        value = _scalar(node, where, key)
        # A section whose every line is commented out is an empty table, not a value.
        if value is not None or len(key) > 1:
            yield key, Entry(value, where)


def _scalar(node: yaml.Node, where: str, key: Key) -> object:
    if not isinstance(node, yaml.ScalarNode):
        raise SettingsError(f"{where}: {dotted(key)} must be a list of single values")
    text: str = node.value
    if node.style in ("'", '"'):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 30 else _refuse(text, where, key)
    if _DECIMAL.fullmatch(text):
        return Decimal(text) if len(text) <= 30 else _refuse(text, where, key)
    return text


def _refuse(text: str, where: str, key: Key) -> object:
    raise SettingsError(f"{where}: {dotted(key)} is {shown(text)}: a number has at most thirty characters")
