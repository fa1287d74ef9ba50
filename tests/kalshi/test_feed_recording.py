"""The conversation fed with real frames of the demo exchange (recording 05), where the recordings are at hand."""

import gzip
import json
import os
from pathlib import Path

import pytest

from edgelock.core.book import Level
from edgelock.core.market import Side
from edgelock.core.units import ONE_DOLLAR, Price, Size, parse_price, parse_size, price_text
from edgelock.kalshi.feed import FeedConversation
from edgelock.kalshi.feed_events import BookMoved, BookSuspect

DEFAULT_FOLDER = Path(__file__).parents[3] / "shared" / "data" / "kalshi"
RECORDING = (
    Path(os.environ.get("EDGELOCK_RECORDINGS", DEFAULT_FOLDER)) / "05_demo_wire_20260701_l2_snapshot_delta.jsonl.gz"
)
MARKETS = ("KXNEXTTEAMNBA-26LJAM-MIA", "KXNEXTTEAMNBA-26LJAM-GSW", "KXNEXTTEAMNBA-26LJAM-CLE")

pytestmark = pytest.mark.skipif(not RECORDING.exists(), reason=f"the recordings are not here: {RECORDING} is missing")


def events():
    with gzip.open(RECORDING, "rt") as lines:
        return [json.loads(line) for line in lines]


def on_yes_scale(text):
    return price_text(Price(ONE_DOLLAR - parse_price(text)))


def frame(event, *, flip):
    """The recorded event as the frame it was; `flip` puts NO prices where use_yes_price would have put them."""
    scale = on_yes_scale if flip else str
    if event["type"] == "ws_control":
        body = {"type": event["x_ws_type"], "id": event["id"], "msg": event["msg"]}
        return json.dumps({**body, **{key: event[key] for key in ("sid", "seq") if key in event}})
    numbered = {"sid": event["sid"], "seq": event["seq"]}
    if event["type"] == "snapshot":
        body = {"market_ticker": event["market"], "yes_dollars_fp": event["yes_dollars_fp"]}
        body["no_dollars_fp"] = [[scale(price), size] for price, size in event["no_dollars_fp"]]
        return json.dumps({"type": "orderbook_snapshot", **numbered, "msg": body})
    price = event["price_dollars"] if event["side"] == "yes" else scale(event["price_dollars"])
    body = {"market_ticker": event["market"], "price_dollars": price}
    body |= {key: event[key] for key in ("delta_fp", "side", "ts")}
    return json.dumps({"type": "orderbook_delta", **numbered, "msg": body})


def following(tickers):
    conversation = FeedConversation()
    for ticker in tickers:
        conversation.follow(ticker)
    conversation.opened()
    conversation.commands(0)
    return conversation


def test_a_recorded_session_leaves_the_books_that_a_slow_model_finds():
    conversation = following(MARKETS)
    model = {ticker: {"yes": {}, "no": {}} for ticker in MARKETS}
    moves = 0

    for event in events():
        told = conversation.feed(frame(event, flip=True)) + conversation.settle()
        assert not [one for one in told if isinstance(one, BookSuspect)]
        moves += sum(isinstance(one, BookMoved) for one in told)
        apply_slowly(model, event)

    assert moves == 2885 + 3
    assert conversation.give_up_reason is None
    assert not any(name.startswith(("gap", "unreadable")) for name in conversation.counts)
    for ticker in MARKETS:
        book = conversation.book(ticker)
        assert book.levels(Side.BID) == levels(model[ticker]["yes"], reverse=True)
        assert book.levels(Side.ASK) == levels(model[ticker]["no"], reverse=False)


def test_the_recorded_no_scale_is_noticed_before_anything_is_shown():
    """Two of the recorded books look possible on either scale; the third gives the subscription away."""
    conversation = following(MARKETS)
    suspects = {}

    for event in events()[:11]:
        told = conversation.feed(frame(event, flip=False))
        suspects |= {one.ticker: one.reason for one in told if isinstance(one, BookSuspect)}

    assert suspects
    assert all("use_yes_price" in reason for reason in suspects.values())
    assert "use_yes_price" in conversation.give_up_reason
    assert [conversation.book(ticker) for ticker in MARKETS] == [None] * 3
    assert conversation.settle() == []


@pytest.mark.parametrize("lost", [12, 100, 2500])
def test_one_lost_frame_makes_every_book_suspect_at_the_next(lost):
    conversation = following(MARKETS)
    numbered = [event for event in events() if event.get("sid") != 2]

    for event in numbered[:lost]:
        conversation.feed(frame(event, flip=True))
    told = conversation.feed(frame(numbered[lost + 1], flip=True))

    assert {one.ticker for one in told if isinstance(one, BookSuspect)} == set(MARKETS)


def apply_slowly(model, event):
    ticker = event.get("market")
    if ticker not in model:
        return
    if event["type"] == "snapshot":
        for leg in ("yes", "no"):
            model[ticker][leg] = {parse_price(p): parse_size(s) for p, s in event[f"{leg}_dollars_fp"]}
    elif event["type"] == "delta":
        sizes, price = model[ticker][event["side"]], parse_price(event["price_dollars"])
        sizes[price] = sizes.get(price, 0) + parse_size(event["delta_fp"])


def levels(sizes, *, reverse):
    """A side of the model in the YES frame, best first; the NO leg's prices are turned."""
    shown = [(price if reverse else ONE_DOLLAR - price, size) for price, size in sizes.items() if size]
    return tuple(Level(Price(price), Size(size)) for price, size in sorted(shown, reverse=reverse))
