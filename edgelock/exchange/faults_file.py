"""Reads a fault file (YAML, or JSON, which is YAML too) into a schedule.

PyYAML only composes the tree: its own constructors would read the key `on` as true and numbers as floats.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from edgelock.exchange.faults_menu import FRAMES, KINDS, Fault, Kind, kinds_named, limits
from edgelock.exchange.faults_schedule import FaultSchedule, Rule, Timing
from edgelock.exchange.faults_targets import GROUPS, TARGETS, members
from edgelock.exchange.faults_values import (
    Reader,
    probability,
    readers,
    required,
    seconds,
    some_seconds,
    text,
    texts,
    whole,
    word,
    words,
)

SIZE_MAX = 1_000_000
RULES_MAX = 1000
_REAL, _MARKET = "real", "market"

_TIMING: Mapping[str, tuple[str, Reader]] = {
    "at_s": ("at", seconds),
    "for_s": ("lasts", some_seconds),
    "every_s": ("every", some_seconds),
    "count": ("count", whole(1, 1_000_000)),
    "skip": ("skip", whole(0, 1_000_000)),
    "probability": ("probability", probability),
}
_WHOM: Mapping[str, tuple[str, Reader]] = {
    "ticker": ("tickers", texts),
    "account": ("accounts", texts),
    "frame": ("frames", words(*FRAMES)),
}
_COMMON = ("name", "on", "do", "clock", *_TIMING)


class FaultFileError(Exception):
    """The file cannot be used; the text names the place, what is wrong there and what is allowed."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value of the file and where it stands."""

    value: object
    where: str


def read_fault_file(path: Path) -> FaultSchedule:
    """The schedule of a file. Raises FaultFileError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FaultFileError(f"{path}: {error.strerror}") from None
    return read_faults(raw, str(path))


def read_faults(raw: bytes, source: str) -> FaultSchedule:
    """The schedule of a text. `source` stands before the line in errors. Raises FaultFileError."""
    if len(raw) > SIZE_MAX:
        raise FaultFileError(f"{source}: is longer than {SIZE_MAX} bytes")
    top = _table(_compose(raw, source), source)
    _refuse_unknown(top, ("seed", "faults"), "")
    seed = _read("seed", top["seed"], whole(0, 2**63 - 1)) if "seed" in top else 0
    if "faults" not in top:
        raise FaultFileError(f"{source}:1: faults is missing; it is the list of what goes wrong, [] for nothing")
    listed = top["faults"]
    if not isinstance(listed.value, list) or len(listed.value) > RULES_MAX:
        raise FaultFileError(f"{listed.where}: faults must be a list of at most {RULES_MAX} tables")
    rules = [_rule(number, _table(each.value, each.where)) for number, each in enumerate(listed.value, 1)]
    return FaultSchedule(int(str(seed)), rules)


def _rule(number: int, given: Mapping[str, _Given]) -> Rule:
    for key in ("on", "do"):
        if key not in given:
            where = next(iter(given.values())).where if given else f"fault {number}"
            raise FaultFileError(f"{where}: {key} is missing; a fault says what it is on and what to do")
    targets = _targets(given["on"])
    kind = _kind(given["do"], targets)
    settings = readers(kind.shape)
    allowed = [name for name in settings if name not in kind.fixed]
    _refuse_unknown(given, (*_COMMON, *limits(kind, targets), *allowed), f" for do: {kind.name}")
    name = str(_read("name", given["name"], text)) if "name" in given else f"{number} {kind.name}"
    timing = {field: _read(key, given[key], read) for key, (field, read) in _TIMING.items() if key in given}
    clock = _read("clock", given["clock"], word(_MARKET, _REAL)) if "clock" in given else _MARKET
    whom = {field: _read(key, given[key], read) for key, (field, read) in _WHOM.items() if key in given}
    return Rule(
        number=number,
        name=name,
        kind=kind.name,
        fault=_fault(kind, {key: given[key] for key in allowed if key in given}, given["do"].where),
        targets=targets,
        timing=Timing(is_real=clock == _REAL, **timing),  # type: ignore[arg-type]
        **whom,  # type: ignore[arg-type]
    )


def _targets(given: _Given) -> frozenset[str]:
    names = given.value if isinstance(given.value, list) else [given]
    found: set[str] = set()
    for each in names:
        targets = members(each.value) if isinstance(each.value, str) else None
        if targets is None:
            allowed = ", ".join([*sorted(GROUPS), *sorted(TARGETS)])
            raise FaultFileError(f"{each.where}: on is {_shown(each.value)}; allowed: {allowed}")
        found |= targets
    if not found:
        raise FaultFileError(f"{given.where}: on is an empty list")
    return frozenset(found)


def _kind(given: _Given, targets: frozenset[str]) -> Kind:
    rows = kinds_named(given.value) if isinstance(given.value, str) else []
    if not rows:
        possible = dict.fromkeys(kind.name for kind in KINDS if targets <= kind.targets)
        raise FaultFileError(
            f"{given.where}: do is {_shown(given.value)}; allowed on {_listed(targets)}: {', '.join(possible)}"
        )
    for kind in rows:
        if targets <= kind.targets:
            return kind
    strikes = sorted({target for kind in rows for target in kind.targets})
    raise FaultFileError(
        f"{given.where}: do: {rows[0].name} cannot strike {_listed(targets - set(strikes) or targets)}; "
        f"it strikes {', '.join(strikes)}"
    )


def _fault(kind: Kind, given: Mapping[str, _Given], where: str) -> Fault:
    missing = required(kind.shape) - set(kind.fixed) - set(given)
    if missing:
        raise FaultFileError(f"{where}: do: {kind.name} needs {' and '.join(sorted(missing))}")
    reads = readers(kind.shape)
    values = {name: _read(name, each, reads[name]) for name, each in given.items()}
    fault: Fault = kind.shape(**kind.fixed, **values)
    return fault


def _read(name: str, given: _Given, read: Reader) -> object:
    try:
        return read(_plain(given.value))
    except ValueError as error:
        raise FaultFileError(f"{given.where}: {name} {error}, and is {_shown(given.value)}") from None


def _plain(value: object) -> object:
    return [each.value for each in value] if isinstance(value, list) else value


def _table(value: object, where: str) -> Mapping[str, _Given]:
    if not isinstance(value, dict):
        raise FaultFileError(f"{where}: must be a table of keys and values")
    return value


def _refuse_unknown(given: Mapping[str, _Given], allowed: Iterable[str], about: str) -> None:
    known = list(allowed)
    for name, each in given.items():
        if name not in known:
            raise FaultFileError(f"{each.where}: unknown key {name}; allowed{about}: {', '.join(known)}")


def _compose(raw: bytes, source: str) -> object:
    try:
        root = yaml.compose(raw.decode(), Loader=yaml.SafeLoader)
        return None if root is None else _value(root, source, set())
    except UnicodeDecodeError:
        raise FaultFileError(f"{source}: is not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}" if mark else ""
        raise FaultFileError(f"{source}{place}: not valid YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        raise FaultFileError(f"{source}: not valid YAML: {error.reason}") from None
    except RecursionError:
        raise FaultFileError(f"{source}: is nested too deeply") from None


def _value(node: yaml.Node, source: str, seen: set[int]) -> object:
    """A scalar as text or Decimal, a list of _Given, a table of them."""
    if id(node) in seen:
        raise FaultFileError(f"{_place(node, source)}: is used again by an alias; write it out")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_Given(_value(each, source, seen), _place(each, source)) for each in node.value]
    if isinstance(node, yaml.MappingNode):
        table: dict[str, _Given] = {}
        for key, each in node.value:
            where = _place(key, source)
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                raise FaultFileError(f"{where}: a key must be a word")
            if key.value in table:
                raise FaultFileError(f"{where}: {key.value} is given twice")
            table[key.value] = _Given(_value(each, source, seen), where)
        return table
    return _scalar(node)


def _scalar(node: yaml.Node) -> object:
    written: str = node.value
    if not isinstance(node, yaml.ScalarNode) or node.style in ("'", '"'):
        return written
    try:
        number = Decimal(written) if len(written) <= 30 else None
    except InvalidOperation:
        return written
    return number if number is not None and number.is_finite() else written


def _place(node: yaml.Node, source: str) -> str:
    return f"{source}:{node.start_mark.line + 1}"


def _listed(targets: Iterable[str]) -> str:
    return ", ".join(sorted(targets))


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    plain = _plain(value)
    shown = str(plain) if not isinstance(plain, list) else "[" + ", ".join(_shown(each) for each in plain) + "]"
    return shown if 0 < len(shown) <= 60 else f"{shown[:60]}..." if shown else "empty"
