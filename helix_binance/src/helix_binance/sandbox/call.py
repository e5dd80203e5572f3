"""One call of an endpoint: its parameters, read as strictly as Binance reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from helix_binance.sandbox.refusals import BinanceError, illegal, in_words_of_binance, missing, not_required
from helix_core.sandbox import Reason, VenueCall

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from enum import Enum

    from helix_core.sandbox import Listing

Choice = TypeVar("Choice", bound="Enum")

_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_LONG = r"^[0-9]{1,20}$"
MOST_DECIMALS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(VenueCall):
    """One call with its parameters."""

    parameters: Mapping[str, str]

    @property
    def pending_until(self) -> datetime | None:
        """Until when a fault keeps the pair of an entry from the market; None: not at all."""
        return None if self.pending_s is None else self.now + timedelta(seconds=self.pending_s)

    def text(self, name: str) -> str:
        """A mandatory parameter. Raises BinanceError -1102."""
        value = self.parameters.get(name)
        if not value:
            raise missing(name)
        return value

    def maybe(self, name: str, legal_range: str | None = None) -> str | None:
        """A parameter that may be left out, but not sent empty. Raises BinanceError -1105, -1100."""
        value = self.parameters.get(name)
        if value == "":
            raise BinanceError(-1105, f"Parameter '{name}' was empty.")
        if value is not None and legal_range is not None and not re.fullmatch(legal_range, value, re.ASCII):
            raise illegal(name, legal_range)
        return value

    def client_id(self, name: str) -> str | None:
        """A client's own id."""
        return self.maybe(name, _CLIENT_ID)

    def maybe_long(self, name: str) -> int | None:
        """A whole number, or None."""
        value = self.maybe(name, _LONG)
        return None if value is None else int(value)

    def decimal(self, name: str) -> Decimal:
        """A mandatory positive decimal. Raises BinanceError -1102, -1100, -1111, -1013."""
        self.text(name)
        value = self.maybe_decimal(name)
        assert value is not None, "text() saw it"
        return value

    def maybe_decimal(self, name: str) -> Decimal | None:
        """A positive decimal, or None."""
        text = self.maybe(name, _DECIMAL)
        if text is None:
            return None
        if len(text.partition(".")[2].rstrip("0")) > MOST_DECIMALS:
            raise BinanceError(-1111, f"Parameter '{name}' has too much precision.")
        if Decimal(text) == 0:
            raise BinanceError(-1013, "Invalid price." if name.lower().endswith("price") else "Invalid quantity.")
        return Decimal(text)

    def choice(self, name: str, kind: type[Choice], error: tuple[int, str]) -> Choice:
        """A mandatory word of a list. Raises BinanceError -1102, or `error` for a word not on it."""
        value = self.text(name)
        if value not in {member.value for member in kind}:
            raise BinanceError(*error)
        return kind(value)

    def flag(self, name: str) -> bool:
        """A truth value that is false when left out."""
        return self.maybe(name, r"^(true|false)$") == "true"

    def limit(self, default: int, most: int) -> int:
        """How many entries are asked for, capped."""
        wanted = self.maybe_long("limit")
        return default if wanted is None else min(wanted, most)

    def listing(self) -> Listing:
        """The market named by `symbol`. Raises BinanceError -1102, -1121."""
        return self.listing_of(self.text("symbol"))

    def listing_of(self, native_id: str) -> Listing:
        """The market Binance calls `native_id`. Raises BinanceError -1121."""
        for symbol in self.venue.symbols:
            if self.venue.listing(symbol).market.native_id == native_id:
                return self.venue.listing(symbol)
        raise in_words_of_binance(Reason.UNKNOWN_SYMBOL)

    def forbid(self, *names: str) -> None:
        """Raise BinanceError -1106 when one of `names` was sent."""
        for name in names:
            if name in self.parameters:
                raise not_required(name)
