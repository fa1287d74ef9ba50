"""A mixed fault schedule for one seed: everything the menu has, at rates drawn from the seed.

Rates are those of a very bad day: a few percent of the calls fail, in every way that docs/faults.md lists, and each
run has some hours of storms, pauses and silences. Which kinds are on, and how often, differs from seed to seed.
"""

import random
from typing import Any

_WRITES = ("create", "amend", "cancel", "batch_cancel", "group_trigger", "group_reset")
_READS = ("orders", "order", "fills", "positions", "user_data_timestamp", "book", "books", "market_read", "status")
_PRIVATE = ("fill", "user_orders", "market_positions")

Fault = dict[str, Any]


def mixed_faults(seed: int, *, minutes: int) -> dict[str, Any]:
    """A schedule in the form of docs/faults.md for a run of so many market minutes."""
    rng = random.Random(seed)
    faults = [*_of_writes(rng), *_of_reads(rng), *_of_private_channels(rng), *_of_public_channels(rng)]
    faults += _of_connections(rng, minutes * 60)
    faults += _of_the_venue(rng, minutes * 60)
    return {"seed": seed, "faults": faults}


def _rate(rng: random.Random, most: float) -> float:
    """Between nothing and `most`; off altogether every fourth time."""
    return 0.0 if rng.random() < 0.25 else round(rng.uniform(0, most), 4)


def _some(faults: list[Fault]) -> list[Fault]:
    return [fault for fault in faults if fault.get("probability", 1) > 0]


def _of_writes(rng: random.Random) -> list[Fault]:
    kinds: list[tuple[str, Fault, float]] = [
        ("drop_after", {}, 0.04), ("drop_before", {}, 0.04), ("reset_after", {}, 0.02), ("reset_before", {}, 0.02),
        ("status", {"status": 503}, 0.03), ("status", {"status": 500, "when": "after"}, 0.02),
        ("malformed", {"how": rng.choice(["truncated", "html", "empty", "not_json", "wrong_types"])}, 0.02),
        ("other_order", {}, 0.01), ("renamed_field", {}, 0.01), ("null_field", {}, 0.01), ("missing_field", {}, 0.01),
        ("retyped_field", {}, 0.01), ("scaled_field", {}, 0.005),
        ("delay", {"delay_ms": [20, 400], "when": "before"}, 0.08),
        ("delay", {"delay_ms": [20, 400], "when": "after"}, 0.08), ("hang", {"hang_s": 5}, 0.004),
        ("drip", {"drip_s": 2}, 0.005), ("throttle", {}, 0.02),
    ]  # fmt: skip
    return _some(
        [
            {"on": list(_WRITES), "do": kind, "probability": _rate(rng, most), **settings}
            for kind, settings, most in kinds
        ]
    )


def _of_reads(rng: random.Random) -> list[Fault]:
    kinds: list[tuple[str, Fault, float]] = [
        ("drop_after", {}, 0.03), ("status", {"status": 503}, 0.04), ("status", {"status": 429}, 0.03),
        ("malformed", {}, 0.02), ("missing_field", {}, 0.01), ("renamed_field", {}, 0.01), ("null_field", {}, 0.01),
        ("scaled_field", {}, 0.005), ("delay", {"delay_ms": [20, 600]}, 0.08), ("hang", {"hang_s": 5}, 0.004),
    ]  # fmt: skip
    return _some(
        [
            {"on": list(_READS), "do": kind, "probability": _rate(rng, most), **settings}
            for kind, settings, most in kinds
        ]
    )


def _of_private_channels(rng: random.Random) -> list[Fault]:
    kinds: list[tuple[str, Fault, float]] = [
        ("drop", {}, 0.08), ("duplicate", {}, 0.10), ("reorder", {}, 0.06), ("late", {"delay_ms": [50, 1500]}, 0.10),
        ("garble", {}, 0.02), ("renamed_field", {}, 0.01), ("null_field", {}, 0.01), ("scaled_field", {}, 0.005),
    ]  # fmt: skip
    return _some(
        [
            {"on": list(_PRIVATE), "do": kind, "probability": _rate(rng, most), **settings}
            for kind, settings, most in kinds
        ]
    )


def _of_public_channels(rng: random.Random) -> list[Fault]:
    kinds: list[tuple[str, str, Fault, float]] = [
        ("orderbook_delta", "drop", {}, 0.001), ("orderbook_delta", "duplicate", {}, 0.001),
        ("orderbook_delta", "repeat", {}, 0.0005), ("orderbook_delta", "reorder", {}, 0.0005),
        ("orderbook_delta", "garble", {}, 0.0003), ("orderbook_delta", "crossed_book", {}, 0.0005),
        ("orderbook_delta", "skip_seq", {}, 0.0005),
        ("orderbook_delta", "wrong_scale", {}, 0.0002), ("orderbook_delta", "error", {}, 0.0001),
        ("trade", "drop", {}, 0.005), ("trade", "duplicate", {}, 0.005), ("market_lifecycle_v2", "drop", {}, 0.05),
    ]  # fmt: skip
    return _some(
        [{"on": on, "do": kind, "probability": _rate(rng, most), **settings} for on, kind, settings, most in kinds]
    )


def _of_connections(rng: random.Random, seconds: int) -> list[Fault]:
    return [
        {"on": "private", "do": "disconnect", "code": rng.choice([0, 1001, 1011]), "at_s": 300,
         "every_s": rng.randint(400, 1500)},
        {"on": "public", "do": "disconnect_reset", "at_s": 300, "every_s": rng.randint(600, 2500)},
        {"on": "private", "do": "freeze", "hold_s": 4, "at_s": rng.randint(30, seconds), "count": 1},
        {"on": "public", "do": "freeze", "hold_s": 12, "at_s": rng.randint(30, seconds), "count": 1},
        {"on": "socket", "do": "mute", "hold_s": 6, "at_s": rng.randint(30, seconds), "count": 1},
        {"on": "connect", "do": "status", "status": rng.choice([401, 429, 502]), "probability": 0.2},
    ]  # fmt: skip


def _of_the_venue(rng: random.Random, seconds: int) -> list[Fault]:
    def some_time() -> int:
        return rng.randint(min(120, seconds // 2), seconds)

    faults: list[Fault] = [
        {"on": "exchange", "do": "read_lag", "lag_ms": rng.choice([0, 200, 500, 2000])},
        {"on": "writes", "do": "throttle", "at_s": some_time(), "for_s": 60},
        {"on": "market", "do": "reactivate", "every_s": rng.randint(900, 2400), "probability": 0.3},
        {"on": "market", "do": "pause", "at_s": some_time(), "for_s": rng.randint(20, 300), "probability": 0.3},
        {"on": "market", "do": "cancel_orders", "every_s": rng.randint(600, 1800), "probability": 0.3},
        {"on": "exchange", "do": "pause", "at_s": some_time(), "for_s": rng.randint(20, 200)},
        {"on": "exchange", "do": "halt", "at_s": some_time(), "for_s": rng.randint(20, 120)},
        {"on": "market", "do": "fees", "multiplier": 2, "at_s": some_time(), "probability": 0.5},
        {"on": "clock", "do": "skew", "skew_s": rng.choice([-15, 15]), "at_s": some_time(), "for_s": 60},
    ]
    if rng.random() < 0.5:
        # Late, because a market that is over trades no more.
        faults += _of_the_end_of_markets(rng, rng.randint(seconds * 3 // 5, seconds))
    if rng.random() < 0.3:
        structure = rng.choice(["deci_cent", "tapered_deci_cent"])
        faults.append(
            {"on": "market", "do": "price_structure", "structure": structure, "at_s": some_time(), "probability": 0.3}
        )
    if rng.random() < 0.25:
        faults.append({"on": "exchange", "do": "trigger_groups", "at_s": int(seconds * 0.8)})
    return faults


def _of_the_end_of_markets(rng: random.Random, at_s: int) -> list[Fault]:
    """Some close early, some are paid out at once; now and then the result is disputed and becomes another one."""
    result = rng.choice(["yes", "no", 0.4])
    faults: list[Fault] = [{"on": "market", "do": "settle", "result": result, "at_s": at_s, "probability": 0.2}]
    if rng.random() < 0.3:
        faults.append({"on": "market", "do": "dispute", "at_s": at_s + 5})
        faults.append({"on": "market", "do": "amend_result", "result": rng.choice(["yes", "no"]), "at_s": at_s + 300})
    if rng.random() < 0.3:
        faults.append({"on": "market", "do": "close", "at_s": at_s, "probability": 0.1})
    if rng.random() < 0.3:
        faults.append({"on": "market", "do": "move_close", "in_s": 400, "at_s": at_s, "probability": 0.2})
    return faults
