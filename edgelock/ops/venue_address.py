"""Where the real venues are. No setting and no variable can move them: a key only ever goes to its own venue.

Source: venue reference §1 (read 2026-11-22).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

HOSTS: Mapping[str, frozenset[str]] = {
    "demo": frozenset({"external-api.demo.kalshi.co", "external-api-ws.demo.kalshi.co", "demo-api.kalshi.co"}),
    "prod": frozenset({"external-api.kalshi.com", "external-api-ws.kalshi.com", "api.elections.kalshi.com"}),
}
"""Every host that an environment's keys may be used with."""


@dataclass(frozen=True, slots=True)
class VenueAddress:
    """One environment's base URLs. Raises ValueError for a host that is neither the environment's nor this machine.

    name  "demo" or "prod"
    """

    name: str
    rest_url: str
    ws_url: str

    def __post_init__(self) -> None:
        for url in (self.rest_url, self.ws_url):
            parts = urlsplit(url)
            host = parts.hostname or ""
            is_theirs = host in HOSTS[self.name] and parts.scheme in ("https", "wss") and parts.port is None
            if not (is_theirs or _is_loopback(host)):
                raise ValueError(f"{host!r} is not a host of {self.name}")

    @property
    def host(self) -> str:
        """The host of the REST interface."""
        return str(urlsplit(self.rest_url).hostname)


KALSHI: Mapping[str, VenueAddress] = {
    "demo": VenueAddress(
        "demo",
        "https://external-api.demo.kalshi.co/trade-api/v2",
        "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2",
    ),
    "prod": VenueAddress(
        "prod",
        "https://external-api.kalshi.com/trade-api/v2",
        "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
    ),
}


def is_on_this_machine(url: str) -> bool:
    """Whether whatever is sent to `url` stays on this machine."""
    return _is_loopback(urlsplit(url).hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
