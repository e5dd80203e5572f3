"""The signal source itself: bytes to fields, fields to a Signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helix_core import Signal, SignalSource, SignalUnreadable
from helix_plugins.tradingview.field import READERS
from helix_plugins.tradingview.message import decode

if TYPE_CHECKING:
    from helix_core import Fields


class TradingView(SignalSource):
    """Reads alerts from TradingView, and from anything else that posts the same JSON."""

    name = "tradingview"

    def decode(self, body: bytes) -> Fields:
        """Decode an alert's message into its fields.

        It is read as TradingView renders it: where JSON wants a value, a bare scalar (`Long`,
        `2026-05-15T08:14:32Z`) is taken as text. Numbers come back as Decimal. Whatever could hide an error raises
        SignalUnreadable: NaN, a placeholder left unfilled, a name given twice, deep nesting, broken text.
        """
        return decode(body)

    def read(self, fields: Fields) -> Signal:
        """Make a signal of the fields; names Helix does not know are ignored.

        Raises one SignalUnreadable for all that is wrong: `field` is the first one, `problem` and `fix` speak of each.
        """
        values: dict[str, Any] = {}
        errors: list[SignalUnreadable] = []
        for name, reader in READERS.items():
            try:
                values[name] = reader(fields)
            except SignalUnreadable as error:
                errors.append(error)
        if errors:
            raise _together(errors)
        return Signal(**values)


def _together(errors: list[SignalUnreadable]) -> SignalUnreadable:
    problem = "; ".join(error.problem for error in errors)
    fix = " ".join(dict.fromkeys(error.fix for error in errors))
    return SignalUnreadable(errors[0].field, problem, fix)
