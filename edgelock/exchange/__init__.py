"""A venue of our own: a pure matching engine, other traders, and the venue's REST and WebSocket protocol on loopback.

    flow (scenario_*, recording_*) → flow_driver → house_traders ─┐
                                                                 ├→ engine → facts → ws_broadcast → ws_session
    request → exchange_server → signature_check → rest_* ─────────┘

The engine (engine, order_book, matching, order_entry, order_changes, order_groups, group_control, market_life,
accounts) takes `now` as an argument and answers with frozen facts. `wire_*` and `ws_messages` write the protocol's
objects. `service` is the command: options, and the one line when ready. docs/exchange.md says what is served and what
is simpler.
"""
