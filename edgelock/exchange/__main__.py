"""`python -m edgelock.exchange` serves the embedded exchange."""

from edgelock.exchange.service import main

main()
