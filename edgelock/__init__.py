"""edgelock: an edge-locked market maker for the Kalshi prediction exchange, on the actor model.

`core` decides and can be replayed; `actors` give it threads, time and failure isolation; `kalshi` speaks the
venue's protocol; `exchange` is a venue of our own; `ops` is what a person touches. Imports run one way:

    run.py → ops → actors → { kalshi, exchange } → core
"""

__version__ = "0.1.0"
