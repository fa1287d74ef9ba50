"""The fault file: what it says, and the one line that says why it cannot be used."""

from fractions import Fraction
from pathlib import Path

import pytest

from edgelock.core.units import SECOND, Duration
from edgelock.exchange.exchange_server import TRADING_ROUTES
from edgelock.exchange.faults_file import FaultFileError, read_fault_file, read_faults
from edgelock.exchange.faults_menu import KINDS
from edgelock.exchange.faults_rest_kinds import Delay, Drop, Status
from edgelock.exchange.faults_schedule import Rule, Timing
from edgelock.exchange.faults_targets import GROUPS, OPERATIONS, TARGETS
from edgelock.exchange.faults_values import Span, readers

DOCUMENT = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()


def one(text: str) -> Rule:
    (rule,) = read_faults(f"faults: [{text}]".encode(), "f").rules
    return rule


def refusal(text: str) -> str:
    with pytest.raises(FaultFileError) as refused:
        read_faults(text.encode(), "f.yaml")
    return str(refused.value)


def test_a_file_says_seed_and_faults_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("seed: 7\nfaults:\n  - {on: create, do: drop_after}\n  - on: [cancel, amend]\n    do: throttle\n")
    schedule = read_fault_file(path)
    assert schedule.seed == 7
    assert [(rule.number, rule.kind, rule.targets) for rule in schedule.rules] == [
        (1, "drop_after", {"create"}),
        (2, "throttle", {"cancel", "amend"}),
    ]


def test_every_key_of_a_fault_is_read() -> None:
    rule = one(
        "{name: slow, on: create, do: delay, delay_ms: [50, 800], when: before, at_s: 1.5, for_s: 2, every_s: 0.5, "
        "count: 3, skip: 4, probability: 0.25, clock: real, ticker: [A, B], account: member}"
    )
    assert (rule.name, rule.fault) == ("slow", Delay(delay_ms=Span(50, 800), when="before"))
    assert rule.timing == Timing(
        is_real=True,
        at=Duration(int(Fraction(3, 2) * SECOND)),
        lasts=Duration(2 * SECOND),
        every=Duration(SECOND // 2),
        count=3,
        skip=4,
        probability=0.25,
    )
    assert (rule.tickers, rule.accounts) == ({"A", "B"}, {"member"})


def test_what_a_fault_does_not_say_has_its_default() -> None:
    rule = one("{on: balance, do: status, status: 503}")
    assert (rule.name, rule.timing, rule.tickers, rule.accounts) == ("1 status", Timing(), None, None)
    assert rule.fault == Status(status=503, code="", when="before")


def test_a_group_stands_for_its_members() -> None:
    assert one("{on: writes, do: drop_before}").targets == GROUPS["writes"]
    assert one("{on: [writes, reads], do: drop_before}").targets < GROUPS["rest"]


def test_a_file_may_be_json() -> None:
    (rule,) = read_faults(b'{"seed": 1, "faults": [{"on": "create", "do": "reset_after"}]}', "body").rules
    assert rule.fault == Drop(applies=True, is_reset=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f.yaml: must be a table"),
        ("seed: 1", "f.yaml:1: faults is missing"),
        ("faults: 3", "f.yaml:1: faults must be a list"),
        ("faults: []\nsede: 3", "f.yaml:2: unknown key sede; allowed: seed, faults"),
        ("seed: x\nfaults: []", "f.yaml:1: seed must be a whole number from 0 to 9223372036854775807, and is x"),
        ("faults:\n  - 3", "f.yaml:2: must be a table"),
        ("faults:\n  - {do: hang}", "f.yaml:2: on is missing"),
        ("faults:\n  - {on: create}", "f.yaml:2: do is missing"),
        ("faults:\n  - {on: creat, do: hang}", "f.yaml:2: on is creat; allowed: private, public, "),
        ("faults:\n  - {on: [create, 3], do: hang}", "f.yaml:2: on is 3; allowed: "),
        ("faults:\n  - {on: [], do: hang}", "f.yaml:2: on is an empty list"),
        ("faults:\n  - {on: create, do: hung}", "f.yaml:2: do is hung; allowed on create: drop_before, "),
        ("faults:\n  - {on: connect, do: drip}", "f.yaml:2: do: drip cannot strike connect; it strikes amend, "),
        ("faults:\n  - {on: create, do: skip_seq}", "f.yaml:2: do: skip_seq cannot strike create; it strikes market_l"),
        ("faults:\n  - {on: create, do: delay}", "f.yaml:2: do: delay needs delay_ms"),
        ("faults:\n  - {on: create, do: hang, delay_ms: 3}", "f.yaml:2: unknown key delay_ms; allowed for do: hang: "),
        ("faults:\n  - {on: create, do: throttle, status: 500}", "f.yaml:2: unknown key status; allowed for do: thr"),
        ("faults:\n  - {on: create, do: status, status: 200}", "status must be a whole number from 400 to 599, and is"),
        ("faults:\n  - {on: create, do: delay, delay_ms: [5, 2]}", "delay_ms must have its lowest value first, and is"),
        ("faults:\n  - {on: create, do: delay, delay_ms: [5]}", "delay_ms must be a whole number of milliseconds or"),
        ("faults:\n  - {on: create, do: delay, delay_ms: -1}", "delay_ms must be a whole number from 0 to"),
        ("faults:\n  - {on: create, do: hang, when: later}", "when must be one of before, after, and is later"),
        (
            "faults:\n  - {on: create, do: hang, probability: 1.5}",
            "probability must be a number from 0 to 1, and is 1.",
        ),
        (
            "faults:\n  - {on: create, do: hang, probability: .nan}",
            "probability must be a number from 0 to 1, and is .",
        ),
        ("faults:\n  - {on: create, do: hang, every_s: 0}", "every_s must be a number of seconds from 0.001 to"),
        ("faults:\n  - {on: create, do: hang, count: 0}", "count must be a whole number from 1 to 1000000, and is 0"),
        ("faults:\n  - {on: create, do: hang, count: '3'}", "count must be a whole number from 1 to 1000000, and is 3"),
        ("faults:\n  - {on: create, do: hang, clock: wall}", "clock must be one of market, real, and is wall"),
        ("faults:\n  - {on: create, do: hang, ticker: 7}", "ticker must be a text, and is 7"),
        ("faults:\n  - {on: market, do: settle}", "f.yaml:2: do: settle needs result"),
        ("faults:\n  - {on: market, do: settle, result: maybe}", "result must be yes, no or a price such as 0.4"),
        ("faults:\n  - {on: market, do: settle, result: 1.5}", "result must be yes, no or a price such as 0.4"),
        ("faults:\n  - {on: market, do: fees, fee_type: 3}", "fee_type must be a text, and is 3"),
        ("faults:\n  - {on: market, do: fees, multiplier: -1}", "multiplier must be a number from 0 to 100, and is -1"),
        ("faults:\n  - {on: market, do: move_close, in_s: 0}", "in_s must be a number of seconds from 0.001 to"),
        ("faults:\n  - {on: market, do: price_structure, structure: x}", "structure must be one of linear_cent, deci_"),
        ("faults:\n  - {on: market, do: halt}", "f.yaml:2: do: halt cannot strike market; it strikes exchange"),
        ("faults:\n  - {on: clock, do: skew, skew_s: soon}", "skew_s must be a number of seconds from -2678400 to"),
        (
            "faults:\n  - {on: market, do: foreign_order, side: bid, price: 0.00001, contracts: 1}",
            "price must be a price such as 0.45, and is 0.00001",
        ),
        (
            "faults:\n  - {on: market, do: foreign_order, side: bid, price: 0.1, contracts: 0.001}",
            "contracts must be a number of contracts such as 10 or 2.5, and is 0.001",
        ),
        ("faults:\n  - {on: fill, do: drop, frame: fills}", "frame must be one of subscribed, orderbook_snapshot, "),
        ("faults:\n  - {on: create, do: hang, frame: fill}", "unknown key frame; allowed for do: hang: name, on, do, "),
        (
            "faults:\n  - {on: clock, do: skew, skew_s: 1, ticker: T}",
            "unknown key ticker; allowed for do: skew: name, ",
        ),
        ("faults:\n  - {on: market, do: pause, account: member}", "unknown key account; allowed for do: pause: name, "),
        ("faults:\n  - {on: connect, do: hang, ticker: T}", "unknown key ticker; allowed for do: hang: name, on, do, "),
        ("faults:\n  - {on: create, on: cancel, do: hang}", "f.yaml:2: on is given twice"),
        ("faults:\n  - {on: {a: b}, do: hang}", "f.yaml:2: on is a table; allowed: "),
        ("faults:\n  - {on: create, do: hang, name: [a]}", "f.yaml:2: name must be a text, and is [a]"),
        ("faults:\n  - &a {on: create, do: hang}\n  - *a", "f.yaml:2: is used again by an alias; write it out"),
        ("faults: [", "f.yaml:1: not valid YAML"),
        ("faults: *x", "f.yaml:1: not valid YAML"),
        ("[" * 5000, "f.yaml: is nested too deeply"),
        ("\x00", "f.yaml: not valid YAML"),
    ],
)
def test_a_mistake_is_one_line_that_says_where_and_what_is_allowed(text: str, said: str) -> None:
    told = refusal(text)
    assert told.startswith(said) or (said in told and told.startswith("f.yaml:2: ")), told
    assert "\n" not in told


def test_a_file_that_is_not_there_or_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    with pytest.raises(FaultFileError, match="No such file"):
        read_fault_file(path)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(FaultFileError, match="not UTF-8"):
        read_fault_file(path)
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(FaultFileError, match="longer than"):
        read_fault_file(path)


def test_no_setting_of_a_kind_has_the_name_of_a_key_that_every_fault_has() -> None:
    common = {"name", "on", "do", "clock", "at_s", "for_s", "every_s", "count", "skip", "probability"}
    common |= {"ticker", "account", "frame"}
    assert {name for kind in KINDS for name in readers(kind.shape)} & common == set()


def test_the_operations_named_are_routes_that_are_served() -> None:
    served = {(route.method, route.path) for route in TRADING_ROUTES} | {("GET", "/account/endpoint_costs")}
    assert set(OPERATIONS) - served == set()


def test_the_document_names_every_kind_and_every_target() -> None:
    names = [*(kind.name for kind in KINDS), *GROUPS, *TARGETS]
    assert [name for name in dict.fromkeys(names) if f"`{name}`" not in DOCUMENT] == []


def test_the_example_of_the_document_is_a_fault_file() -> None:
    for example in DOCUMENT.split("```yaml\n")[1:]:
        read_faults(example.split("```")[0].encode(), "example")
