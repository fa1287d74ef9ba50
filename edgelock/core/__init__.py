"""Pure: no clock, thread, socket, log or chance. The same facts give the same intents.

The stairs, from the recipe down to the units; a file imports only from below:

    decide                      step = evolve, report, decide: all that a market does with one message
    ├─ telling_late             what is told of facts that came while nobody was there
    ├─ evolve    report         what a fact makes of the state; what is told of it
    ├─ strategy                 edge_locked and legacy behind one interface: state in, plan out
    │  └─ quoting  exits        entries; hard cap → sweet spot → MAE trim → take-profit
    │     └─ take_profit  mae_trim
    └─ reconcile                plan against resting orders: the fewest intents
    market_state  plan          all that a market remembers; what is wanted now
    position  order  order_ledger  book  reference  market  price_grid  fees
    facts  intents  permit      what happened, what is wished, what is allowed
    telemetry  settings         every line of the log and every number, as types
    units                       Price, Size, Money, Timestamp, Duration: integers

Beside the stairs, used by the actors directly: `risk` and `breakers` (verdicts), `limits` (the last gate),
`rate_limit` (the token bucket), `fill_model` and `fill_outcomes` (paper).
"""
