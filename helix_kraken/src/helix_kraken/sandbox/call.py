"""One call of an endpoint: its arguments, read as Kraken reads them. Arguments that nobody asks for are ignored."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from helix_core.sandbox import Reason, VenueCall
from helix_kraken.sandbox.ids import number_of
from helix_kraken.sandbox.names import PairNames
from helix_kraken.sandbox.refusals import TICK_SIZE, KrakenError, in_words_of_kraken, invalid
from helix_kraken.sandbox.rules import LOT_DECIMALS, PRICE_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core.sandbox import Listing
    from helix_kraken.sandbox.desk import Desk

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_CLIENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[!-~]{1,18}", re.ASCII | re.IGNORECASE)
_INT32 = range(-(2**31), 2**31)


def arguments(query: bytes, body: bytes) -> dict[str, str]:
    """What was sent as query, form or JSON, in the form's names: `close[price]`. Raises KrakenError."""
    found = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    if not body.startswith(b"{"):
        return found | dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
    try:
        sent = json.loads(body)
    except ValueError:
        raise KrakenError("EGeneral:Invalid arguments") from None
    for name, value in sent.items():
        inner = {f"{name}[{key}]": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        found |= {key: _text(part) for key, part in inner.items()}
    return found


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ",".join(str(part) for part in value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(VenueCall):
    """One call with its arguments."""

    desk: Desk
    arguments: Mapping[str, str]

    def maybe(self, name: str) -> str | None:
        """An argument; one that was sent empty counts as left out."""
        return self.arguments.get(name) or None

    def text(self, name: str) -> str:
        """An argument that must be there. Raises KrakenError."""
        value = self.maybe(name)
        if value is None:
            raise invalid(name)
        return value

    def flag(self, name: str) -> bool:
        """A truth value, false when left out. Python's True counts as true."""
        return (self.maybe(name) or "").lower() in {"true", "1"}

    def whole(self, name: str) -> int | None:
        """A whole number or None. Raises KrakenError."""
        value = self.maybe(name)
        if value is not None and not _WHOLE.fullmatch(value):
            raise invalid(name)
        return None if value is None else int(value)

    def volume(self) -> Decimal:
        """How much. Raises KrakenError for what is no number, zero, or too fine."""
        value = self._decimal("volume")
        if value == 0 or _decimals(value) > LOT_DECIMALS:
            raise invalid("volume")
        return value

    def price(self, name: str) -> Decimal:
        """An absolute price; the sandbox does not offer those relative to the market. Raises KrakenError."""
        value = self._decimal(name)
        if value == 0:
            raise KrakenError("EOrder:Invalid price:Invalid price argument")
        if _decimals(value) > PRICE_DECIMALS:
            raise KrakenError(TICK_SIZE)
        return value

    def client_id(self) -> str | None:
        """cl_ord_id: a UUID, 32 hexadecimal digits, or up to 18 visible characters. Raises KrakenError."""
        value = self.maybe("cl_ord_id")
        if value is not None and not _CLIENT_ID.fullmatch(value):
            raise invalid("cl_ord_id")
        return value

    def userref(self) -> int | None:
        """A number of 32 bits that many orders may share. Raises KrakenError."""
        value = self.whole("userref")
        if value is not None and value not in _INT32:
            raise invalid("userref")
        return value

    def time(self, name: str) -> datetime | None:
        """A moment in RFC 3339, with its offset. Raises KrakenError."""
        value = self.maybe(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise invalid(name) from None
        if moment.tzinfo is None:
            raise invalid(name)
        return moment

    def txids(self, kind: str, most: int) -> list[int]:
        """The numbers of a list of ids, at most so many; 0 stands for what is no id. Raises KrakenError."""
        wanted = self.text("txid").split(",")
        if len(wanted) > most:
            raise invalid("txid")
        return [number_of(txid.strip(), kind) or 0 for txid in wanted]

    def listing(self) -> Listing:
        """The market named by `pair`. Raises KrakenError."""
        return self.listing_of(self.text("pair"))

    def listing_of(self, name: str) -> Listing:
        """The market with this name, in any of its forms. Raises KrakenError."""
        for symbol in self.venue.symbols:
            if PairNames(symbol).include(name):
                return self.venue.listing(symbol)
        raise in_words_of_kraken(Reason.UNKNOWN_SYMBOL)

    def listings(self) -> list[Listing]:
        """The markets that `pair` names, with commas between; all of them without it. Raises KrakenError."""
        named = self.maybe("pair")
        if named is None:
            return [self.venue.listing(symbol) for symbol in self.venue.symbols]
        return [self.listing_of(name) for name in named.split(",")]

    def _decimal(self, name: str) -> Decimal:
        value = self.text(name)
        if not _DECIMAL.fullmatch(value):
            raise invalid(name)
        return Decimal(value)


def _decimals(value: Decimal) -> int:
    return len(f"{value:f}".partition(".")[2].rstrip("0"))
