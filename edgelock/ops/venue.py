"""The venue of one run: where it is, how it is signed for, and what time it is there."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgelock.actors.clock import EngineClock, monotonic_ns, wall_clock_ns
from edgelock.kalshi.read_budget import ReadBudget
from edgelock.kalshi.signing import CredentialError, Credentials, credentials_from_pem
from edgelock.ops.credentials import credentials_of
from edgelock.ops.embedded_process import (
    EmbeddedExchange,
    ReadyExchange,
    exchange_command,
    running_exchange,
    start_exchange,
)
from edgelock.ops.run_options import RunOptions
from edgelock.ops.user_error import UserError
from edgelock.ops.venue_address import KALSHI, VenueAddress, is_on_this_machine

EMBEDDED_TIMEOUT_S = 2.0
RELEASE_TIMEOUT_S = 15.0
"""Longer, because a start depends on it: on a busy machine an exchange whose clock runs fast may be late to answer."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""To our own child on this machine; a proxy in the environment is for the world outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """One venue, opened.

    credentials          for reading and for the sockets; they sign GET and nothing else
    trading_credentials  for the live gateway alone; None unless the mode is live
    markets              tickers that the embedded exchange has listed so far
    read_budget          what everybody who reads shares
    child                the embedded exchange's process; None when it was there before
    """

    rest_url: str
    ws_url: str
    credentials: Credentials
    trading_credentials: Credentials | None = None
    clock: EngineClock
    markets: tuple[str, ...] = ()
    child: EmbeddedExchange | None = None
    is_embedded: bool = False
    read_budget: ReadBudget

    def release_clock(self) -> None:
        """The embedded exchange's time stands still until its first client is ready; a real venue's runs anyway.

        Raises UserError when the exchange does not answer.
        """
        if not self.is_embedded:
            return
        request = urllib.request.Request(_embedded_url(self.rest_url, "clock/release"), method="POST")
        try:
            with _DIRECT.open(request, timeout=RELEASE_TIMEOUT_S) as answer:
                anchor_wall_ns = int(json.load(answer)["anchor_wall_ns"])
        except OSError as error:
            raise UserError(f"the embedded exchange does not answer: {error}", exit_code=75) from None
        self.clock.release(monotonic_ns() - (wall_clock_ns() - anchor_wall_ns))

    def is_programme_over(self) -> bool:
        """Whether the embedded exchange's scenario or recording has nothing more to play."""
        if not self.is_embedded:
            return False
        try:
            with _DIRECT.open(_embedded_url(self.rest_url, "clock"), timeout=EMBEDDED_TIMEOUT_S) as answer:
                return bool(json.load(answer)["flow_exhausted"])
        except OSError:
            return False

    def close(self) -> None:
        """End the embedded exchange, if there is one."""
        if self.child is not None:
            self.child.stop()


def open_venue(
    options: RunOptions, *, told: Callable[[str], None], addresses: Mapping[str, VenueAddress] = KALSHI
) -> Venue:
    """Start or address the chosen venue. Raises UserError, with nothing left running, when that cannot be.

    addresses  where demo and prod are; for tests, which bring a venue of their own on this machine
    """
    try:
        if options.settings.venue.name == "embedded":
            return _embedded(options, told)
        return _remote(options, addresses)
    except CredentialError as error:
        raise UserError(str(error)) from None


def _embedded(options: RunOptions, told: Callable[[str], None]) -> Venue:
    child = None
    if options.exchange is not None:
        ready = running_exchange(options.exchange)
        if not (is_on_this_machine(ready.rest_url) and is_on_this_machine(ready.ws_url)):
            raise UserError(
                f"{options.exchange}: this exchange is not on this machine; demo and prod are chosen with KALSHI_ENV"
            )
    else:
        child, ready = start_exchange(
            exchange_command(
                options.settings.embedded,
                request_log=options.exchange_log,
                ledger=options.exchange_ledger,
                faults=options.faults,
            ),
            told=told,
        )
    if ready.private_key_pem is None:
        if child is not None:
            child.stop()
        raise UserError("the embedded exchange gave no key", exit_code=70)
    credentials = credentials_from_pem(ready.api_key_id, ready.private_key_pem, source="the embedded exchange's key")
    # Ours stands still until it is released; another's has been running for a while.
    is_running = child is None and not _is_held(ready)
    anchor_ns = monotonic_ns() - (wall_clock_ns() - ready.anchor_wall_ns) if is_running else None
    return Venue(
        rest_url=ready.rest_url,
        ws_url=ready.ws_url,
        credentials=credentials.read_only(),
        trading_credentials=_for_trading(options, credentials),
        clock=EngineClock(ready.origin_ns, anchor_ns, ready.speed),
        markets=ready.markets,
        child=child,
        is_embedded=True,
        read_budget=ReadBudget(speed=ready.speed),
    )


def _is_held(ready: ReadyExchange) -> bool:
    """Whether an exchange that was there before still stands at the beginning of its time."""
    try:
        with _DIRECT.open(_embedded_url(ready.rest_url, "clock"), timeout=EMBEDDED_TIMEOUT_S) as answer:
            return int(json.load(answer)["now_ns"]) == ready.origin_ns
    except OSError as error:
        raise UserError(f"the exchange at {ready.rest_url} does not answer: {error}") from None


def _embedded_url(rest_url: str, what: str) -> str:
    return f"{rest_url.removesuffix('/trade-api/v2')}/embedded/{what}"


def _remote(options: RunOptions, addresses: Mapping[str, VenueAddress]) -> Venue:
    address = addresses[options.settings.venue.name]
    credentials = credentials_of(options.settings.venue.name, options.secrets)
    return Venue(
        rest_url=address.rest_url,
        ws_url=address.ws_url,
        credentials=credentials.read_only(),
        trading_credentials=_for_trading(options, credentials),
        clock=EngineClock(wall_clock_ns(), monotonic_ns(), 1),
        read_budget=ReadBudget(),
    )


def _for_trading(options: RunOptions, credentials: Credentials) -> Credentials | None:
    return credentials if options.settings.mode == "live" else None
