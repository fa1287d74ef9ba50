"""The last question before a run begins: may it, in this mode, at this venue? And what it then puts at risk.

Live on demo or prod runs every check of `python run.py check` and is refused by the first that fails. Paper and shadow
need of a real venue only that it answers and knows the key. Live on the embedded exchange needs the core checks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import click

from edgelock.actors.redaction import shortened
from edgelock.core.telemetry import LiveRisk
from edgelock.core.units import Money, Timestamp
from edgelock.kalshi.rest import KalshiRest
from edgelock.ops.check_result import CheckResult, skipped
from edgelock.ops.core_checks import core_checks
from edgelock.ops.credentials import credentials_of
from edgelock.ops.live_view_text import cents, contracts, price_tag
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import Settings
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.settings_file import DEFAULT_DOTENV
from edgelock.ops.site_checks import site_checks
from edgelock.ops.user_error import UserError
from edgelock.ops.venue import Venue
from edgelock.ops.venue_address import KALSHI, VenueAddress
from edgelock.ops.venue_checks import NEEDED_BY_EVERY_MODE, NETWORK, UNREADABLE, venue_checks
from edgelock.ops.worst_case import worst_case

LISTED_MARKETS = 8


def approved(options: RunOptions, *, addresses: Mapping[str, VenueAddress] = KALSHI) -> RunOptions:
    """The options with the rows that were checked; nothing is started and nothing is sent but reads.

    Raises UserError, in one line with the check, what it found and the remedy, when the run must not begin.
    addresses  where demo and prod are; for tests, which bring a venue of their own on this machine
    """
    settings, rows = options.settings, []
    for row in _rows(options, addresses):
        if row.outcome == "fail" and (settings.mode == "live" or row.check in NEEDED_BY_EVERY_MODE):
            raise UserError(_refusal(settings, row))
        rows.append(row)
    return replace(options, preflight=tuple(rows))


def live_risk(options: RunOptions, *, key_id: str, balance: Money, at: Timestamp) -> LiveRisk:
    """What this live run puts at risk, as the line that is written before its first market is added.

    key_id   of the key that trades; it is shortened
    balance  available cash as the venue says
    """
    settings, worst = options.settings, worst_case(options.settings)
    selection = settings.selection
    return LiveRisk(
        at=at,
        venue=settings.venue.name,
        account=shortened(key_id),
        balance=balance,
        exposure=worst.money,
        qty=worst.contracts,
        price=worst.price,
        fees=worst.fees,
        order_notional=settings.risk.max_order_notional,
        daily_loss=settings.risk.max_daily_loss,
        markets=options.markets or (f"up to {selection.max_markets_to_trade} of {', '.join(selection.series)}",),
    )


def told_risk(options: RunOptions, venue: Venue, rest: KalshiRest) -> LiveRisk:
    """The line with the account's balance read; told as text, too, where a person will see a table and not the lines.

    Raises UserError when the balance cannot be read: then nobody knows what is at risk.
    """
    try:
        balance = rest.balance().available
    except UNREADABLE as error:
        raise UserError(f"the account's balance could not be read: {error}") from None
    risk = live_risk(options, key_id=venue.credentials.key_id, balance=balance, at=venue.clock.now())
    if options.live_view:
        click.echo(live_risk_text(risk), err=True)
    return risk


def live_risk_text(risk: LiveRisk) -> str:
    """The same for a person, before the live view begins."""
    named = ", ".join(risk.markets[:LISTED_MARKETS])
    more = len(risk.markets) - LISTED_MARKETS
    return "\n".join(
        (
            f"LIVE on {risk.venue} with key {risk.account}: orders are real",
            f"  balance     {price_tag(risk.balance)}",
            f"  at risk     at most {price_tag(risk.exposure)}: {contracts(risk.qty)} contracts at up to "
            f"{cents(risk.price)}¢ and {cents(risk.fees)}¢ of fees",
            f"  one order   at most {price_tag(risk.order_notional)}",
            f"  daily loss  entries stop at -{price_tag(risk.daily_loss)}",
            f"  markets     {named}{f' and {more} more' if more > 0 else ''}",
        )
    )


def checks_of_the_venue(
    settings: Settings, secrets: Secrets, addresses: Mapping[str, VenueAddress]
) -> Iterator[CheckResult]:
    """What demo or prod answers; one row that nothing was asked where there is nobody to ask or no key to ask with."""
    name = settings.venue.name
    if name == "embedded":
        yield skipped(NETWORK, "the embedded exchange is started by the bot itself")
        return
    try:
        credentials = credentials_of(name, secrets).read_only()
    except UserError:
        yield skipped(NETWORK, f"{name} is not asked without a key")
        return
    yield from venue_checks(settings, addresses[name], credentials)


def _rows(options: RunOptions, addresses: Mapping[str, VenueAddress]) -> Iterator[CheckResult]:
    settings, secrets = options.settings, options.secrets
    yield from core_checks(settings)
    if settings.venue.name == "embedded":
        return
    if settings.mode == "live":
        yield from site_checks(settings, secrets, DEFAULT_DOTENV)
    yield from checks_of_the_venue(settings, secrets, addresses)


def _refusal(settings: Settings, row: CheckResult) -> str:
    found = f"{row.check}: {row.detail}; {row.remedy}"
    if settings.mode == "live":
        return f"live trading on {settings.venue.name} is refused: {found}"
    return found
