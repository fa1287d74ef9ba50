"""What the bot has in its journal, read from the file beside it: rows, without the bot's own reading of them."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edgelock.actors.journal import FILE_NAME


@dataclass(frozen=True, slots=True)
class JournalFill:
    """A fill on record. sign: 1 bought YES, −1 sold it. Units as in the exchange's books."""

    trade_id: str
    client_order_id: str
    ticker: str
    sign: int
    price: int
    size: int
    fee: int
    is_taker: bool
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRows:
    """The journal at one moment.

    roles    entry or exit, of every order that was about to be sent, by client order id
    ended    orders with a recorded end
    fills    by trade id; doubled: trade ids that are there more than once
    settlements  by market: what YES was worth, what was held, what the payout cost
    latches  every switch that was ever moved: whether it is on, by table and name
    risk     the risk side's memory, None while it has none
    run_times_ns  when each run began
    """

    roles: Mapping[str, str]
    ended: frozenset[str]
    fills: Mapping[str, JournalFill]
    latches: Mapping[str, bool]
    risk: str | None
    doubled: tuple[str, ...]
    settlements: Mapping[str, tuple[int, int, int]]
    run_times_ns: tuple[int, ...]

    @property
    def began_ns(self) -> int:
        """When the newest run began to count its results."""
        return max(self.run_times_ns)


def read_journal(state_directory: Path) -> JournalRows:
    """The journal as it is on disk now, whether its bot lives or not."""
    path = state_directory / FILE_NAME
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as connection:
        connection.execute("BEGIN")
        intents = connection.execute("SELECT client_order_id, intent FROM order_intents").fetchall()
        ends = connection.execute("SELECT client_order_id FROM order_ends").fetchall()
        fills = connection.execute(
            "SELECT trade_id, client_order_id, ticker, side, price, size, fee, is_taker, at FROM fills"
        ).fetchall()
        latches = {
            f"{table}.{name}": bool(is_on)
            for table in ("latches", "holds")
            for name, is_on in connection.execute(f"SELECT name, value FROM {table}")
        }
        runs = connection.execute("SELECT at FROM runs").fetchall()
        risk = connection.execute("SELECT state FROM risk_states").fetchall()
        settlements = connection.execute("SELECT ticker, value, net, fee FROM settlements").fetchall()
    return JournalRows(
        roles={client_order_id: json.loads(intent)["role"] for client_order_id, intent in intents},
        ended=frozenset(client_order_id for (client_order_id,) in ends),
        fills={
            row[0]: JournalFill(row[0], row[1], row[2], 1 if row[3] == "bid" else -1, *row[4:7], bool(row[7]), row[8])
            for row in fills
        },
        latches=latches,
        risk=risk[0][0] if risk else None,
        doubled=tuple(trade_id for trade_id, times in Counter(row[0] for row in fills).items() if times > 1),
        settlements={ticker: (value, net, fee) for ticker, value, net, fee in settlements},
        run_times_ns=tuple(at for (at,) in runs),
    )
