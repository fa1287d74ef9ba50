"""Frames as the venue writes them, for tests: every field has a dull default."""

import json

from edgelock.core.units import Price, Size, price_text, size_text


def subscribed(channel="orderbook_delta", sid=1, number=1):
    return json.dumps({"type": "subscribed", "id": number, "msg": {"channel": channel, "sid": sid}})


BIDS = (("0.4700", "3.00"),)
ASKS = (("0.5200", "2.00"), ("0.9900", "1.00"))
"""The far ask shows that the prices are on the YES scale: on the other it would be an offer at 0.01."""


def snapshot(ticker="A", seq=1, bids=BIDS, asks=ASKS, sid=1, clock=None, **more):
    """Asks are on the YES scale, as a subscription with use_yes_price gets them. An empty side has no key."""
    body = {"market_ticker": ticker, "market_id": "uuid"}
    if clock is not None:
        body["clock"] = clock
    if bids:
        body["yes_dollars_fp"] = [list(level) for level in bids]
    if asks:
        body["no_dollars_fp"] = [list(level) for level in asks]
    return json.dumps({"type": "orderbook_snapshot", "sid": sid, "seq": seq, "msg": body, **more})


def delta(ticker="A", seq=2, price="0.4700", change="-1.00", leg="yes", sid=1, clock=None, **more):
    body = {
        "market_ticker": ticker,
        "market_id": "uuid",
        "price_dollars": price if isinstance(price, str) else price_text(Price(price)),
        "delta_fp": change if isinstance(change, str) else size_text(Size(change)),
        "side": leg,
        "ts": "2026-06-11T06:31:29.957081Z",
        "ts_ms": 1781159489957,
    }
    if clock is not None:
        body["clock"] = clock
    return json.dumps({"type": "orderbook_delta", "sid": sid, "seq": seq, "msg": body, **more})


def trade(ticker="A", seq=1, price="0.4700", count="2.00", taker="ask", sid=2, trade_id="t-1", is_block=False):
    body = {
        "trade_id": trade_id,
        "market_ticker": ticker,
        "yes_price_dollars": price,
        "no_price_dollars": "0.5300",
        "count_fp": count,
        "taker_side": "no",
        "taker_outcome_side": "no",
        "taker_book_side": taker,
        "is_block_trade": is_block,
        "ts": 1781159489,
        "ts_ms": 1781159489957,
    }
    return json.dumps({"type": "trade", "sid": sid, "seq": seq, "msg": body})


def life(event_type, ticker="A", seq=1, sid=3, **more):
    body = {"market_ticker": ticker, "event_type": event_type, **more}
    return json.dumps({"type": "market_lifecycle_v2", "sid": sid, "seq": seq, "msg": body})


def ok(seq, number=3, sid=1, tickers=("A",)):
    return json.dumps({"type": "ok", "id": number, "sid": sid, "seq": seq, "msg": {"market_tickers": list(tickers)}})


def error(code, number=0, text="said", **more):
    return json.dumps({"type": "error", "id": number, "msg": {"code": code, "msg": text}, **more})
