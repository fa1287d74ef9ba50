"""The pre-flight's rows about what is traded: each family's series with its fees, open markets and ticks."""

from collections.abc import Iterator
from http import HTTPStatus

from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import CENT
from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import SeriesTerms
from edgelock.ops.check_result import CheckResult, failed, passed, skipped
from edgelock.ops.settings import Settings


def series_checks(rest: KalshiRest, settings: Settings) -> Iterator[CheckResult]:
    """A row for each selected family, as the venue describes it now."""
    for name in settings.selection.series:
        family, check = settings.families.get(name), f"series {name}"
        if family is None:
            yield skipped(check, "takes every series that no family lists")
            continue
        try:
            found = [_described(rest, terms) for terms in _listed(rest, family.series)]
        except (VenueError, VenueUnreachable, WireError) as error:
            yield failed(check, f"could not be read: {error}", "try again")
            continue
        if found:
            yield passed(check, "; ".join(found))
        else:
            yield failed(check, f"the venue has none of {', '.join(family.series)}", f"mend families.{name}.series")


def _listed(rest: KalshiRest, names: tuple[str, ...]) -> Iterator[SeriesTerms]:
    """A family also lists prefixes of older tickers, so a series that the venue does not have is left out."""
    for name in names:
        try:
            yield rest.series(name)
        except VenueError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise


def _described(rest: KalshiRest, terms: SeriesTerms) -> str:
    page, fees = rest.markets(series_ticker=terms.ticker, status="open"), terms.fees
    ticks = sorted({_tick(listing.grid) for listing in page.listings})
    text = (
        f"{terms.ticker} {terms.fee_type} × {float(terms.fee_multiplier):g} (taker {float(fees.taker_rate * 100):g} %, "
        f"maker {float(fees.maker_rate * 100):g} %), {len(page.listings)} open markets"
    )
    text += f", tick {' and '.join(f'{tick:g}' for tick in ticks)} ¢" if ticks else ""
    return text + (f", {len(page.unreadable)} unreadable" if page.unreadable else "")


def _tick(grid: PriceGrid) -> float:
    """The smallest step of a market, in cents for the eye."""
    return float(min(band.step for band in grid.bands) / CENT)
