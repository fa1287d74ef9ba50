"""What the risk side remembers, as text: one JSON object that says by which scheme it was written.

Text that this program would not have written in just these characters is refused: a field that is missing, of another
kind, unknown, or a number that is not written as a whole one. Nothing is ever filled in by a default.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec

from edgelock.core.risk_memory import OddMemory, Remembered, RememberedMarket, remembered
from edgelock.core.risk_state import MarketRisk, RiskState

SCHEME = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    scheme: int
    remembered: Remembered


class _AnyScheme(msgspec.Struct, frozen=True):
    scheme: int


def to_text(memory: Remembered) -> str:
    """One line of JSON. The same memory gives the same text."""
    return msgspec.json.encode(_Written(scheme=SCHEME, remembered=memory)).decode()


class RiskMemoryWriter:
    """Writes state after state as `to_text` would, and remembers the text of markets that do not change meanwhile.

    A cancel changes one market, and is written before anybody is told: with two hundred markets this is what makes it
    cheap.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[MarketRisk, str]] = {}

    def text(self, state: RiskState) -> str:
        """`to_text(remembered(state))`."""
        known = self._known
        self._known = {
            ticker: known[ticker]
            if ticker in known and known[ticker][0] is risk
            else (risk, _market_text(ticker, risk))
            for ticker, risk in sorted(state.markets.items())
        }
        without = to_text(remembered(replace(state, markets=MappingProxyType({}))))
        markets = ",".join(text for _, text in self._known.values())
        return without.replace(_NO_MARKETS, f'"markets":[{markets}]', 1)


_NO_MARKETS = '"markets":[]'
"""How an empty list of markets is written; it is the first field, so nothing before it can look like it."""


def _market_text(ticker: str, risk: MarketRisk) -> str:
    return msgspec.json.encode(RememberedMarket(ticker=ticker, risk=risk)).decode()


def from_text(text: str) -> Remembered:
    """The memory that `to_text` wrote. Raises OddMemory for any other text, and for another scheme."""
    try:
        scheme = msgspec.json.decode(text, type=_AnyScheme).scheme
        if scheme != SCHEME:
            raise OddMemory(f"it is written by scheme {scheme}, and this program knows {SCHEME} only")
        memory = msgspec.json.decode(text, type=_Written).remembered
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise OddMemory(f"it is not what the risk side writes: {error}") from error
    if to_text(memory) != text:
        raise OddMemory("it holds something that the risk side does not write")
    return memory
