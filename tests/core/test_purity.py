"""The core is pure and exact: it imports nothing that reads the machine, and no float is anywhere in it."""

import pytest

from tests.house_rules import CORE, floats, impure_calls, impure_imports, sources

MODULES = list(sources(CORE))
NAMES = [path.name for path in MODULES]


def test_there_is_a_core_to_check():
    assert len(MODULES) > 25


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_core_module_imports_only_pure_modules_and_the_core(path):
    assert impure_imports(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_core_module_neither_prints_nor_opens_nor_evaluates(path):
    assert impure_calls(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_float_is_in_a_core_module(path):
    assert floats(path.read_text("utf-8"), path.name) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import threading, math",
        "from random import choice",
        "from socket import socket",
        "import logging",
        "import os.path",
        "from datetime import datetime",
        "from edgelock.actors import clock",
        "from . import book",
        "def late():\n    import uuid",
    ],
)
def test_an_import_that_reads_the_machine_or_leaves_the_core_is_found(line):
    assert len(impure_imports(line)) == 1


@pytest.mark.parametrize("line", ["print(1)", "open('x')", "eval('1')", "key = id(object)\nid(key)"])
def test_a_call_that_leaves_the_core_is_found(line):
    assert impure_calls(line) != []


@pytest.mark.parametrize(
    "line",
    [
        "price = 0.48",
        "price = float('0.48')",
        "def mid(book) -> float: ...",
        "price: float | None = None",
        "half = (bid + ask) / 2",
        "half /= 2",
        "import math\nroot = math.sqrt(2)",
        "wave = 1j",
    ],
)
def test_a_float_is_found(line):
    assert len(floats(line)) == 1


def test_exact_arithmetic_is_not_taken_for_a_float():
    exact = "from fractions import Fraction\nhalf = Fraction(bid + ask, 2)\nwhole = size // 100\ntext = '0.48'"

    assert floats(exact) == []


def test_a_division_is_allowed_only_in_the_functions_that_are_listed():
    division = "def trim_for(a, b):\n    return a / b"

    assert floats(division, "mae_trim.py") == []
    assert len(floats(division, "quoting.py")) == 1
