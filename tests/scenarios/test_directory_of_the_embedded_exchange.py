"""What the exchange does to its markets and to itself, as the bot reads it from its lists, over real sockets."""

import json
import random
import subprocess
import sys
import threading
import urllib.request
from fractions import Fraction

import pytest

from edgelock.actors.clock import EngineClock, wall_clock_ns
from edgelock.core.exchange_standing import Standing
from edgelock.core.fees import FeeTerms
from edgelock.core.market import MarketStatus
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.signing import credentials_from_pem
from edgelock.ops.exchange_watch import ExchangeWatch
from edgelock.ops.listing_news import ListingNewsReader
from edgelock.ops.market_selection import MarketSource, NotTradable
from edgelock.ops.settings import Settings
from edgelock.ops.venue_fees import READ_AGAIN_AFTER

PATIENCE_S = 30
LOOK_S = 0.02
SETTINGS = Settings.model_validate({"selection": {"series": ["NHL", "NFL", "CFB"]}})
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RunningExchange:
    """An exchange of its own process, our reading of it, and a hand on its faults."""

    def __init__(self, ready) -> None:
        self.base = ready["rest_url"].removesuffix("/trade-api/v2")
        credentials = credentials_from_pem(ready["api_key_id"], ready["private_key_pem"], source="the ready line")
        self.rest = KalshiRest(ready["rest_url"], credentials, rng=random.Random(1))
        self.source = MarketSource(self.rest, SETTINGS)
        self.clock = EngineClock.starting_at(wall_clock_ns(), 60)

    def suffer(self, **fault) -> None:
        body = json.dumps({"faults": [fault]}).encode()
        request = urllib.request.Request(f"{self.base}/embedded/faults", data=body, method="POST")
        DIRECT.open(request, timeout=PATIENCE_S).close()

    def wait_for(self, look):
        """What `look` returns once it is something."""
        pause = threading.Event()
        for _ in range(int(PATIENCE_S / LOOK_S)):
            found = look()
            if found:
                return found
            pause.wait(LOOK_S)
        raise AssertionError(f"not within {PATIENCE_S} s")

    def wait_for_listing(self, ticker, accepts):
        return self.wait_for(
            lambda: next((ls for ls in [self.source.of_tickers([ticker])[ticker]] if accepts(ls)), None)
        )


@pytest.fixture
def exchange():
    command = [sys.executable, "-m", "edgelock.exchange", "--speed", "60", "--seed", "3", "--exit-with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            running = RunningExchange(json.loads(process.stdout.readline()))
            yield running
            running.rest.close()
        finally:
            process.stdin.close()
            process.wait(PATIENCE_S)


def test_the_evenings_games_are_found_with_their_events_and_can_be_traded(exchange):
    now = exchange.clock.now()

    listings = exchange.source.of_families(SETTINGS, now)
    markets = [exchange.source.as_market(listing, now) for listing in listings]

    assert len(markets) == 12
    assert exchange.source.oddities() == ()
    assert {market.family for market in markets} == {"NHL", "NFL", "CFB"}
    assert all(market.ticker.startswith(f"{market.event_ticker}-") for market in markets)
    assert set(exchange.source.of_tickers([market.ticker for market in markets])) == {m.ticker for m in markets}


def test_what_happens_to_a_market_is_read_from_its_listing(exchange):
    now = exchange.clock.now()
    first, second = exchange.source.of_families(SETTINGS, now)[:2]
    market, reader = exchange.source.as_market(first, now), ListingNewsReader(cache_ns=0)

    exchange.suffer(on="market", do="price_structure", ticker=first.ticker, structure="deci_cent")
    finer = exchange.wait_for_listing(first.ticker, lambda listing: listing.grid != first.grid)
    exchange.suffer(on="market", do="pause", ticker=first.ticker)
    paused = exchange.wait_for_listing(first.ticker, lambda listing: listing.status is MarketStatus.INACTIVE)
    exchange.suffer(on="market", do="settle", ticker=second.ticker, result=0.37)
    paid = exchange.wait_for_listing(second.ticker, lambda listing: listing.status is MarketStatus.FINALIZED)

    assert reader.news(market, finer, 0).grid == finer.grid
    assert reader.news(market, paused, 0).life == (MarketStatus.INACTIVE, paused.close_time)
    assert paid.settlement_value == 3_700
    assert second.ticker not in {
        listing.ticker
        for listing in exchange.source.of_families(SETTINGS, now)
        if listing.status is MarketStatus.ACTIVE
    }


def test_fees_that_the_exchange_changes_are_read_and_unknown_ones_are_not_traded(exchange):
    now = exchange.clock.now()
    listing, other = (exchange.source.of_families(SETTINGS, now)[number] for number in (0, 2))
    before = exchange.source.fees(listing, now)

    def fees_now():
        exchange.source.of_families(SETTINGS, now)
        return exchange.source.fees(listing, now)

    exchange.suffer(on="market", do="fees", ticker=listing.ticker, multiplier=2)
    dearer = exchange.wait_for(lambda: fees_now() if fees_now() != before else None)
    exchange.suffer(on="market", do="fees", ticker=listing.ticker, fee_type="by_the_moon")
    exchange.wait_for(lambda: not fees_now().is_known)

    assert dearer == FeeTerms(before.fee_type, Fraction(2))
    with pytest.raises(NotTradable, match="'by_the_moon'"):
        exchange.source.as_market(listing, now)
    assert exchange.source.fees(other, now + READ_AGAIN_AFTER) == before


def test_a_pause_of_the_whole_exchange_is_told_and_its_end(exchange):
    heard = threading.Condition()
    told: list[Standing] = []

    def tell(shards) -> None:
        with heard:
            told.append(shards[0].standing)
            heard.notify_all()

    def wait_until(standing) -> None:
        with heard:
            assert heard.wait_for(lambda: told and told[-1] is standing, PATIENCE_S), told

    said: list[str] = []
    watch = ExchangeWatch(exchange.rest, clock=exchange.clock, tell=tell, say=said.append, look_s=LOOK_S)
    watch.start()
    try:
        wait_until(Standing.OPEN)
        exchange.suffer(on="exchange", do="pause", for_s=600)
        wait_until(Standing.TRADING_PAUSED)
        exchange.suffer(on="exchange", do="halt", for_s=60)
        wait_until(Standing.EXCHANGE_PAUSED)
        wait_until(Standing.OPEN)
    finally:
        watch.stop()
    assert said == []
