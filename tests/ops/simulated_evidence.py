"""The evidence of a small run by hand: one market, an entry, its fill, a take-profit, its fill."""

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

from edgelock.ops.ledger_check import check_ledger
from edgelock.ops.ledger_evidence import Evidence, LedgerReport

T0 = 1_795_377_600
SECOND = 1_000_000_000
TICKER = "KXNHLGAME-26NOV22AAABBB-AAA"
ENTRY, EXIT, TRIM = "run-1", "run-2", "run-3"

Line = dict[str, Any]


def ns(seconds: float) -> int:
    return int((T0 + seconds) * SECOND)


class Story:
    """A clean run to begin with. A test falsifies one thing of it and looks at what is found."""

    def __init__(self) -> None:
        self.log: list[Line] = []
        self.requests: list[Line] = []
        self.orders: list[Line] = []
        self.fills: list[Line] = []
        self.settlements: list[Line] = []
        self.positions: list[Line] = []
        self.deposited = 1_000_000_000
        self.cash = self.deposited
        self.was_killed = False
        self.gone_at_ns = ns(100)
        self.exit_code = 0
        settings = {"live.entry_life_s": str(60 * SECOND), "live.exit_life_s": str(900 * SECOND)}
        self.tell(0, "config", settings=json.dumps(settings))
        self.tell(0, "startup_check", market=TICKER, gate_low=0.48, gate_high=0.65)

    def tell(self, at: float, action: str, **fields: object) -> Line:
        line: Line = {"seq": len(self.log) + 1, "ts": T0 + at, "action": action, **fields}
        self.log.append(line)
        return line

    def place(self, at: float, name: str, role: str, side: str, price: str, count: str, **asked: object) -> Line:
        """Decided, sent, accepted and told to be so. Returns the exchange's order."""
        self.tell(at, "quote_place", market=TICKER, client_order_id=name, role=role, side=side)
        life = 60 if role == "entry" else 900
        wanted: Line = {
            "client_order_id": name, "ticker": TICKER, "side": side, "price": price, "count": count,
            "time_in_force": "good_till_canceled", "post_only": True, "expiration_time": T0 + int(at) + life,
        }  # fmt: skip
        if role == "entry":
            wanted["order_group_id"] = "group"
        self.request(at, "create", 201, {**wanted, **asked})
        rests = self.requests[-1]["asked"][0]["time_in_force"] == "good_till_canceled"
        order: Line = {
            "client_order_id": name, "ticker": TICKER, "book_side": side,
            "time_in_force": self.requests[-1]["asked"][0]["time_in_force"], "cancel_on_pause": True,
            "created_at_ns": ns(at), "ended_at_ns": None, "expires_at_ns": ns(int(at) + life) if rests else None,
        }  # fmt: skip
        self.orders.append(order)
        self.tell(at, "order_ack", market=TICKER, client_order_id=name)
        return order

    def request(self, at: float, operation: str, outcome: int, asked: Line) -> Line:
        answered: Line = {"order_id": "o", "client_order_id": asked["client_order_id"]}
        request = {
            "operation": operation, "outcome": outcome, "received": {"exchange_ns": ns(at)},
            "applied": {"exchange_ns": ns(at)}, "asked": [asked], "answered": [answered],
        }  # fmt: skip
        self.requests.append(request)
        return request

    def fill(self, at: float, order: Line, price: str, count: str, *, fee: int, net: int, trade: str) -> None:
        """Matched and told; the order ends with it. `net` is the position then, in contracts."""
        name, side = order["client_order_id"], order["book_side"]
        self.fills.append(
            {
                "trade_id": trade,
                "client_order_id": name,
                "ticker": TICKER,
                "book_side": side,
                "yes_price": int(price.removeprefix("0.")) * 100,
                "count_fp": count,
                "fee": fee,
                "is_taker": False,
                "at_ns": ns(at),
            }
        )
        self.tell(
            at, "FILL", market=TICKER, trade_id=trade, client_order_id=name, side=side, price=price, qty=count,
            fee=Decimal(fee).scaleb(-6), is_taker=False, net=net,
        )  # fmt: skip
        order["ended_at_ns"] = ns(at)

    def told(self, action: str) -> Line:
        """The first line of this action."""
        return next(line for line in self.log if line["action"] == action)

    def asked(self, name: str) -> Line:
        """What the first request for this order asked for."""
        return next(r["asked"][0] for r in self.requests if r["asked"][0]["client_order_id"] == name)

    def order(self, name: str) -> Line:
        return next(order for order in self.orders if order["client_order_id"] == name)

    def report(self) -> LedgerReport:
        account = {
            "account_id": "member", "cash": self.cash, "fill_history": self.fills, "order_history": self.orders,
            "settlement_history": self.settlements, "positions": self.positions,
        }  # fmt: skip
        ledger = {"deposited": self.deposited, "exchange_time_ns": ns(2000), "accounts": [account]}
        return check_ledger(
            Evidence(
                ledger=deepcopy(ledger),
                requests=self.requests,
                log=self.log,
                was_killed=self.was_killed,
                gone_at_ns=self.gone_at_ns,
                exit_code=self.exit_code,
                speed=1,
            )
        )

    def broken(self) -> set[str]:
        """The promises that the examination finds broken."""
        return {breach.promise for breach in self.report().breaches}


def bought_and_sold() -> Story:
    """Ten contracts bought for 0.40 and sold for 0.47, with a cent of fees each time; then an orderly end."""
    story = Story()
    entry = story.place(1, ENTRY, "entry", "bid", "0.40", "10.00")
    story.fill(5, entry, "0.40", "10.00", fee=10_000, net=10, trade="t1")
    take_profit = story.place(6, EXIT, "exit", "ask", "0.47", "10.00")
    story.fill(20, take_profit, "0.47", "10.00", fee=10_000, net=0, trade="t2")
    story.tell(20, "REALIZE", market=TICKER, pnl=0.68, net=0)
    story.cash += 680_000
    story.tell(90, "shutdown_done", open_orders=0, exit_code=0)
    return story


def bought_and_settled() -> Story:
    """Ten contracts bought for 0.40, which the market's end pays with a dollar each."""
    story = Story()
    entry = story.place(1, ENTRY, "entry", "bid", "0.40", "10.00")
    story.fill(5, entry, "0.40", "10.00", fee=10_000, net=10, trade="t1")
    story.tell(50, "REALIZE", market=TICKER, pnl=5.99, net=0)
    story.tell(50, "settlement", market=TICKER, value=1, net=0)
    story.settlements.append({"ticker": TICKER, "value": 10_000, "fee": 0, "settled_at_ns": ns(50)})
    story.cash += 5_990_000
    story.tell(90, "shutdown_done", open_orders=0, exit_code=0)
    return story


def killed_while_long() -> Story:
    """Killed with ten contracts; its take-profit rests until its expiry."""
    story = Story()
    entry = story.place(1, ENTRY, "entry", "bid", "0.40", "10.00")
    story.fill(5, entry, "0.40", "10.00", fee=10_000, net=10, trade="t1")
    story.place(6, EXIT, "exit", "ask", "0.47", "10.00")["ended_at_ns"] = ns(906)
    story.positions.append({"ticker": TICKER, "position_fp": "10.00"})
    story.cash -= 4_010_000
    story.was_killed, story.exit_code = True, -9
    return story
