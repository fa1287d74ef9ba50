"""Holds a position through the end of a game with `pykalshi`: lifecycle frames, then the settlement.

Run like `pykalshi_client.py`, against an exchange whose clock runs fast.
"""

import json
import sys

from pykalshi import Action, MarketStatus, Side, TimeInForce
from pykalshi.exceptions import KalshiAPIError
from pykalshi_client import Frames, connected, model, refusal
from story import Story


def main():
    ready = json.loads(sys.argv[1])
    story = Story(KalshiAPIError, refusal)
    with connected(ready) as client:
        market = client.get_markets(status=MarketStatus.OPEN)[0]
        taking = {"yes_price_dollars": "0.99", "time_in_force": TimeInForce.IOC}
        take = client.portfolio.place_order
        story.step("take", lambda: take(market, Action.BUY, Side.YES, "5", **taking), model)
        feed = client.feed()
        feed._ws_url = ready["ws_url"]  # the client has no public way to name another venue's socket
        frames = Frames(feed)
        feed.subscribe("market_lifecycle_v2")
        with feed:
            for event in ("close_date_updated", "determined", "settled"):
                story.step(
                    event,
                    lambda event=event: frames.wait(
                        "market_lifecycle_v2",
                        "MarketLifecycleMessage",
                        lambda frame: frame.market_ticker == market.ticker and frame.event_type == event,
                    ),
                )
        story.step("frames outside the models", frames.raw)
        story.step("market", lambda: client.get_market(market.ticker), model)
        story.step("settlements", client.portfolio.get_settlements, model)
        story.step("positions", client.portfolio.get_positions, model)
        story.step("too late", lambda: take(market.ticker, Action.BUY, Side.YES, "5", **taking), model)
    story.tell(ticker=market.ticker)


if __name__ == "__main__":
    main()
