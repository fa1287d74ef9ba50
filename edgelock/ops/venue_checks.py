"""What the pre-flight asks a real venue, in the order in which one answer needs the other: network, key, account.

Everything is a read. A refusal of the venue becomes a row that says what it means for us and what to do about it.
"""

import random
import secrets as tokens
import socket
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction

from edgelock.actors.clock import wall_clock_ns
from edgelock.actors.redaction import shortened
from edgelock.core.units import MILLISECOND, SECOND, Duration, Timestamp
from edgelock.kalshi.api_keys import AccountKeys, KeyRest
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import CallLimits, ClockOffset, VenueUnreachable
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from edgelock.ops.check_result import CheckResult, failed, passed, skipped, warned
from edgelock.ops.credentials import NOT_SHARED
from edgelock.ops.live_view_text import contracts, date_and_time, price_tag
from edgelock.ops.settings import Settings
from edgelock.ops.venue_address import VenueAddress
from edgelock.ops.venue_series import series_checks
from edgelock.ops.worst_case import smallest_entry, worst_case
from edgelock.ops.write_demand import write_demand

NETWORK, KEY = "network", "API key"
NEEDED_BY_EVERY_MODE = (NETWORK, KEY)
"""Without these not even market data can be read; the other rows are about real orders."""

LIMITS = CallLimits(connect_s=3.0, read_s=4.0, deadline_s=6.0, attempts_max=2)
NAME_TIMEOUT_S = 4.0
ATTESTATION_SHORT = Duration(24 * 3600 * SECOND)
UNREADABLE = (VenueError, VenueUnreachable, WireError)
_SYNC_CLOCK = "set this machine's clock, such as with timedatectl set-ntp true"


def venue_checks(settings: Settings, address: VenueAddress, credentials: Credentials) -> Iterator[CheckResult]:
    """The rows of one venue. Ends early when the network or the key leaves nothing more to ask.

    credentials  read-only ones are enough
    """
    network = _network(address)
    yield network
    if network.outcome == "fail":
        yield skipped(KEY, "the venue is not reachable")
        return
    rest = KeyRest(address.rest_url, credentials, rng=_rng(), limits=LIMITS)
    try:
        key = _known_key(rest, address.name, credentials.key_id)
        yield _clock(rest.clock_offset, settings)
        yield key
        if key.outcome != "fail":
            yield from _account(rest, settings, credentials.key_id)
            yield from series_checks(rest, settings)
    finally:
        rest.close()


def _rng() -> random.Random:
    return random.Random(tokens.randbits(64))


def _network(address: VenueAddress) -> CheckResult:
    remedy = f"look at this machine's network, and whether {address.name} is up"
    if not _has_address(address.host):
        return failed(NETWORK, f"venue not reachable: the name {address.host} could not be resolved", remedy)
    rest = KalshiRest(address.rest_url, None, rng=_rng(), limits=LIMITS)
    try:
        status = rest.exchange_status()
    except VenueUnreachable as error:
        return failed(NETWORK, f"venue not reachable: {address.host}: {error}", remedy)
    except (VenueError, WireError) as error:
        return failed(NETWORK, f"venue not reachable: {address.host} does not answer like the venue: {error}", remedy)
    finally:
        rest.close()
    if not (status.exchange_active and status.trading_active):
        what = "trading is paused" if status.exchange_active else "the exchange is paused"
        return warned(NETWORK, f"{address.host} answers, and {what}", "entries wait until it trades again")
    return passed(NETWORK, f"{address.host} answers, and trades")


def _has_address(host: str) -> bool:
    """Whether the name resolves in time; the system's resolver has no time limit of its own, so it gets a thread."""
    found: list[bool] = []

    def look() -> None:
        try:
            found.append(bool(socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)))
        except OSError:
            found.append(False)

    thread = threading.Thread(target=look, name="resolver", daemon=True)
    thread.start()
    thread.join(NAME_TIMEOUT_S)
    return bool(found and found[0])


def _clock(offset: ClockOffset | None, settings: Settings) -> CheckResult:
    if offset is None:
        return warned("clock skew", "the venue's answer has no date that can be read", "look at this machine's clock")
    found = f"this machine's clock is between {offset.least_ms} and {offset.most_ms} ms ahead of the venue's"
    allowed_ms = settings.risk.max_clock_skew // MILLISECOND
    if offset.least_ms > allowed_ms or offset.most_ms < -allowed_ms:
        return failed("clock skew", f"{found}, more than risk.max_clock_skew_ms {allowed_ms}", _SYNC_CLOCK)
    return passed("clock skew", found)


def _known_key(rest: KeyRest, venue: str, key_id: str) -> CheckResult:
    try:
        rest.account_limits()
    except VenueError as error:
        return failed(KEY, *_why_refused(error, venue, key_id))
    except (VenueUnreachable, WireError) as error:
        return failed(KEY, f"could not be tried: {error}", "try again")
    return passed(KEY, f"{venue} knows {shortened(key_id)}")


def _why_refused(error: VenueError, venue: str, key_id: str) -> tuple[str, str]:
    """What the refusal of a signed read says about the key, and the remedy."""
    short = shortened(key_id)
    if error.details == "NOT_FOUND":
        return f"the key {short} is not known at {venue}; {NOT_SHARED}", f"use a key that was made at {venue}"
    if error.details == "INCORRECT_API_KEY_SIGNATURE":
        return f"the private key is not the one that belongs to {short}", "name the key's own file"
    if error.code == "header_timestamp_expired":
        return f"{venue} refuses our signatures because the clocks differ", _SYNC_CLOCK
    return f"{venue} refuses {short}: {error}", f"look at the key on {venue}'s page of API keys"


def _account(rest: KeyRest, settings: Settings, key_id: str) -> Iterator[CheckResult]:
    must_trade = settings.mode == "live"
    try:
        keys = rest.api_keys()
    except UNREADABLE as error:
        yield failed("key rights", f"could not be read: {error}", "give the key the scope read, and try again")
    else:
        yield _rights(keys, key_id, must_trade=must_trade)
        yield _attestation(keys.attested_until, Timestamp(wall_clock_ns()))
    yield _row("balance", lambda: _balance(rest, settings))
    yield _row("rate tier", lambda: _rate_tier(rest, settings))


def _row(check: str, look: Callable[[], CheckResult]) -> CheckResult:
    try:
        return look()
    except UNREADABLE as error:
        return failed(check, f"could not be read: {error}", "try again")


def _rights(keys: AccountKeys, key_id: str, *, must_trade: bool) -> CheckResult:
    key, short = keys.of(key_id), shortened(key_id)
    if key is None:
        return failed("key rights", f"the account does not list {short}", "make a new key")
    scopes = ", ".join(sorted(key.scopes)) or "none"
    if key.is_subtraders:
        return failed(
            "key rights", f"{short} is a subtrader's, who may not use this interface", "make a key of your own"
        )
    if key.subaccount not in (None, 0):
        text = f"{short} acts for subaccount {key.subaccount} alone, and orders go to the primary account"
        return failed("key rights", text, "make a key that is not bound to a subaccount")
    if not key.may_read:
        return failed("key rights", f"{short} has the scopes {scopes}; reading needs read", "make a key with read")
    if must_trade and not key.may_trade:
        return failed(
            "key rights",
            f"{short} has the scopes {scopes}; trading needs write or write::trade",
            "make a key with read and write::trade",
        )
    return passed("key rights", f"{short} has the scopes {scopes}")


def _attestation(until: Timestamp | None, now: Timestamp) -> CheckResult:
    if until is None:
        text = "the account's location was never attested; the venue may refuse orders in sports"
        return warned("location", text, "attest it on the venue's site")
    moment = date_and_time(until)
    if until <= now:
        text = f"the location attestation lapsed at {moment}; the venue refuses orders in sports"
        return failed("location", text, "renew it on the venue's site")
    if until - now < ATTESTATION_SHORT:
        return warned("location", f"attested until {moment}, less than a day", "renew it on the venue's site")
    return passed("location", f"attested until {moment}")


def _balance(rest: KeyRest, settings: Settings) -> CheckResult:
    available, worst, least = rest.balance().available, worst_case(settings), smallest_entry(settings)
    held = sum(position.net != 0 for position in rest.positions())
    found = f"{price_tag(available)} available, {held} open positions"
    needs = f"the limits allow {price_tag(worst.money)} at risk ({contracts(worst.contracts)} contracts)"
    if available < least and not held:
        return failed("balance", f"{found}; one contract costs up to {price_tag(least)}", "add cash to the account")
    if available < worst.money:
        remedy = "add cash, or lower risk.max_global_inventory_contracts; the venue refuses what is not covered"
        return warned("balance", f"{found}; {needs}", remedy)
    return passed("balance", f"{found}; {needs}")


def _rate_tier(rest: KeyRest, settings: Settings) -> CheckResult:
    limits = rest.account_limits()
    usable = Fraction(limits.write.refill_per_second * (100 - settings.live.token_margin_percent), 100)
    demand = write_demand(settings)
    found = (
        f"{limits.usage_tier}: {float(usable):g} of {limits.write.refill_per_second} write tokens/s used, "
        f"{settings.selection.max_markets_to_trade} busy markets ask for {float(demand.busy):.1f}"
    )
    reserve = settings.risk.exit_token_reserve
    if limits.write.capacity * (100 - settings.live.token_margin_percent) < (reserve + demand.one_entry) * 100:
        return failed(
            "rate tier",
            f"{found}; the bucket of {limits.write.capacity} leaves no entry beside risk.exit_token_reserve {reserve}",
            "lower risk.exit_token_reserve or live.token_margin_percent, or ask the venue for a higher tier",
        )
    if demand.busy > usable:
        return warned(
            "rate tier", found, "lower max_markets_to_trade, or ask the venue for a higher tier; entries wait"
        )
    return passed("rate tier", found)
