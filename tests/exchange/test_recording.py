"""Tests of recordings as flows: what is played agrees with the file, and a bad file is one clear line."""

import gzip
import itertools
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from edgelock.core.units import CONTRACT, ONE_DOLLAR, Price, Size, parse_price
from edgelock.exchange.flow import BookSide, MarketPhase, Take
from edgelock.exchange.recording import RecordingError, RecordingFlow, recording_flow
from tests.exchange.plain_book import PlainBooks

RECORDINGS = Path(os.environ.get("EDGELOCK_RECORDINGS", Path(__file__).parents[3] / "shared" / "data" / "kalshi"))
MARKET = "KXNBAGAME-26MAY25NYKCLE-NYK"
TOUCH = {
    "ts_ms": 1_779_678_709_053,
    "type": "ticker",
    "market": MARKET,
    "yes_bid_dollars": "0.5700",
    "yes_ask_dollars": "0.5800",
    "yes_bid_size_fp": "70.00",
    "yes_ask_size_fp": "24.00",
}
TRADE = {
    "ts_ms": 1_779_678_709_489,
    "type": "trade",
    "market": MARKET,
    "yes_price_dollars": "0.6100",
    "no_price_dollars": "0.3900",
    "count_fp": "656.26",
    "taker_side": "yes",
}


def written(folder: Path, *lines: object) -> Path:
    """A plain recording of these lines; text is written as it is."""
    path = folder / "recording.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def played(flow: RecordingFlow) -> PlainBooks:
    """The books after the whole flow, checked on the way."""
    books = PlainBooks()
    last = flow.starts_at
    for timed in flow.actions():
        assert timed.at >= last
        last = timed.at
        books.apply(timed.action)
    return books


def recorded_trades(path: Path) -> tuple[Counter[str], Counter[str]]:
    """Number and volume of trades of each market as the file itself states or implies them (module docstrings)."""
    numbers: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    volumes: dict[str, list[int]] = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            event = json.loads(line)
            size = int(event.get("count_fp", event.get("volume_fp", "0")).replace(".", ""))
            if event["type"] in ("trade", "flow_30s"):
                numbers[event["market"]] += event.get("x_n_trades", 1)
                sizes[event["market"]] += size
            elif event["type"] == "ticker" and "volume_fp" in event:
                volumes.setdefault(event["market"], []).append(size)
    for market, seen in volumes.items():
        if market not in numbers:
            numbers[market] = sum(1 for before, after in itertools.pairwise(seen) if after > before)
            sizes[market] = (seen[-1] - seen[0]) // 2
    return numbers, sizes


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05", "06", "07", "08"])
def test_a_recording_prints_the_trades_of_the_file_each_at_one_price(number: str) -> None:
    paths = list(RECORDINGS.glob(f"{number}_*.jsonl.gz"))
    if not paths:
        pytest.skip(f"recording {number} is not in {RECORDINGS}; set EDGELOCK_RECORDINGS to its folder")
    books = played(recording_flow(paths[0]))
    numbers, sizes = recorded_trades(paths[0])
    assert Counter(ticker for ticker, _, _, _ in books.prints) == numbers
    printed: Counter[str] = Counter()
    for ticker, _, _, size in books.prints:
        printed[ticker] += size
    assert printed == sizes
    assert all(phase is MarketPhase.CLOSED for phase in books.phases.values())


def test_a_trade_prints_its_price_and_size_although_the_touch_was_elsewhere(tmp_path: Path) -> None:
    books = played(recording_flow(written(tmp_path, TOUCH, TRADE)))
    assert books.prints == [(MARKET, BookSide.BID, Price(6_100), Size(65_626))]
    assert min(books.asks[MARKET]) == 6_200
    assert max(books.bids[MARKET]) == 6_000


@pytest.mark.parametrize("side", ["yes", "no"])
@pytest.mark.parametrize("price", ["0.0100", "0.5600", "0.5700", "0.5800", "0.5900", "0.9900"])
def test_a_trade_at_any_price_prints_once_and_leaves_no_crossed_book(tmp_path: Path, side: str, price: str) -> None:
    trade = {**TRADE, "yes_price_dollars": price, "taker_side": side}
    books = played(recording_flow(written(tmp_path, TOUCH, trade, trade)))
    taker_side = BookSide.BID if side == "yes" else BookSide.ASK
    assert books.prints == [(MARKET, taker_side, parse_price(price), Size(65_626))] * 2


def test_a_touch_without_size_shows_the_stated_usual_size_with_depth_behind_it(tmp_path: Path) -> None:
    sizeless = {key: value for key, value in TOUCH.items() if not key.endswith("size_fp")}
    books = played(recording_flow(written(tmp_path, sizeless)))
    assert books.bids[MARKET] == {Price(5_700 - 100 * depth): Size(500 * CONTRACT) for depth in range(5)}


def test_half_the_growth_of_a_volume_is_a_trade_by_the_taker_whose_touch_is_nearer(tmp_path: Path) -> None:
    before = {**TOUCH, "volume_fp": "100.00", "price_dollars": "0.5700"}
    after = {**before, "ts_ms": TRADE["ts_ms"], "volume_fp": "130.00"}
    books = played(recording_flow(written(tmp_path, before, after)))
    assert books.prints == [(MARKET, BookSide.ASK, Price(5_700), Size(15 * CONTRACT))]


def test_a_summed_bucket_keeps_its_number_of_trades_and_its_net_taker_side(tmp_path: Path) -> None:
    bucket = {
        "ts_ms": 1_774_479_930_000,
        "type": "flow_30s",
        "market": MARKET,
        "x_bucket_start_ms": 1_774_479_900_000,
        "x_net_taker_yes_fp": "40.00",
        "volume_fp": "100.00",
        "price_dollars": "0.3200",
        "x_n_trades": 5,
    }
    takes = [t.action for t in recording_flow(written(tmp_path, bucket)).actions() if isinstance(t.action, Take)]
    assert len(takes) == 5
    assert sum(take.size for take in takes if take.taker_side is BookSide.BID) == 70 * CONTRACT
    assert sum(take.size for take in takes if take.taker_side is BookSide.ASK) == 30 * CONTRACT


def test_a_snapshot_and_its_deltas_are_the_book_itself(tmp_path: Path) -> None:
    snapshot = {
        "ts_ms": 1_782_873_105_308,
        "type": "snapshot",
        "market": MARKET,
        "yes_dollars_fp": [["0.1500", "10.00"], ["0.1600", "5.00"]],
        "no_dollars_fp": [["0.8100", "7.00"]],
    }
    delta = {"ts_ms": 1_782_873_105_400, "type": "delta", "market": MARKET, "side": "no"}
    gone = {**delta, "price_dollars": "0.8100", "delta_fp": "-7.00"}
    more = {**delta, "price_dollars": "0.8000", "delta_fp": "1.50"}
    books = played(recording_flow(written(tmp_path, snapshot, gone, more)))
    assert books.bids[MARKET] == {Price(1_500): Size(1_000), Price(1_600): Size(500)}
    assert books.asks[MARKET] == {Price(2_000): Size(150)}


def test_a_recorded_result_settles_and_without_one_a_market_only_closes(tmp_path: Path) -> None:
    result = {"ts_ms": TRADE["ts_ms"], "type": "settlement", "market": MARKET, "result": "yes"}
    assert played(recording_flow(written(tmp_path, TOUCH, result))).settled == {MARKET: ONE_DOLLAR}
    unsettled = played(recording_flow(written(tmp_path, TOUCH)))
    assert unsettled.settled == {}
    assert unsettled.phases == {MARKET: MarketPhase.CLOSED}


def test_prices_finer_than_a_cent_get_a_grid_that_accepts_them(tmp_path: Path) -> None:
    edge = {**TOUCH, "yes_bid_dollars": "0.0930", "yes_ask_dollars": "0.0940"}
    middle = {**TOUCH, "yes_bid_dollars": "0.4530"}
    structures = [
        recording_flow(written(tmp_path, line)).listings[0].price_level_structure for line in (TOUCH, edge, middle)
    ]
    assert structures == ["linear_cent", "tapered_deci_cent", "deci_cent"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{broken", "line 2: it is not JSON"),
        ("[" * 100_000, "line 2: it is not JSON"),
        ("", "line 2: it is not JSON"),
        ("[1]", "line 2: it is not a JSON object"),
        ({**TRADE, "ts_ms": "soon"}, "line 2: it has no ts_ms"),
        ({**TRADE, "ts_ms": 10**18}, "line 2: it has no ts_ms"),
        ({"ts_ms": TRADE["ts_ms"]}, "line 2: it has no type"),
        ({**TRADE, "type": "rumour"}, "line 2: its type 'rumour' is unknown; known are trade, ticker,"),
        ({**TRADE, "market": None}, "line 2: its market is not text"),
        ({**TRADE, "yes_price_dollars": "0.61005"}, "line 2: its yes_price_dollars is bad: '0.61005' has more"),
        ({**TRADE, "yes_price_dollars": 0.61}, "line 2: its yes_price_dollars is not text"),
        ({**TRADE, "yes_price_dollars": "1.0000"}, "line 2: its yes_price_dollars is '1.0000', not between"),
        ({**TRADE, "count_fp": "ten"}, "line 2: its count_fp is bad: 'ten'"),
        ({**TRADE, "count_fp": "0.00"}, "line 2: its count_fp is 0"),
        ({**TRADE, "taker_side": "up"}, "line 2: its taker_side is 'up', not one of yes, no"),
        ({**TRADE, "ts_ms": 1_000}, "line 2: its ts_ms is before that of the line above"),
        ({**TOUCH, "yes_bid_dollars": "0.5900"}, "line 2: its bid is not below its ask"),
        ({**TRADE, "type": "delta", "side": "no", "price_dollars": "0.5", "delta_fp": "1"}, "line 2: a delta of"),
    ],
)
def test_a_bad_line_is_one_line_with_the_file_its_number_and_the_fault(
    tmp_path: Path, line: object, fault: str
) -> None:
    path = written(tmp_path, TOUCH, line)
    with pytest.raises(RecordingError, match=fault) as caught:
        recording_flow(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_truncated_gzip_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    lines = "".join(f"{json.dumps({**TRADE, 'ts_ms': TRADE['ts_ms'] + i})}\n" for i in range(2_000))  # type: ignore[operator]
    whole = gzip.compress(lines.encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match=r"line \d+: the gzip file is truncated here"):
        recording_flow(path)
    path.write_bytes(whole[:200] + bytes(50) + whole[250:])
    with pytest.raises(RecordingError, match=r"line \d+: the gzip file is damaged here"):
        recording_flow(path)


def test_what_is_no_recording_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"missing\.jsonl: No such file or directory"):
        recording_flow(tmp_path / "missing.jsonl")
    with pytest.raises(RecordingError, match="Is a directory"):
        recording_flow(tmp_path)
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(RecordingError, match="line 1: it is not text"):
        recording_flow(binary)
    with pytest.raises(RecordingError, match="the file is empty"):
        recording_flow(written(tmp_path))
    with pytest.raises(RecordingError, match="nothing tradable"):
        recording_flow(written(tmp_path, {"ts_ms": 1, "type": "gap", "reason": "no data"}))
