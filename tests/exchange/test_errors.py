"""docs/errors.md, driven: every row of its tables is what the exchange answers and what the client makes of it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId, Kind, Role, TimeInForce
from edgelock.core.units import Price, Size
from edgelock.exchange.flow import MarketPhase, Trading
from edgelock.exchange.habits import Habits
from edgelock.exchange.rate_limit import Bucket
from edgelock.exchange.refusals import Reason
from edgelock.exchange.rest_errors import REFUSALS
from edgelock.kalshi.wire_error import read_error
from edgelock.kalshi.wire_orders import Refused, read_amend_answer, read_cancel_answer, read_place_answer
from tests.exchange.engine_builders import TICKER, FlowScript, contracts
from tests.exchange.served import Served, serving
from tests.exchange.signing_client import API

DOCUMENT = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
ORDERS = "/portfolio/events/orders"
MINE, ORDER = "mine", {"ticker": TICKER, "side": "bid", "price": "0.40", "count": "5"}
INTENT = PlaceOrder(
    client_order_id=ClientOrderId("next"),
    side=Side.BID,
    price=Price(4000),
    size=Size(500),
    role=Role.ENTRY,
    kind=Kind.QUOTE,
    time_in_force=TimeInForce.GOOD_TILL_CANCELED,
    post_only=False,
    skew="none",
)


@dataclass(frozen=True)
class Row:
    """One documented answer. `code` is the venue's word, or its sentence where it gives no word."""

    asked: tuple[str, ...]
    when: str
    status: int
    body: str
    outcome: str

    @property
    def key(self) -> str:
        said = json.loads(self.body)
        fields = said.get("error", said)
        if isinstance(fields, str) or "code" not in fields:
            return str(said.get("msg", self.body))
        details = fields.get("details", "")
        return f"{fields['code']}: {details}" if details else fields["code"]


def rows(heading: str) -> list[Row]:
    table = DOCUMENT.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| (?:([a-z, ]+) \| )?([^|]+) \| (\d{3}) `([^|]*)` \| `(\w+)` \|$", table, re.MULTILINE)
    assert len(found) == table.count("\n| ") - 2, "a row of the table is not in its form"
    return [
        Row(tuple(asked.split(", ")) if asked else (), when, int(status), body, outcome)
        for asked, when, status, body, outcome in found
    ]


ANSWERED = rows("What the exchange answers")
POSSIBLE = rows("What the venue may also say")


class Stage:
    """An exchange on which ann has one order resting, and requests that differ from good ones in one thing."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.order_id = ""

    async def set(self) -> "Stage":
        _, created = await self.served.ann.request("POST", ORDERS, body=self.new(client_order_id=MINE))
        self.order_id = created.get("order_id", "none")
        return self

    @staticmethod
    def new(**changes: Any) -> dict[str, Any]:
        good = {
            **ORDER,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "client_order_id": "next",
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    async def ask(self, asked: str, **changes: Any) -> tuple[int, bytes]:
        """The good request of this kind with these fields changed (None leaves one out)."""
        if asked == "create":
            return await self.send("POST", ORDERS, self.new(**changes))
        if asked == "amend":
            body = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
            return await self.send("POST", f"{ORDERS}/{self.order_id}/amend", body)
        if asked == "cancel":
            return await self.send("DELETE", f"{ORDERS}/{self.order_id}?market_ticker={TICKER}")
        return await self.send("GET", "/portfolio/orders")

    async def send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        client = self.served.ann
        signed = client.headers(method, API + path.partition("?")[0]) if headers is None else headers
        async with aiohttp.request(
            method, f"{client.origin}{API}{path}", json=body, headers=signed, allow_redirects=False
        ) as response:
            return response.status, await response.read()

    async def unsigned(self, asked: str, **changes: str | None) -> tuple[int, bytes]:
        """A good request of this kind with headers changed."""
        method, path, body = {
            "create": ("POST", ORDERS, self.new()),
            "amend": ("POST", f"{ORDERS}/{self.order_id}/amend", ORDER),
            "cancel": ("DELETE", f"{ORDERS}/{self.order_id}", None),
            "read": ("GET", "/portfolio/orders", None),
        }[asked]
        signed: dict[str, str | None] = {**self.served.ann.headers(method, API + path), **changes}
        headers = {name: value for name, value in signed.items() if value is not None}
        return await self.send(method, path, body, headers)

    def change_phase(self, phase: MarketPhase) -> None:
        self.served.engine.change_phase(TICKER, phase, self.served.exchange.clock.now())

    def spend_all_tokens(self) -> None:
        limiter, now = self.served.exchange.limiter, self.served.engine.now
        for bucket in Bucket:
            while limiter.admits("ann", bucket, 10, now):
                continue


Answer = tuple[int, bytes]
Provocation = Callable[[Stage, str], Awaitable[Answer]]


def asked_with(**changes: Any) -> Provocation:
    return lambda stage, asked: stage.ask(asked, **changes)


def after(act: Callable[[Stage], object], **changes: Any) -> Provocation:
    async def provoke(stage: Stage, asked: str) -> Answer:
        act(stage)
        return await stage.ask(asked, **changes)

    return provoke


def unsigned_by(**headers: str | None) -> Provocation:
    changes = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda stage, asked: stage.unsigned(asked, **changes)


def pause(stage: Stage) -> None:
    stage.change_phase(MarketPhase.INACTIVE)


def halt(stage: Stage) -> None:
    stage.served.engine.change_trading(Trading.HALTED, stage.served.exchange.clock.now())


def close(stage: Stage) -> None:
    stage.change_phase(MarketPhase.CLOSED)


def forget_order(stage: Stage) -> None:
    stage.order_id = "00000000-0000-4000-8000-999999999999"


def limit_positions(stage: Stage) -> None:
    stage.served.engine.venue.habits = Habits(position_limit=contracts(9))


async def in_tripped_group(stage: Stage, _: str) -> Answer:
    _, made = await stage.send("POST", "/portfolio/order_groups/create", {"contracts_limit": 10})
    group = json.loads(made)["order_group_id"]
    await stage.send("PUT", f"/portfolio/order_groups/{group}/trigger", {})
    return await stage.ask("create", order_group_id=group)


async def after_other_posts_only(stage: Stage, asked: str) -> Answer:
    """A post-only order that would trade; to amend one, it has to be post-only already."""
    if asked == "create":
        return await stage.ask("create", post_only=True, price="0.47")
    _, created = await stage.send("POST", ORDERS, stage.new(post_only=True, client_order_id="passive"))
    stage.order_id = json.loads(created)["order_id"]
    return await stage.ask("amend", price="0.47")


async def without_body(stage: Stage, asked: str) -> Answer:
    path = ORDERS if asked == "create" else f"{ORDERS}/{stage.order_id}/amend"
    return await stage.send("POST", path)


async def with_skewed_clock(stage: Stage, asked: str) -> Answer:
    stamp = stage.served.ann.headers("GET", API, skew_ms=-30_000)["KALSHI-ACCESS-TIMESTAMP"]
    return await stage.unsigned(asked, **{"KALSHI-ACCESS-TIMESTAMP": stamp})


PROVOKED: dict[str, Provocation] = {
    "order_already_exists": asked_with(client_order_id=MINE),
    "fill_or_kill_insufficient_resting_volume": asked_with(time_in_force="fill_or_kill"),
    "trading_is_paused": after(pause),
    "exchange_is_paused": after(halt),
    "market_inactive": after(close),
    "exceeded_order_group_risk_limit": in_tripped_group,
    "exceeded_per_market_risk_limit": after(limit_positions),
    "market_not_found": asked_with(ticker="NOBODY-KNOWS"),
    "order_group_not_found": asked_with(order_group_id="nobody's"),
    "not_found": after(forget_order),
    "invalid_price": asked_with(price="0.405"),
    "invalid_order_size": asked_with(count="0"),
    "invalid_order: post only cross": after_other_posts_only,
    "invalid_order: reduce only orders must be immediate_or_cancel": asked_with(reduce_only=True),
    "invalid_order: post only orders must be good_till_canceled": asked_with(
        post_only=True, time_in_force="immediate_or_cancel"
    ),
    "insufficient_balance": asked_with(count="9000"),
    "invalid_parameters: Expiration timestamp must be in the future": asked_with(expiration_time=1),
    "invalid_parameters: Cannot specify both immediate_or_cancel and expiration_ts": asked_with(
        time_in_force="immediate_or_cancel", expiration_time=4_000_000_000
    ),
    "invalid_parameters: client_order_id": asked_with(client_order_id="with.a.dot"),
    "missing_parameters": asked_with(price=None),
    "invalid_content_type": without_body,
    "bad_request: json: cannot unmarshal number into Go struct field CreateOrderV2Request.count of type string": (
        asked_with(count=5)
    ),
    "order_side_mismatch": asked_with(side="ask"),
    "order_ticker_mismatch": asked_with(ticker="NOBODY-KNOWS"),
    "order_id_and_client_order_id_mismatch": asked_with(client_order_id="another"),
    "authentication_error: INCORRECT_API_KEY_SIGNATURE": unsigned_by(KALSHI_ACCESS_SIGNATURE="bm8="),
    "authentication_error: NOT_FOUND": unsigned_by(KALSHI_ACCESS_KEY="nobody's"),
    "signature_is_missing_from_headers": unsigned_by(KALSHI_ACCESS_SIGNATURE=None),
    "header_timestamp_expired": with_skewed_clock,
    "deprecated_v1_order_endpoint: https://docs.kalshi.com/api-reference/orders/create-order-v2": (
        lambda stage, _: stage.send("POST", "/portfolio/orders", {})
    ),
    "insufficient_scope": asked_with(),
    "too_many_requests": after(Stage.spend_all_tokens),
    "read not_found": lambda stage, _: stage.send("GET", "/markets/NOBODY-KNOWS"),
    "Parameter validation failed for GetMarkets: Key: 'GetMarketsParams.Limit' Error:Field validation for 'Limit' "
    "failed on the 'lte' tag": lambda stage, _: stage.send("GET", "/markets?limit=1001"),
    "method_not_allowed": lambda stage, _: stage.send("PUT", "/portfolio/orders"),
}


def outcome_of(asked: str, status: int, body: bytes) -> tuple[str, str]:
    """What our client makes of an answer, and the code it keeps of it."""
    if asked == "read":
        error = read_error(status, body)
        assert error is not None
        assert error.status == status
        return "Refused", error.code
    outcome = {
        "create": lambda: read_place_answer(status, body, INTENT),
        "amend": lambda: read_amend_answer(status, body, "an order", Size(500)),
        "cancel": lambda: read_cancel_answer(status, body, "an order"),
    }[asked]()
    return type(outcome).__name__, outcome.code if isinstance(outcome, Refused) else ""


CASES = [(row, asked) for row in ANSWERED for asked in row.asked]


@pytest.mark.parametrize(("row", "asked"), CASES, ids=[f"{asked} {row.key}"[:60] for row, asked in CASES])
def test_the_exchange_answers_as_documented_and_the_client_draws_the_documented_conclusion(
    row: Row, asked: str
) -> None:
    provoke = PROVOKED.get(f"{asked} {row.key}", PROVOKED[row.key])

    scopes = ("read", "write")
    if row.key == "insufficient_scope":
        scopes = ("write",) if asked == "read" else ("read",)

    async def scenario() -> Answer:
        # Time all but stands still, so that spent tokens do not come back.
        flow = FlowScript().opened_market().lasting().flow()
        async with serving(flow, speed=0.001, tier="basic", scopes=scopes) as served:
            return await provoke(await Stage(served).set(), asked)

    status, body = asyncio.run(scenario())
    assert (status, json.loads(body)) == (row.status, json.loads(row.body))
    outcome, code = outcome_of(asked, status, body)
    assert outcome == row.outcome
    if outcome == "Refused":
        assert code == (row.key.partition(": ")[0] if "code" in row.body else f"http_{status}")


def test_the_document_and_the_provocations_name_the_same_answers() -> None:
    documented = {f"{asked} {row.key}" if f"{asked} {row.key}" in PROVOKED else row.key for row, asked in CASES}
    assert documented == set(PROVOKED)


def test_the_document_names_every_code_that_the_exchange_can_refuse_with() -> None:
    documented = {(row.status, row.key.partition(": ")[0]) for row in ANSWERED}
    assert {REFUSALS[reason] for reason in Reason} - documented == set()


@pytest.mark.parametrize("row", POSSIBLE, ids=[row.when for row in POSSIBLE])
@pytest.mark.parametrize("asked", ["create", "amend", "cancel"])
def test_what_the_venue_may_also_say_leads_to_the_documented_outcome(row: Row, asked: str) -> None:
    assert outcome_of(asked, row.status, row.body.strip().encode())[0] == row.outcome


REFERENCE_EXAMPLES = [
    (409, "order_already_exists", '{"error":{"code":"order_already_exists","message":"order already exists"}}'),
    (400, "bad_request", '{"code":"bad_request","message":"bad request","details":"json: cannot unmarshal ..."}'),
    (400, "http_400", '{"msg":"Parameter validation failed for GetMarkets: Key: \'GetMarketsParams.Limit\'"}'),
    (429, "too_many_requests", '{"error":"too many requests"}'),
    (429, "too_many_requests", '{"error":{"code":"too_many_requests","message":"too many requests"}}'),
    (401, "token_authentication_failure", '{"code":"token_authentication_failure","message":"no"}'),
    (401, "authentication_error", '{"error":{"code":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}'),
    (400, "insufficient_balance", '{"error":{"code":"insufficient_balance","message":"m","service":"exchange"}}'),
]
"""The shapes of the venue reference, §2.3, §3, §6.9 and §8.4."""


@pytest.mark.parametrize(("status", "code", "body"), REFERENCE_EXAMPLES)
def test_every_documented_error_shape_is_read_by_its_code(status: int, code: str, body: str) -> None:
    error = read_error(status, body.encode())
    assert error is not None
    assert error.code == code
    assert outcome_of("cancel", status, body.encode()) == ("Refused", code)
