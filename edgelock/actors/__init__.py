"""Shells: few and thin, each for a runtime reason. What they think is in `core`.

    Supervisor                  supervisor, restart_policy, child_*, cell, watchdog, notices: who lives, dies, returns
    ├─ TelemetryActor           telemetry*, library_log, redaction, exit_averages: records → JSON lines
    ├─ ExchangeActor            exchange_actor, order_desk, journal: the only door to orders
    │                           order_gateway: what a gateway is; paper_gateway, shadow_gateway
    ├─ RiskActor                risk_actor: breakers, loss, kill latch; a permit per market
    ├─ FeedActor                feed, feed_desk, market_data: one socket, every market's book and prints
    └─ MarketActor × N          market_actor: facts in, intents out

Under all of them: base (the actor that cannot die unnoticed), address (a name that can always be told things), inbox
(three lanes), lifecycle, timer and clock (the only readers of the machine's). `messages` is what they say to each
other. The boards (market_board, risk_board, gate_board, telemetry_board) are pictures for readers on other threads.
"""
