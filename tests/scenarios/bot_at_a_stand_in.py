"""The program itself, with demo and prod moved to a venue on this machine: what no setting and no variable can do.

Usage: bot_at_a_stand_in.py REST_URL WS_URL [the program's own options].
"""

import sys
from functools import partial

from edgelock.ops import assembly, check, going_live
from edgelock.ops.command_line import main
from edgelock.ops.venue_address import VenueAddress


def move_venues(rest_url: str, ws_url: str) -> None:
    """From now on this process finds demo and prod there."""
    addresses = {name: VenueAddress(name, rest_url, ws_url) for name in ("demo", "prod")}
    going_live.approved = partial(going_live.approved, addresses=addresses)
    assembly.open_venue = partial(assembly.open_venue, addresses=addresses)
    check.run_checks = partial(check.run_checks, addresses=addresses)


if __name__ == "__main__":
    move_venues(sys.argv[1], sys.argv[2])
    sys.exit(main(sys.argv[3:]))
