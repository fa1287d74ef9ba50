"""The program itself, with demo and prod moved to a venue on this machine: what no setting and no variable can do.

Usage: bot_at_a_stand_in.py REST_URL WS_URL [the program's own options].
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial

from edgelock.ops import assembly, check, going_live
from edgelock.ops.command_line import main
from edgelock.ops.run_options import RunOptions
from edgelock.ops.venue import Venue, open_venue
from edgelock.ops.venue_address import VenueAddress


def move_venues(rest_url: str, ws_url: str) -> None:
    """From now on this process finds demo and prod there."""
    addresses = {name: VenueAddress(name, rest_url, ws_url) for name in ("demo", "prod")}
    going_live.approved = partial(going_live.approved, addresses=addresses)
    assembly.open_venue = partial(_open_there, addresses)
    check.run_checks = partial(check.run_checks, addresses=addresses)


def _open_there(
    there: Mapping[str, VenueAddress],
    options: RunOptions,
    *,
    told: Callable[[str], None],
    addresses: object = None,
) -> Venue:
    return open_venue(options, told=told, addresses=there)


if __name__ == "__main__":
    move_venues(sys.argv[1], sys.argv[2])
    sys.exit(main(sys.argv[3:]))
