"""Moving averages and RSI as TradingView computes them (`ta.ema`, `ta.rma`, `ta.rsi`), one closing price at a time."""

from __future__ import annotations

from decimal import Decimal

_ZERO, _HUNDRED = Decimal(0), Decimal(100)


class Average:
    """An exponential average with a given weight for the newest value, begun with the mean of the first `length`."""

    def __init__(self, length: int, weight: Decimal) -> None:
        """`weight` is between 0 and 1."""
        self._length, self._weight = length, weight
        self._first: list[Decimal] = []
        self._value: Decimal | None = None

    def add(self, value: Decimal) -> Decimal | None:
        """The average with `value` in it; None until there are `length` values."""
        if self._value is not None:
            self._value += self._weight * (value - self._value)
        else:
            self._first.append(value)
            if len(self._first) == self._length:
                self._value = sum(self._first, _ZERO) / self._length
        return self._value


def ema(length: int) -> Average:
    """`ta.ema`: the newest value weighs 2 / (length + 1)."""
    return Average(length, Decimal(2) / (length + 1))


def rma(length: int) -> Average:
    """`ta.rma`, Wilder's average: the newest value weighs 1 / length."""
    return Average(length, Decimal(1) / length)


class Rsi:
    """`ta.rsi`: how much of the recent movement was upwards, from 0 to 100."""

    def __init__(self, length: int) -> None:
        """`length` is the span of both Wilder averages."""
        self._ups, self._downs = rma(length), rma(length)
        self._previous: Decimal | None = None

    def add(self, value: Decimal) -> Decimal | None:
        """RSI with `value` in it; None until there are `length` changes."""
        previous, self._previous = self._previous, value
        if previous is None:
            return None
        up, down = self._ups.add(max(value - previous, _ZERO)), self._downs.add(max(previous - value, _ZERO))
        if up is None or down is None:
            return None
        return _HUNDRED if down == 0 else _HUNDRED - _HUNDRED / (1 + up / down)
