"""The rules of the house as checks on source text, so that each can be shown to fail on a broken sample.

Every checker returns its findings as sentences; none found is an empty list.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "edgelock"
CORE = PACKAGE / "core"

PURE_MODULES = frozenset(
    {
        "bisect",
        "collections",
        "collections.abc",
        "dataclasses",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "itertools",
        "math",
        "pydantic",
        "re",
        "statistics",
        "types",
        "typing",
    }
)
"""What the core may import besides itself. Reading the machine (clock, disk, chance, network) is not among it."""

EXACT_DIVISIONS: frozenset[tuple[str, str]] = frozenset(
    {
        ("mae_trim.py", "trim_for"),
    }
)
"""Functions of the core in which `/` divides an exact ratio (a Fraction) and so gives one."""

CLOCKS = {
    "actors/clock.py": "the machine's clock of the engine",
    "actors/last_resort.py": "names the real clock and the real wait as defaults that tests replace",
    "exchange/exchange_clock.py": "the exchange's own clock",
    "exchange/exchange_process.py": "starts the exchange, and stamps that start",
    "exchange/request_log.py": "stamps each request with the clocks that an independent checker has, too",
    "kalshi/read_budget.py": "names the real clock and the real wait as defaults that tests replace",
    "kalshi/rest_call.py": "names the real clocks as defaults that tests replace; signatures carry the wall time",
    "kalshi/rest_deadline.py": "names the real clock as a default that tests replace",
    "kalshi/rest_reads.py": "names the real clock and the real wait as defaults that tests replace",
    "kalshi/socket.py": "names the real clock as a default that tests replace",
    "ops/simulated_run.py": "waits for processes of its own, in real time",
}
"""The only files that may touch the machine's clock or wait for it, and why. The timer waits on a condition instead."""

CLOCK_READERS = frozenset({"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"})

DECLARATIONS_ONLY = frozenset(
    {"facts.py", "intents.py", "fill_outcomes.py"}
    | {f"telemetry_{part}.py" for part in ("record", "orders", "results", "risk", "actors", "feed", "run")}
)
"""Core modules that are words and no behaviour; the tests of what uses them are their tests."""

FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc", "base_utils"})
REMINDER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


def impure_imports(source: str) -> list[str]:
    """Imports of a core module that are neither pure nor the core itself."""
    found = []
    for node, name in _imports(ast.parse(source)):
        is_core = name == "edgelock.core" or name.startswith("edgelock.core.")
        if name not in PURE_MODULES and not is_core:
            found.append(f"line {node.lineno}: the core must not import {name}")
    return found


def impure_calls(source: str) -> list[str]:
    """Builtins that read or write something outside of a core module."""
    forbidden = {"open", "input", "print", "eval", "exec", "__import__", "id", "hash", "globals"}
    return [
        f"line {node.lineno}: the core must not call {node.func.id}()"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden
    ]


def floats(source: str, file_name: str = "sample.py") -> list[str]:
    """Float literals, the name `float`, `/` outside of exact ratios, and math functions that return floats."""
    found = []
    for function, node in _with_function(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"line {node.lineno}: float literal {node.value}")
        elif isinstance(node, ast.Name) and node.id == "float":
            found.append(f"line {node.lineno}: the name float")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            if (file_name, function) not in EXACT_DIVISIONS:
                found.append(f"line {node.lineno}: true division in {function or 'the module'}")
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "math"
            and node.attr not in {"floor", "ceil", "gcd", "lcm", "isqrt", "comb"}
        ):
            found.append(f"line {node.lineno}: math.{node.attr} works on floats")
    return found


def clock_readings(source: str) -> list[str]:
    """Calls of the machine's clock, or waits for it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            names = {alias.name for alias in node.names} & CLOCK_READERS
            found += [f"line {node.lineno}: imports {name} from time" for name in sorted(names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            if owner == "time" and name in CLOCK_READERS:
                found.append(f"line {node.lineno}: reads time.{name}")
            elif owner in ("datetime", "date") and name in ("now", "utcnow", "today"):
                found.append(f"line {node.lineno}: reads {owner}.{name}")
        elif isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
            inner = node.value
            if isinstance(inner, ast.Attribute) and inner.attr in ("datetime", "date"):
                found.append(f"line {node.lineno}: reads {inner.attr}.{node.attr}")
    return found


def reminders(source: str) -> list[str]:
    """Notes to oneself that were left behind."""
    lines = enumerate(source.splitlines(), start=1)
    return [f"line {number}: left-over reminder" for number, line in lines if REMINDER.search(line)]


def homeless_names(paths: list[Path]) -> list[str]:
    """Files or folders that are named after nothing."""
    return [str(path) for path in paths if FORBIDDEN_NAMES & set(path.with_suffix("").parts)]


def untested_modules(modules: list[str], tests: list[str]) -> list[str]:
    """Core modules without a test module of the same name."""
    wanted = [name for name in modules if name != "__init__.py" and name not in DECLARATIONS_ONLY]
    return [name for name in wanted if f"test_{name}" not in tests]


def undocumented(source: str) -> bool:
    """Whether a file with anything in it says nothing of what it is."""
    tree = ast.parse(source)
    return bool(tree.body) and ast.get_docstring(tree) is None


def sources(folder: Path) -> Iterator[Path]:
    """Python files of the project, in a fixed order."""
    return (path for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts)


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node, "." * node.level + (node.module or "")


def _with_function(node: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef) else function
        yield inside, child
        yield from _with_function(child, inside)
